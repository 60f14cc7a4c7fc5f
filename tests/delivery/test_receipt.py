from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.delivery import (
    Arrival,
    Line,
    Masker,
    Outbox,
    Problem,
    Receipt,
    Sent,
    receipt_of,
    render,
)
from qlty.errors import AnswerLost, Refused, RetryLater
from qlty.results import RunSummary, count

PASSED = RunSummary("success", passed=12)
HELD = "WEB_ONLY_ON is ci, and this run is not in CI"


def lines_of(receipt, verbosity=0):
    return [line.text for line in render(receipt, verbosity)]


def body_of(receipt, verbosity=0):
    """Return what is below the headline, without its indent."""
    return [text.removeprefix("  ") for text in lines_of(receipt, verbosity)[1:]]


def test_a_delivery_shows_what_arrived_and_where(outbox, put, deliver, scripted):
    put("a")
    sender = scripted(lambda job: Sent("run R7: 3 results", ("https://x/R7",), ("1 unknown case",)))
    deliver(web=sender)
    receipt = receipt_of(outbox, "run-1")
    assert body_of(receipt) == ["web: run R7: 3 results https://x/R7", "  1 unknown case"]
    assert receipt.line("web").complete


def test_equal_problems_are_told_once(outbox, put, deliver, scripted, impatient):
    def send(job):
        raise Refused("no such channel")

    for text in "abc":
        put(text)
    deliver(web=scripted(send))
    assert body_of(receipt_of(outbox, "run-1")) == [
        "web: 3 refused",
        "  refused (3 deliveries, tried once): no such channel; see 'qlty-framework outbox show 1'",
    ]


def test_several_arrivals_stand_below_each_other_and_are_all_there_with_v(
    outbox, put, deliver, scripted
):
    for number in range(7):
        put(str(number))
    deliver(web=scripted(lambda job: Sent(f"opened {job.payload['text']} {'x' * 100}")))
    receipt = receipt_of(outbox, "run-1")
    assert body_of(receipt)[:2] == ["web: 7 delivered", f"  opened 0 {'x' * 100}"]
    assert body_of(receipt)[5:] == [f"  opened 4 {'x' * 100}", "  and 2 more"]
    assert body_of(receipt, 1)[7:] == [f"  opened 6 {'x' * 100}"]


def test_long_texts_do_not_flood_the_terminal_and_the_json_has_them_whole(
    outbox, put, deliver, scripted
):
    long = "all that came\n" + "and more " * 500
    put("a")
    put("b", integration="other")

    def refuse(job):
        raise Refused(long)

    deliver(web=scripted(lambda job: Sent(long, notes=(long,) * 30)), other=scripted(refuse))
    receipt = receipt_of(outbox, "run-1", notes={"web": [long] * 30})
    texts = body_of(receipt)
    assert len(texts) == 14
    assert texts[11] == "  and 50 more notes"
    assert all(len(text) < 320 and "\n" not in text for text in texts)
    assert texts[-1].endswith("see 'qlty-framework outbox show 2'")
    web, other = receipt.to_json()["integrations"]
    assert web["notes"] == [long] * 60
    assert other["refused"][0]["reason"] == long


def test_what_waits_says_how_to_send_it(outbox, put, deliver, scripted):
    def send(job):
        raise RetryLater("HTTP 503: maintenance", after=600)

    put("a")
    deliver(web=scripted(send))
    lines = body_of(receipt_of(outbox, "run-1"))
    assert lines[0] == "web: 1 waiting"
    assert "HTTP 503: maintenance" in lines[1]
    assert "qlty-framework outbox deliver" in lines[1]


def test_what_was_given_up_or_lost_is_told_apart(outbox, put, deliver, scripted, impatient):
    def send(job):
        raise AnswerLost("silence")

    def find(job):
        raise Refused("a webhook cannot be asked")

    put("old", expires_at=time.time() - 1)
    put("gone")
    deliver(web=scripted(send, find))
    line = receipt_of(outbox, "run-1").line("web")
    assert [problem.reason for problem in line.given_up] == ["too old to be sent"]
    assert "a webhook cannot be asked" in line.lost[0].reason
    assert not line.complete


def test_what_an_earlier_run_left_and_is_too_old_now_is_told_by_the_run_that_meets_it(
    tmp_path, put, deliver, scripted
):
    with contextlib.closing(Outbox.open(tmp_path / "shared.sqlite3")) as earlier:
        put("old", outbox=earlier, run_id="run-0", expires_at=time.time() - 1)
    with contextlib.closing(Outbox.open(tmp_path / "shared.sqlite3")) as outbox:
        deliver(web=scripted(), outbox=outbox)
        receipt = receipt_of(outbox, "run-1", meanwhile=True)
        assert body_of(receipt) == [
            "web: of earlier runs",
            "  given up (1 delivery): too old to be sent; see 'qlty-framework outbox show 1'",
        ]
        assert receipt.to_json()["earlier_given_up"]["web"][0]["ids"] == (1,)
        assert receipt.line("web").complete
    with contextlib.closing(Outbox.open(tmp_path / "shared.sqlite3")) as later:
        assert render(receipt_of(later, "run-2", meanwhile=True)) == []


def test_one_word_on_an_integration_that_delivered_nothing_stands_beside_it(outbox):
    receipt = receipt_of(outbox, "run-1", integrations=["web"], notes={"web": ["held back: why"]})
    assert body_of(receipt) == ["web: held back: why"]


def test_where_no_integration_takes_part_nothing_is_said(outbox):
    assert render(receipt_of(outbox, "run-1", run=PASSED)) == []


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([Line("web")], "nothing to deliver"),
        ([Line("web", notes=(HELD,))], f"web stays silent: {HELD}"),
        (
            [Line("web", notes=(HELD,)), Line("mail", notes=(f"held back 1 failing: {HELD}",))],
            f"web stays silent: {HELD}, as does mail; -v says more",
        ),
    ],
)
def test_where_there_is_nothing_to_say_it_is_one_line_and_with_v_more(lines, text):
    receipt = Receipt("run-1", True, None, tuple(lines), run=PASSED)
    assert lines_of(receipt) == [f"run run-1: 12 passed; {text}"]
    assert len(lines_of(receipt, 1)) == len(lines) + 1
    assert render(receipt, -1) == []


def test_what_is_held_back_here_is_said_beside_what_others_delivered():
    lines = (Line("web", notes=(HELD,)), Line("mail", 1, 1, (Arrival("sent"),)), Line("idle"))
    receipt = Receipt("run-1", True, None, lines, run=PASSED)
    assert lines_of(receipt)[1:] == [f"  web: {HELD}", "  mail: sent"]
    assert lines_of(receipt, 1)[3:] == ["  idle: nothing to deliver"]


def test_q_takes_the_headline_and_qq_all_but_what_is_wrong():
    problem = Problem("no such channel", (7,), 1)
    lines = (Line("web", 1, 1, (Arrival("sent"),)), Line("mail", refused=(problem,)))
    receipt = Receipt("run-1", True, None, lines, run=PASSED)
    assert [text.partition(" ")[0] for text in lines_of(receipt, -1)] == ["web:", "mail:", ""]
    assert lines_of(receipt, -2) == lines_of(receipt, -1)[1:]


@pytest.mark.parametrize(
    ("run", "text", "style"),
    [
        (PASSED, "12 passed", "good"),
        (RunSummary("failure", 2, 10, 1, exit_status=1), "2 failed, 10 passed, 1 skipped", "bad"),
        (RunSummary("success", passed=2, flaky=1), "2 passed, 1 flaky", "good"),
        (RunSummary("success", skipped=3), "3 skipped", "poor"),
        (RunSummary("failure", passed=1, exit_status=3), "exit status 3, 1 passed", "bad"),
        (RunSummary("failure", 1, 1, cut_short=True), "cut short, 1 failed, 1 passed", "bad"),
        (RunSummary("failure", exit_status=5), "exit status 5, no test was run", "bad"),
    ],
)
def test_the_headline_says_how_the_run_went(run, text, style):
    line = Line("web", 1, 1, (Arrival("sent"),))
    headline = render(Receipt("run-1", True, None, (line,), run=run))[0]
    assert (headline.text, headline.style) == (f"run run-1: {text}", style)


def test_the_verdict_is_by_the_rule_of_all_integrations():
    totals = count({})
    assert RunSummary.of(totals, {"exit_status": 0}).outcome == "success"
    assert RunSummary.of(totals, {"exit_status": 3}).outcome == "failure"
    assert RunSummary.of(totals, {"exit_status": 0, "cut_short": True}).outcome == "failure"


def test_each_thing_that_one_delivery_made_has_its_link_beside_it(outbox, put, deliver, scripted):
    put("a")
    sent = Sent("resolved #1\nresolved #2\nresolved #3", ("https://x/1", "", "https://x/3"))
    deliver(web=scripted(lambda job: sent))
    assert body_of(receipt_of(outbox, "run-1")) == [
        "web: 1 delivered",
        "  resolved #1 https://x/1",
        "  resolved #2",
        "  resolved #3 https://x/3",
    ]


def test_no_link_is_without_a_title(outbox, put, deliver, scripted):
    put("a")
    deliver(web=scripted(lambda job: Sent("two pages", ("https://x/1", "https://x/2"))))
    assert body_of(receipt_of(outbox, "run-1"))[1:] == [
        "  two pages https://x/1",
        "  two pages https://x/2",
    ]


def test_a_sender_without_words_is_counted(outbox, put, deliver, scripted):
    for text in "ab":
        put(text)
    deliver(web=scripted(lambda job: None))
    assert body_of(receipt_of(outbox, "run-1")) == ["web: 2 delivered"]


def test_leftovers_of_earlier_runs_are_counted(outbox, put):
    put("old", run_id="run-0")
    put("new")
    assert receipt_of(outbox, "run-1").earlier == 1
    assert "1 delivery of earlier runs still waiting" in lines_of(receipt_of(outbox, "run-1"))[-1]


def test_an_outbox_that_is_not_durable_is_told_and_promises_nothing(tmp_path):
    (tmp_path / "o.sqlite3").mkdir()
    outbox = Outbox.open(tmp_path / "o.sqlite3", Masker())
    outbox.enqueue(
        integration="web",
        target="t",
        key="k",
        kind="",
        payload={},
        run_id="run-1",
        class_path=None,
    )
    lines = body_of(receipt_of(outbox, "run-1"))
    outbox.close()
    assert lines[-1].startswith("deliveries are not kept beyond this run: the outbox")
    assert not any("outbox deliver'" in line for line in lines)


def test_the_json_has_all_that_the_text_has(outbox, put, deliver, scripted):
    put("a")
    deliver(web=scripted(lambda job: Sent("one", ("https://x",))))
    facts = json.loads(json.dumps(receipt_of(outbox, "run-1", run=PASSED).to_json()))
    assert (facts["version"], facts["durable"]) == (2, True)
    assert (facts["run"]["outcome"], facts["run"]["passed"]) == ("success", 12)
    (web,) = facts["integrations"]
    assert (web["delivered"], web["complete"]) == (1, True)
    assert web["arrived"] == [{"text": "one", "link": "https://x"}]


@pytest.mark.parametrize("number", [6, 100])
def test_many_links_are_cut_with_a_count_in_the_text_alone(outbox, put, deliver, scripted, number):
    for index in range(number):
        put(str(index))
    deliver(web=scripted(lambda job: Sent(links=(f"https://x/{job.key}",))))
    receipt = receipt_of(outbox, "run-1")
    assert body_of(receipt)[-1] == f"  and {number - 5} more"
    assert len(receipt.line("web").arrived) == number


def test_a_job_that_found_nothing_to_do_is_no_delivery(outbox, put, deliver, scripted):
    put("a")
    put("b")
    words = {"a": Sent("open already: #1", counts=False), "b": Sent(counts=False)}
    deliver(web=scripted(lambda job: words[job.payload["text"]]))
    receipt = receipt_of(outbox, "run-1")
    assert body_of(receipt) == ["web: open already: #1"]
    assert (receipt.line("web").delivered, receipt.line("web").settled) == (0, 2)
    assert receipt.line("web").complete


def test_what_nobody_sends_now_is_not_left_to_be_delivered(outbox, put):
    put("a")
    put("b", target="elsewhere")
    put("c", integration="other")
    outbox.stores[0].explain("web", "elsewhere", "another target is set", elsewhere=True)
    assert (outbox.sendable(), outbox.sendable({"web"}), outbox.sendable({"mail"})) == (2, 1, 0)


words = st.text(max_size=300)
problems = st.builds(
    Problem, words, st.lists(st.integers(1, 9), min_size=1).map(tuple), st.integers(0, 3)
)
several = st.lists(problems, max_size=7).map(tuple)
lines = st.builds(
    Line,
    words,
    delivered=st.integers(0, 9),
    settled=st.integers(0, 9),
    arrived=st.lists(st.builds(Arrival, words, st.none() | words), max_size=7).map(tuple),
    waiting=several,
    refused=several,
    given_up=several,
    lost=several,
    notes=st.lists(words, max_size=12).map(tuple),
)
receipts = st.builds(
    Receipt,
    words,
    st.booleans(),
    st.none() | words,
    st.lists(lines, max_size=3).map(tuple),
    earlier=st.integers(0, 3),
    elsewhere=st.lists(st.tuples(words, st.integers(1, 3)), max_size=2).map(tuple),
    run=st.none() | st.builds(RunSummary, st.sampled_from(["success", "failure"])),
)


@given(receipts)
def test_another_process_reads_the_same_receipt(receipt):
    assert Receipt.from_json(json.loads(json.dumps(receipt.to_json()))) == receipt


@given(receipts)
def test_the_louder_the_more_and_what_is_wrong_is_said_however_quiet(receipt):
    quiet, short, normal, all_of_it = (len(render(receipt, level)) for level in (-2, -1, 0, 1))
    assert quiet <= short <= normal <= all_of_it
    assert quiet or all(line.complete for line in receipt.lines)
