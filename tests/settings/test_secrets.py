"""A secret shows itself to ``reveal`` and to nothing else."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from qlty.errors import SettingsError
from qlty.masking import known_secrets
from qlty.settings import IntegrationSettings, Secret, SecretUrl, Url, load

TOKEN = "xoxb-sandbox-settings-secret"


class Vault(IntegrationSettings, frozen=True, kw_only=True):
    token: Secret | None = None
    hook_url: SecretUrl | None = None
    number: int = 0
    names: dict[str, int] | None = None
    url: Url = Url("https://vault.example/")


def problem() -> str:
    with pytest.raises(SettingsError) as caught:
        load("VAULT", Vault)
    return f"{caught.value} {caught.value!r} {caught.value.__cause__}"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>30}".format, lambda s: f"{s!r}"])
def test_every_way_of_printing_gives_stars(show):
    assert show(Secret(TOKEN)).strip() == "***"


def test_settings_that_hold_one_print_stars(given):
    given(environ={"VAULT_TOKEN": TOKEN})
    assert TOKEN not in repr(load("VAULT", Vault))


@pytest.mark.parametrize("save", [pickle.dumps, json.dumps, msgspec.json.encode])
def test_it_cannot_be_written_away(save):
    with pytest.raises(TypeError):
        save(Secret(TOKEN))


def test_a_copy_is_the_same_secret():
    secret = Secret(TOKEN)
    assert copy.copy(secret) is copy.deepcopy(secret) is secret


def test_sources_with_a_secret_do_not_print_it():
    from qlty.settings import Sources

    shown = repr(Sources(options={"vault_token": TOKEN}, environ={"VAULT_TOKEN": TOKEN}))
    assert TOKEN not in shown


def test_equal_values_are_equal_secrets():
    assert {Secret(TOKEN), Secret(TOKEN)} == {Secret(TOKEN)}
    assert Secret(TOKEN) != TOKEN


def test_settings_py_may_hold_a_secret_itself(given):
    given(settings_py={"VAULT": {"TOKEN": Secret(TOKEN)}})
    assert load("VAULT", Vault).token == Secret(TOKEN)


def test_loaded_values_are_known_for_masking(given):
    given(environ={"VAULT_TOKEN": "known-after-loading"})
    load("VAULT", Vault)
    assert "known-after-loading" in known_secrets()


@pytest.mark.parametrize(
    "raw", [f"{TOKEN}\nsecond line", f"{TOKEN}\udcff", 12345678, {"a": TOKEN}, [TOKEN]]
)
def test_a_wrong_secret_is_named_without_its_value(given, raw):
    given(settings_py={"VAULT": {"TOKEN": raw}})
    message = problem()
    assert "VAULT TOKEN from settings.py VAULT['TOKEN']" in message
    assert TOKEN not in message
    assert "12345678" not in message


def test_a_wrong_secret_address_is_named_without_its_value(given):
    given(environ={"VAULT_HOOK_URL": "hooks.example/services/T0/B0/topsecret"})
    message = problem()
    assert "VAULT HOOK_URL" in message
    assert "topsecret" not in message


@pytest.mark.parametrize("variable", ["VAULT_NUMBER", "VAULT_URL", "VAULT_NAMES", "VAULT_WHEN"])
@pytest.mark.parametrize("token", [TOKEN, "back\\slash'and quote", f"{'long' * 20}-tail"])
def test_a_secret_in_the_place_of_another_setting_is_masked(given, variable, token):
    given(environ={"VAULT_TOKEN": token, variable: token})
    message = problem()
    assert token not in message
    assert repr(token)[1:20] not in message


@pytest.mark.parametrize(
    "url",
    ["https://user:hunter2@vault.example/", "https://u:a/hunter2@b/", "ftp://x/?key=hunter2"],
)
def test_credentials_in_an_address_are_refused_and_not_shown(given, url):
    given(environ={"VAULT_URL": url})
    assert "hunter2" not in problem()


@hypothesis_given(
    st.text(alphabet=st.characters(min_codepoint=33), max_size=80).map("\xa7{}".format)
)
def test_no_text_is_repeated_by_an_error_about_a_secret(text):
    from types import ModuleType

    from qlty import settings
    from qlty.settings import Sources

    before = settings.current()
    module = ModuleType("settings")
    module.VAULT = {"TOKEN": [text], "HOOK_URL": text, "NUMBER": {"x": text}}
    settings.install(Sources(environ={}, module=module, warn=lambda _: None))
    try:
        assert text not in problem()
    finally:
        settings.install(before)


class TestSecretFiles:
    def test_a_file_is_read_without_its_last_line_end(self, given, tmp_path):
        (tmp_path / "token").write_text(TOKEN + "\n")
        given(environ={"VAULT_TOKEN_FILE": str(tmp_path / "token")})
        assert load("VAULT", Vault).token.reveal() == TOKEN

    def test_a_file_may_be_named_in_settings_py(self, given, tmp_path, said):
        (tmp_path / "token").write_text(TOKEN)
        given(settings_py={"VAULT": {"TOKEN_FILE": tmp_path / "token"}})
        assert load("VAULT", Vault).token.reveal() == TOKEN
        assert said == []

    def test_value_and_file_together_are_an_error(self, given, tmp_path):
        given(environ={"VAULT_TOKEN": TOKEN, "VAULT_TOKEN_FILE": str(tmp_path / "token")})
        message = problem()
        assert "VAULT TOKEN is given twice" in message
        assert TOKEN not in message

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda path: None, "No such file"),
            (lambda path: path.mkdir(), "Is a directory"),
            (lambda path: path.write_text("\n"), "is empty"),
            (lambda path: path.write_bytes(b"\xff\xfe\x00"), "UnicodeDecodeError"),
            (lambda path: path.write_text("x" * 70000), "too large for a secret"),
        ],
    )
    def test_a_bad_file_is_named_with_the_cause(self, given, tmp_path, make, words):
        path = tmp_path / "token"
        make(path)
        given(environ={"VAULT_TOKEN_FILE": str(path)})
        message = problem()
        assert str(path) in message
        assert "VAULT_TOKEN_FILE" in message
        assert words in message
