from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qlty.masking import MASK, Masker, mask
from qlty.masking._names import is_weak
from qlty.masking._process import _Environment

CANARY = "c4n4ry/S3cret+v4lue=&\"<'\\é"
STRONG = st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=8, max_size=40)
PLAIN = st.text(max_size=30)

TOKENS = [
    "xoxb-1234567890-abcdefghij",
    "xoxe.xoxp-1-Mi0yLTU2Nzg5",
    "xapp-1-A0123456789-0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghij0123456789abcdef",
    "ghs_0123456789abcdefghij0123456789abcdef",
    "github_pat_0123456789abcdefghijkl_0123456789",
    "glpat-0123456789abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
]


@pytest.fixture
def masker():
    return Masker([CANARY])


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote(CANARY),
        quote_plus(CANARY),
        quote(CANARY, safe="").replace("%2F", "%2f").replace("%2B", "%2b").lower(),
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY, ensure_ascii=False)[1:-1],
        repr(CANARY)[1:-1],
        html.escape(CANARY),
        html.escape(CANARY, quote=False),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ],
    ids=[
        "plain",
        "url",
        "path",
        "form",
        "lower",
        "ascii",
        "json",
        "repr",
        "html",
        "slack",
        "b64",
        "b64url",
    ],
)
def test_a_secret_is_found_however_it_is_written(spelling):
    # lower-case escapes belong to a secret whose own letters are lower-case
    masker = Masker([CANARY, CANARY.lower()])
    assert masker.mask(f"before {spelling} after").rstrip("=").replace("=", "") == (
        f"before {MASK} after"
    )


@given(secret=STRONG, before=PLAIN, after=PLAIN)
def test_no_known_secret_stays_in_any_text(secret, before, after):
    assume(not is_weak(secret) and secret not in before + after)
    assume(secret not in before + MASK + after)
    assert secret not in Masker([secret]).mask(before + secret + after)


@given(secret=STRONG, text=PLAIN, cut=st.integers(min_value=0))
@settings(max_examples=300)
def test_a_text_cut_at_any_point_shows_no_piece_of_eight_characters(secret, text, cut):
    # a secret that repeats itself has pieces that are pieces of other pieces
    assume(not is_weak(secret) and len(set(secret)) >= 6)
    whole = f"{text} {secret} {text}"
    at = cut % (len(whole) + 1)
    masker = Masker([secret])
    for piece in (whole[:at], whole[at:], whole[:at] + "...", "…" + whole[at:]):
        masked = masker.mask(piece)
        shown = [secret[i : i + 8] for i in range(len(secret) - 7)]
        assert not any(part in masked and part not in text for part in shown)


@given(text=st.text(), secrets=st.lists(STRONG, max_size=3))
def test_masking_twice_changes_nothing_more(text, secrets):
    assume(not any(secret in MASK * 20 for secret in secrets))
    masker = Masker(secrets)
    once = masker.mask(text + "".join(secrets))
    assert masker.mask(once) == once


@given(text=st.text())
def test_a_text_without_secrets_is_left_alone(text):
    assume("://" not in text and "uthorization" not in text)
    assert Masker(["s3cr3t-v4lue"]).mask(text) == text


@pytest.mark.parametrize("token", TOKENS)
def test_tokens_of_well_known_shapes_are_found_unasked(token):
    masked = Masker().mask(f"it said: {token}, twice")
    assert masked == f"it said: {MASK}, twice"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: {MASK}"),
        ("authorization: Bearer abc.def", f"authorization: {MASK}"),
        ("Authorization: Token token=y_NbAkKc66ryYTWUXYEu", f"Authorization: {MASK}"),
        ('{"Authorization": "Bearer abc"}', f'{{"Authorization": "{MASK}"}}'),
        ("'Authorization': 'Basic dXNlcjpwYXNz'", f"'Authorization': '{MASK}'"),
        ("curl -H 'Authorization: Bearer abc' -v", f"curl -H 'Authorization: {MASK}' -v"),
        ("https://user:pass@host/path", f"https://{MASK}@host/path"),
        (
            "https://hooks.slack.com/services/T00/B00/0123456789abcdefghijkl",
            f"https://hooks.slack.com/{MASK}",
        ),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            f"aws_secret_access_key = {MASK}",
        ),
        ("routing_key: 0123456789abcdef0123456789abcdef", f"routing_key: {MASK}"),
    ],
)
def test_what_stands_behind_a_telling_name_is_masked(text, masked):
    assert Masker().mask(text) == masked


def test_a_private_key_is_masked_whole_also_where_its_end_was_cut():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n"
    assert "MIIE" not in Masker().mask(key)
    assert "MIIE" not in Masker().mask(key + "-----END RSA PRIVATE KEY-----\nrest")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization failed",
        "the authorization: ",
        "https://host:8080/path",
        "tests/test_auth.py::test_basic[Basic auth]",
        "x[0] = eyJ",
    ],
)
def test_ordinary_text_that_looks_like_it_stays(text):
    assert Masker().mask(text) == text


@pytest.mark.parametrize(
    "nodeid",
    [
        "tests/test_login.py::TestLogin::test_test",
        "tests/test.py::test[test]",
        "test/test.py",
        "tests/test_login.py::test",
        "a-test-b",
    ],
)
def test_a_password_that_is_an_ordinary_word_leaves_ids_alone(nodeid):
    masker = Masker(["test"])
    assert masker.mask(nodeid) == nodeid
    assert masker.key("test") == "test"


@pytest.mark.parametrize("text", ["password=test", "password: test.", '"test"', "user:test@host"])
def test_a_password_that_is_an_ordinary_word_is_masked_where_it_stands_alone(text):
    assert MASK in Masker(["test"]).mask(text)


def test_variables_whose_names_say_so_are_secrets():
    environ = {
        "MY_API_TOKEN": "t0ken-of-mine",
        "DB_PASSWORD": "test",
        "APP_SECRET": "production",
        "PWD": "/home/somebody",
        "SSH_AUTH_SOCK": "/tmp/agent.sock",
        "TOKEN_FILE": "/run/secrets/token",
        "HOME": "/home/somebody",
        "COMPASSION": "unlimited-1",
    }
    masked = Masker((), environ).mask(" ".join(environ.values()))
    expected = " ".join(environ.values()).replace("t0ken-of-mine", MASK)
    assert masked == expected


def test_json_is_masked_in_every_place_and_ids_stay_identities(masker):
    value = {
        "nodeid": f"t.py::test[{CANARY}]",
        "key": "plain",
        "text": [CANARY, {"deep": f"x{CANARY}x"}],
        CANARY: 1,
        "Authorization": "anything",
        "number": 3,
        "none": None,
    }
    masked = masker.mask_json(value)
    assert CANARY not in json.dumps(masked, ensure_ascii=False)
    assert masked["nodeid"].startswith(f"t.py::test[{MASK}]#")
    assert masked["key"] == "plain"
    assert masked["text"] == [MASK, {"deep": f"x{MASK}x"}]
    assert (masked["Authorization"], masked["number"], masked["none"]) == (MASK, 3, None)


def test_two_ids_with_different_secrets_stay_two_ids():
    masker = Masker(["s3cr3t-one!", "s3cr3t-two!"])
    keys = {masker.key("t[s3cr3t-one!]"), masker.key("t[s3cr3t-two!]")}
    assert len(keys) == 2
    assert not any("s3cr3t" in key for key in keys)


@given(secret=STRONG, text=PLAIN)
def test_what_masking_would_change_is_suspected(secret, text):
    masker = Masker([secret])
    for sample in (text, text + secret, secret[:7] + "...", text + "xoxb-1234567890-abcdef"):
        if masker.mask(sample) != sample:
            assert masker.suspects(sample)


KEY = "user=alice-the-deployer\nkeyline-AAAABBBB1111\nlast"


@pytest.mark.parametrize("shown", ["E   {}", "E     + {}", "    {}\n", "{}"])
def test_the_lines_of_a_secret_are_found_each_for_itself(shown):
    text = "\n".join(shown.format(line) for line in KEY.splitlines())
    masked = Masker([KEY]).mask(text)
    assert "alice" not in masked
    assert "AAAABBBB" not in masked


def test_a_word_in_a_line_of_a_secret_stays_a_word():
    assert Masker(["first-Line-0123\nproduction\n"]).mask("in production") == "in production"


def test_a_secret_that_is_a_number_is_found():
    masker = Masker(["9182736455463728"])
    assert masker.mask_json({"n": 9182736455463728, "m": [1, 2.5, True]}) == {
        "n": MASK,
        "m": [1, 2.5, True],
    }


def test_a_secret_that_comes_into_the_environment_later_is_known_and_stays_known(monkeypatch):
    assert mask("late-Tok3n-998877") == "late-Tok3n-998877"
    monkeypatch.setenv("SHOP_SESSION_TOKEN", "late-Tok3n-998877")
    assert mask("late-Tok3n-998877") == MASK
    monkeypatch.setenv("SHOP_SESSION_TOKEN", "next-Tok3n-112233")
    assert mask("late-Tok3n-998877 next-Tok3n-112233") == f"{MASK} {MASK}"
    monkeypatch.delenv("SHOP_SESSION_TOKEN")
    assert mask("next-Tok3n-112233") == MASK


def test_tokens_that_change_with_every_test_are_forgotten_in_time(monkeypatch):
    environment = _Environment()
    for number in range(300):
        monkeypatch.setenv("SHOP_SESSION_TOKEN", f"number-{number}-Tok3n")
        assert f"number-{number}-Tok3n" in environment.secrets()
    assert len([one for one in environment.secrets() if "-Tok3n" in one]) <= 102


KEY_LIKE = "k3y-0f-Acc0unt-42"

#: what is printed, and what is left of it
ASSIGNED = {
    "API_KEY=s3cr3tvalue99": "API_KEY=***",
    "export STRIPE_KEY=rk_l1ve_0a1b2c3d4e": "export STRIPE_KEY=***",
    'password="hunter two"': 'password="hunter two"',
    'password="hunter2!"': 'password="***"',
    "{'password': 'hunter22', 'user': 'eve'}": "{'password': '***', 'user': 'eve'}",
    '{"api_key": "abcdefgh", "n": 1}': '{"api_key": "***", "n": 1}',
    '{\\"token\\": \\"abcdefgh\\"}': '{\\"token\\": \\"***\\"}',
    "db:\n  password: s3cr3tvalue\n  host: db": "db:\n  password: ***\n  host: db",
    "X-Api-Key: 0123456789abcdef": "X-Api-Key: ***",
    "Cookie: 0a1b2c3d4e5f": "Cookie: ***",
    "Config(token='abcdefgh', n=3)": "Config(token='***', n=3)",
    "GET /login?access_token=abc123def456&page=2": "GET /login?access_token=***&page=2",
    "routing key: 0123456789abcdef0123456789abcdef": "routing key: ***",
    "PAGERDUTY_ROUTING_KEY=0123456789abcdef0123456789abcdef": "PAGERDUTY_ROUTING_KEY=***",
}

#: what looks like it and is none
NOT_ASSIGNED = [
    "AUTH_SERVICE=checkout-service",
    "incident_key=qlty-be3c5c66bca806b0908206d7554e3929e1396f75",
    '{"dedup_key": "qlty-be3c5c66bca806b0908206d7554e3929"}',
    "PRIMARY_KEY=order-8f3a2c91",
    "AUTH_URL=https://login.example.com/shop",
    "TOKEN_FILE=/run/secrets/token",
    "password_reset=enabled",
    "token = make_token(user)",
    "token=token",
    "password: must be given",
    "assert token == 'abcdefgh1'",
    "KeyError: 'token'",
    "key=value",
    "monkey='banana-12345'",
    "1 passed, 2 failed",
    "passes: int = 3",
    "author='somebody-1234'",
    'QLTY key line: {"key":"qlty-0123456789abcdef","kind":"test","tests":{"0a1b2c3d":1.0}}',
]


@pytest.mark.parametrize("text", ASSIGNED)
def test_the_value_of_a_printed_assignment_is_masked(text):
    assert Masker().mask(text) == ASSIGNED[text]


@pytest.mark.parametrize("text", NOT_ASSIGNED)
def test_what_is_no_secret_stays(text):
    assert Masker().mask(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "abcdefghijklmnopqrst"),
        ("PGPASSWORD", "pg-pass-word-1"),
        ("SSHPASS", "ssh-pass-word-1"),
        ("STRIPE_KEY", "rk_l1ve_0a1b2c3d4e"),
        ("AUTH_HEADER_VALUE", "a1b2c3d4e5f6"),
        ("DATABASE_DSN", "postgres://shop:pa55word@db/shop"),
        ("SLACK_WEBHOOK_URL", "https://hooks.example.com/T0/B0/0123456789abcdef"),
        ("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("SECRET_1", "purple-monkey-dishwasher"),
    ],
)
def test_a_variable_that_holds_a_secret(name, value):
    assert Masker((), {name: value}).mask(f"it is {value}!") == f"it is {MASK}!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_SERVICE", "checkout-service"),
        ("TOKEN_ISSUER", "https://login.example.com/shop"),
        ("CREDENTIALS_FOLDER", "/var/lib/credentials"),
        ("AUTH_TOKEN_TTL", "36000000"),
        ("SECRETS_BACKEND", "vault.internal.example.com"),
        ("SORT_KEY", "created_at"),
        ("DB_PASSWORD", "/run/secrets/db-password"),
        ("COMPASS", "north-1234567"),
    ],
)
def test_a_variable_that_holds_none(name, value):
    assert Masker((), {name: value}).mask(f"it is {value}!") == f"it is {value}!"


def test_several_secrets_in_one_variable_are_each_one():
    masker = Masker((), {"API_TOKENS": "first-t0ken-11,second-t0ken-22"})
    assert masker.mask("second-t0ken-22 first-t0ken-11") == f"{MASK} {MASK}"


SHOWN = {
    "repr of bytes": lambda secret: repr(secret.encode()),
    "ascii": ascii,
    "an id of pytest": lambda secret: secret.encode("unicode_escape").decode("ascii"),
    "base64 of user:key": lambda secret: base64.b64encode(f"eve:{secret}".encode()).decode(),
    "base64 of key:user": lambda secret: base64.b64encode(f"{secret}:eve".encode()).decode(),
    "twice in an address": lambda secret: quote(quote(secret, safe=""), safe=""),
    "JSON in JSON": lambda secret: json.dumps(json.dumps([secret])),
    "JSON in an address": lambda secret: quote(json.dumps({"p": secret})),
    "base64 in base64": lambda secret: base64.b64encode(base64.b64encode(secret.encode())).decode(),
    "colours": lambda secret: f"{secret[:5]}\x1b[31m{secret[5:9]}\x1b[0m{secret[9:]}",
    "a wrapped line": lambda secret: f"E   x {secret[:7]}\nE   {secret[7:]}",
    "wrapped by pprint": lambda secret: f"['{secret[:7]}'\n 'x', '{secret[:7]}'\n '{secret[7:]}']",
}


@pytest.mark.parametrize("secret", ["pässwörd/S3cret+v4lue", KEY_LIKE])
@pytest.mark.parametrize("way", SHOWN)
def test_a_secret_is_found_however_it_is_shown(way, secret):
    masker = Masker([secret])
    shown = SHOWN[way](secret)
    masked = masker.mask(f"before {shown} after")
    assert MASK in masked
    assert secret[8:] not in masked
    assert secret[:6] not in masked or way == "wrapped by pprint"
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert masker.suspects(json.dumps([shown]))


def test_a_webhooks_address_does_not_mask_every_other_one():
    masker = Masker(["https://hooks.example.com/services/T0/B0/0123456789abcdef"])
    for text in ("see https://", "https://...", "https://hooks.example.com/", "[https:]", "https:"):
        assert masker.mask(text) == text
    assert masker.mask("POST /services/T0/B0/0123456789abcdef") == f"POST /{MASK}"


@pytest.mark.parametrize("word", ["test", "key", "line", "QLTY", "kind", "main", "high", "ci"])
def test_a_secret_that_is_an_ordinary_word_leaves_what_is_read_again(word):
    masker = Masker([word])
    line = 'QLTY key line: {"key":"k","kind":"test","scope":"main","place":"ci"}'
    assert masker.mask(f"Details of it.\n\n{line}").endswith(line)
    page = {"kind": "test", "urgency": "high", "tag": line, "class": word}
    assert masker.mask_json(page) == page


@given(st.lists(STRONG, min_size=1, max_size=4), st.integers(1, 30), st.text(max_size=20))
def test_a_secret_that_a_line_end_cuts_anywhere_is_found(secrets, at, text):
    secret = secrets[0]
    assume(not is_weak(secret) and secret not in text and len(set(secret)) >= 6)
    assume(not secret[0].isspace() and not any(char in "'\"" for char in secret))
    at = min(at, len(secret) - 1)
    masker = Masker(secrets)
    masked = masker.mask(f"{text}\n{secret[:at]}\nE   {secret[at:]}\n{text}")
    assert not (secret[:at] in masked and secret[at:] in masked.replace(text, "")) or at < 3


HUNDRED = [f"S3cret-{number:03}-{number * 7919:x}-{number * 104729:x}" for number in range(100)]


@pytest.mark.parametrize(
    "line",
    [
        "tests/test_shop.py::test_pay[card] PASSED with 12 items in 0.3 s at https://shop.test/a\n",
        "token password secret key auth: \n",
        "[[...]] S3cret- ...[S3cre t-001\n",
        "x" * 1000,
        "://a:b \x1b[31m",
    ],
    ids=["log", "names", "cuts", "one word", "addresses"],
)
def test_the_time_grows_with_the_text_alone(line):
    def cost(masker, size):
        text = line * (size // len(line)) + HUNDRED[0]
        assert HUNDRED[0] not in masker.mask(text)  # what is made at the first use is made
        return min(process_time_of(masker.mask, text) for _ in range(3))

    hundred = Masker(HUNDRED)
    small, large = cost(hundred, 250_000), cost(hundred, 2_000_000)
    assert large < 16 * small
    assert large < 4 * cost(Masker(HUNDRED[:2]), 2_000_000)


def test_what_looking_at_a_test_costs_does_not_grow_with_the_secrets():
    line = json.dumps({"nodeid": "tests/test_shop.py::test_pay[card]", "doc": "By card.\n\nPaid."})

    def cost(masker):
        assert not masker.suspects(line)
        return min(
            process_time_of(lambda: [masker.suspects(line) for _ in range(200)]) for _ in range(5)
        )

    assert cost(Masker(HUNDRED)) < 3 * cost(Masker(HUNDRED[:2]))


def process_time_of(function, *args):
    began = time.process_time()
    function(*args)
    return time.process_time() - began


@pytest.mark.parametrize(
    "value",
    [
        {"doc": f"one\n{CANARY}"},
        {"a": [{"b\n": {CANARY: 1}}]},
        {"a\n": [1, 9182736455463728]},
        {"Authorization": "any\nthing"},
        ["a\nb", f"'{CANARY[:9]}'\n '{CANARY[9:]}'"],
        ["token=ab", f"{MASK}\n", "password='hunter22'"],
    ],
)
def test_a_secret_in_any_place_of_json_is_suspected(value):
    masker = Masker([CANARY, "9182736455463728"])
    assert masker.mask_json(value) != value
    assert masker.suspects(json.dumps(value))
