"""Any run, whatever its tests print, gives messages that Slack takes."""

from __future__ import annotations

import json
import random
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlty.classes.integrations._slack import limits, message
from qlty.classes.integrations._slack.live import Live
from qlty.classes.integrations._slack.report import Extras, build

NASTY = [
    "&",
    "<",
    ">",
    "`",
    "```",
    "|",
    "\n",
    "\x1b[31m",
    "\x00",
    "\ud800",
    "e\u0301",
    "👩‍👩‍👧",
    "*_~",
]
TEXT = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=()), max_size=40),
    st.lists(st.sampled_from(NASTY), max_size=12).map("".join),
    st.builds(
        lambda part, times: part * times, st.sampled_from([*NASTY, "E   x\n"]), st.integers(0, 9000)
    ),
)
OUTCOMES = st.sampled_from(["passed", "failed", "error", "skipped", "xfailed"])
TESTS = st.lists(st.tuples(TEXT, OUTCOMES, TEXT, st.booleans()), max_size=120)
RUNS = st.fixed_dictionaries(
    {},
    optional={
        "project": TEXT,
        "environment": TEXT,
        "platform": TEXT,
        "branch": TEXT,
        "commit": TEXT,
        "id": TEXT,
        "ci": TEXT,
        "ci_url": st.one_of(st.just("https://ci.test/"), TEXT.map("https://ci.test/{}".format)),
        "exit_status": st.integers(0, 5),
        "cut_short": st.booleans(),
    },
)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "testrail_run_id": st.integers(),
        "testrail_run_url": TEXT.map("https://testrail.test/{}".format),
        "pagerduty_incidents": st.lists(
            st.fixed_dictionaries({"title": TEXT, "url": TEXT.map("https://pd.test/{}".format)}),
            max_size=15,
        ),
    },
)


def report_of(make, tests, run, context, before=None):
    results = [
        make.result(f"t.py::test_{n}[{name}]", outcome, text, flaky=flaky)
        for n, (name, outcome, text, flaky) in enumerate(tests)
    ]
    extras = Extras(context=context, mentions=("U0AMINA01", "S0ONCALL1"), broken_before=before)
    return build(make.results(*results), run, 1.5, extras)


def messages_of(report):
    return [
        message.parent(report),
        *message.replies(report, notify=True),
        message.single(report),
        message.progress(report),
        message.with_link(message.parent(report), "https://testrail.test/1", "TestRail run 1"),
    ]


def body_of(one):
    metadata = {"event_type": "qlty_run", "event_payload": {"key": "k", "part": "parent"}}
    return {"channel": "C0SANDBOX", **one, "metadata": metadata, "unfurl_links": False}


@pytest.fixture(scope="module")
def check_body(contract):
    """Validate the body of a call against Slack's contract."""
    import jsonschema

    def check(method, body):
        post = contract["paths"][f"/{method}"]["post"]
        schema = post["requestBody"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": contract["components"]}
        jsonschema.Draft202012Validator(whole).validate(body)

    return check


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tests=TESTS, run=RUNS, context=CONTEXTS)
def test_slacks_limits_hold(make, tests, run, context):
    for one in messages_of(report_of(make, tests, run, context)):
        assert 1 <= len(one["text"]) <= 4000
        assert 1 <= len(one["blocks"]) <= limits.BLOCKS
        assert message.size(one["blocks"]) <= 13_000
        json.dumps(one, ensure_ascii=False).encode("utf-8")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tests=TESTS, run=RUNS, context=CONTEXTS)
def test_slacks_contract_takes_it(make, check_body, tests, run, context):
    for one in messages_of(report_of(make, tests, run, context)):
        check_body("chat.postMessage", body_of(one))
        check_body("chat.update", {"channel": "C0SANDBOX", "ts": "1.000001", **one})


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(tests=TESTS, run=RUNS, context=CONTEXTS)
def test_the_sandbox_takes_it(make, sandbox, tests, run, context):
    from qlty.classes.integrations._slack.client import Bot, post_to_webhook

    bot = Bot(sandbox.env["SLACK_AUTH_TOKEN"], sandbox.env["SLACK_API_URL"])
    for one in messages_of(report_of(make, tests, run, context)):
        answer = bot.call("chat.postMessage", body_of(one))
        bot.call("chat.update", {"channel": answer["channel"], "ts": answer["ts"], **one})
        post_to_webhook(sandbox.more["SLACK_WEBHOOK_URL"], one)


@pytest.mark.parametrize("count", [0, 1, 49, 1_000, 100_000])
def test_any_number_of_failures_is_one_message_and_few_replies(make, check_body, count):
    words = random.Random(7)
    tests = [
        ("x" * 50, "failed", f"E   {''.join(words.choices(string.ascii_letters, k=30))}", False)
        for _ in range(count)
    ]
    report = report_of(make, tests, {}, {})
    replies = message.replies(report)
    assert len(replies) <= message.REPLIES
    for one in messages_of(report):
        check_body("chat.postMessage", body_of(one))


def test_what_has_no_room_is_counted_and_said_where_to_find(make):
    tests = [
        ("n", "failed", f"E   {chr(65 + n // 26)}{chr(65 + n % 26)}rror", False) for n in range(600)
    ]
    report = report_of(make, tests, {"ci_url": "https://ci.test/job/7"}, {})
    replies = message.replies(report)
    shown = sum(len(reply["blocks"]) for reply in replies) - 1
    last = replies[-1]["blocks"][-1]["text"]["text"]
    assert last == f"*+{600 - shown} more failures* in <https://ci.test/job/7|CI job>"


def test_the_state_of_a_live_run_of_any_size_fits(make, check_body):
    live = Live()
    for n in range(20_000):
        live.add(make.failed(f"t.py::test_{n}") if n % 2 else make.result(f"t.py::test_{n}"))
    one = message.progress(live.report({"project": "shop"}))
    check_body("chat.update", {"channel": "C0SANDBOX", "ts": "1.000001", **one})
    assert "20000 tests so far" in one["text"]
