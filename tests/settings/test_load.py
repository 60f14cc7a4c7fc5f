"""The one rule: names, precedence, types, and every problem at once."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from msgspec import Meta

from qlty.errors import SettingsError
from qlty.masking import _process
from qlty.settings import (
    IntegrationSettings,
    QltySettings,
    Secret,
    SecretUrl,
    Settings,
    Sources,
    Url,
    current,
    install,
    load,
    missing,
)


class Shop(IntegrationSettings, frozen=True, kw_only=True):
    api_key: Secret | None = None
    base_url: Url = Url("https://shop.example/")
    hook_url: SecretUrl | None = None
    project_id: Annotated[int, Meta(ge=1, examples=[7])] | None = None
    case_ids: tuple[int, ...] = ()
    labels: dict[str, str] | None = None
    live: bool = False
    ratio: float = 0.5
    mode: Literal["fast", "full"] = "fast"


class Needy(Settings, frozen=True, kw_only=True):
    api_key: Secret
    project_id: Annotated[int, Meta(ge=1, examples=[7])]


def problem(model=Shop) -> str:
    with pytest.raises(SettingsError) as caught:
        load("SHOP", model)
    return str(caught.value)


def test_defaults_stand_where_nothing_is_set(given):
    given()
    assert load("SHOP", Shop) == Shop()


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (("options", "ini", "environ", "settings_py"), "from options"),
        (("ini", "environ", "settings_py"), "from ini"),
        (("environ", "settings_py"), "from environ"),
        (("settings_py",), "from settings_py"),
    ],
)
def test_option_beats_ini_beats_environment_beats_settings_py(given, places, expected):
    spelled = {
        "options": {"shop_api_key": "from options"},
        "ini": {"shop_api_key": "from ini"},
        "environ": {"SHOP_API_KEY": "from environ"},
        "settings_py": {"SHOP": {"API_KEY": "from settings_py"}},
    }
    given(**{place: spelled[place] for place in places})
    assert load("SHOP", Shop).api_key.reveal() == expected


@pytest.mark.parametrize("empty", [None, "", "  \n"])
def test_an_empty_value_is_not_set(given, empty):
    given(
        options={"shop_project_id": empty},
        environ={"SHOP_PROJECT_ID": empty or ""},
        settings_py={"SHOP": {"PROJECT_ID": 9, "API_KEY": empty}},
    )
    settings = load("SHOP", Shop)
    assert (settings.project_id, settings.api_key) == (9, None)


def test_a_key_with_the_prefix_is_not_prefixed_twice(given):
    given(settings_py={"SHOP": {"SHOP_API_KEY": "k1"}})
    assert load("SHOP", Shop).api_key.reveal() == "k1"


def test_both_spellings_of_a_key_with_different_values_are_an_error(given):
    given(settings_py={"SHOP": {"SHOP_PROJECT_ID": 1, "PROJECT_ID": 2}})
    assert "SHOP PROJECT_ID stands twice in settings.py" in problem()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("Yes", True), ("1", True), ("ON", True), ("off", False), ("no", False)],
)
def test_booleans_are_read_from_words(given, text, expected):
    given(environ={"SHOP_LIVE": text})
    assert load("SHOP", Shop).live is expected


@pytest.mark.parametrize("raw", ["1, 2,3,", [1, 2, 3], ("1", 2, "3"), {1, 2, 3}])
def test_lists_are_comma_separated_text_or_lists(given, raw):
    given(settings_py={"SHOP": {"CASE_IDS": raw}})
    assert sorted(load("SHOP", Shop).case_ids) == [1, 2, 3]


def test_a_single_value_is_a_list_of_one(given):
    given(settings_py={"SHOP": {"CASE_IDS": 5}})
    assert load("SHOP", Shop).case_ids == (5,)


def test_a_dict_in_the_environment_is_json(given):
    given(environ={"SHOP_LABELS": '{"team": "qa"}'})
    assert load("SHOP", Shop).labels == {"team": "qa"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SHOP_PROJECT_ID": "seven"}, "'seven'; needed: a whole number of at least 1, such as 7"),
        ({"SHOP_PROJECT_ID": "0"}, "'0'; needed: a whole number of at least 1"),
        ({"SHOP_LIVE": "maybe"}, "needed: true or false"),
        ({"SHOP_MODE": "slow"}, "one of fast, full"),
        ({"SHOP_RATIO": "nan"}, "it is not finite"),
        ({"SHOP_CASE_IDS": "1,x"}, "each entry a whole number"),
        ({"SHOP_LABELS": "{oops"}, "it is not JSON"),
        ({"SHOP_LABELS": '{"a": 1}'}, "a dict (in text a JSON object)"),
        ({"SHOP_BASE_URL": "shop.example"}, "it does not begin with https://"),
        ({"SHOP_BASE_URL": "https://"}, "it names no host"),
        ({"SHOP_BASE_URL": "https://shop.example:port/"}, "port is not a number"),
        ({"SHOP_BASE_URL": "https://shop example/"}, "holds a space"),
        ({"SHOP_WHEN": "sometimes"}, "always, failure, change, success, never"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_a_right_one(given, environ, words):
    given(environ=environ)
    message = problem()
    (variable,) = environ
    assert f"environment variable {variable}" in message
    assert words in message


def test_a_missing_setting_names_every_place_that_was_looked_at(given):
    given(options={"shop_api_key": None}, ini={"shop_api_key": None}, environ={})
    message = problem(Needy)
    for place in (
        "SHOP API_KEY is not set",
        "option --shop_api_key",
        "ini key shop_api_key",
        "environment variable SHOP_API_KEY",
        "settings.py SHOP['API_KEY']",
        "SHOP_API_KEY_FILE",
    ):
        assert place in message


def test_places_that_do_not_exist_are_not_named(given):
    given()
    assert "option" not in problem(Needy)


def test_all_problems_are_in_one_message(given):
    given(environ={"SHOP_PROJECT_ID": "x", "SHOP_MODE": "y", "SHOP_LIVE": "z"})
    message = problem()
    assert message.startswith("3 settings of SHOP are wrong:")
    assert all(name in message for name in ("PROJECT_ID", "MODE", "LIVE"))


def test_settings_that_are_no_dict_are_one_problem(given):
    given(settings_py={"SHOP": "token"})
    assert problem() == (
        "SHOP in settings.py is str: a dict is needed, such as SHOP = {'KEY': 'value'}"
    )


def test_problems_of_the_group_are_reported(given):
    class Paired(Settings, frozen=True, kw_only=True):
        user: str | None = None

        def problems(self):
            return [] if self.user else [missing("SHOP", "USER")]

    given()
    assert problem(Paired).startswith("SHOP USER is not set: looked for environment variable")


FIELDS = [field.upper() for field in Shop.__struct_fields__]


@hypothesis_given(
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.text(st.characters(), max_size=30) | st.integers().map(str) | st.just("https://a\udcff"),
    )
)
def test_any_text_is_a_value_or_a_problem_that_can_be_printed(values):
    before, known = current(), set(_process._known)
    said = []
    install(
        Sources(environ={f"SHOP_{key}": text for key, text in values.items()}, warn=said.append)
    )
    try:
        shown = repr(load("SHOP", Shop))
    except SettingsError as error:
        shown = str(error)
    finally:
        install(before)
        _process._known.intersection_update(known)  # a token "0000" would mask other tests' words
    assert all(ord(char) >= 32 or char == "\n" for char in shown)
    "\n".join([shown, *said]).encode("utf-8")


class TestPlainHttp:
    @pytest.mark.parametrize(
        "url", ["http://localhost:8080", "http://127.0.0.1/", "http://127.9.9.9", "http://[::1]:1/"]
    )
    def test_is_accepted_for_this_host(self, given, url):
        given(environ={"SHOP_BASE_URL": url})
        assert load("SHOP", Shop).base_url == url

    @pytest.mark.parametrize(
        "url",
        ["http://shop.example", "http://127.0.0.1.shop.example", "http://localhost.shop.example"],
    )
    def test_is_refused_for_another_host(self, given, url):
        given(environ={"SHOP_BASE_URL": url})
        assert "SHOP BASE_URL is plain http" in problem()
        assert "SHOP_ALLOW_HTTP" in problem()

    def test_is_said_once_where_it_is_allowed(self, given, said):
        given(environ={"SHOP_BASE_URL": "http://shop.example", "SHOP_ALLOW_HTTP": "1"})
        assert load("SHOP", Shop).base_url == "http://shop.example"
        load("SHOP", Shop)
        assert said == ["SHOP BASE_URL is plain http: what is sent can be read on the way"]

    def test_counts_for_secret_addresses_too(self, given):
        given(environ={"SHOP_HOOK_URL": "http://hooks.example/T0/B0/x"})
        assert "SHOP HOOK_URL is plain http" in problem()


class TestUnknownKeys:
    def test_in_settings_py_always_warn_with_the_nearest(self, given, said):
        given(settings_py={"SHOP": {"PROJEKT_ID": 1, "QUUX": 2, "SHOP_API_KY": "k"}})
        load("SHOP", Shop)
        assert said == [
            "settings.py SHOP['PROJEKT_ID'] is not a setting of SHOP: did you mean 'PROJECT_ID'?",
            "settings.py SHOP['QUUX'] is not a setting of SHOP",
            "settings.py SHOP['SHOP_API_KY'] is not a setting of SHOP: did you mean 'API_KEY'?",
        ]

    def test_in_the_environment_warn_only_when_they_look_like_a_typo(self, given, said):
        given(environ={"SHOP_PROJET_ID": "1", "SHOP_COLOR": "red", "SHOPPING": "1"})
        load("SHOP", Shop)
        (warning,) = said
        assert warning.startswith("environment variable SHOP_PROJET_ID is not a setting of SHOP")
        assert warning.endswith("did you mean SHOP_PROJECT_ID?")

    def test_in_the_environment_are_left_alone_beside_the_right_name(self, given, said):
        given(environ={"SHOP_PROJET_ID": "1", "SHOP_PROJECT_ID": "1"})
        load("SHOP", Shop)
        assert said == []


def test_the_settings_of_qlty_have_their_documented_defaults(given):
    given()
    settings = load("QLTY", QltySettings)
    assert (settings.keep_runs, settings.delivery_timeout, settings.settings) == (
        20,
        60,
        "settings",
    )


@pytest.mark.parametrize("text", ["1e300", "1e10", "nan", "inf"])
@pytest.mark.parametrize("key", ["HOOK_TIMEOUT", "DELIVERY_TIMEOUT"])
def test_a_number_that_no_timer_takes_is_wrong(given, key, text):
    from qlty.settings import QltySettings

    given(environ={f"QLTY_{key}": text})
    with pytest.raises(SettingsError, match=f"QLTY {key} from environment variable"):
        load("QLTY", QltySettings)
