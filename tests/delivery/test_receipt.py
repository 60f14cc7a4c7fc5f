from __future__ import annotations

import contextlib
import json
import time

import pytest

from qlty.delivery import Masker, Outbox, Sent, receipt_of
from qlty.errors import AnswerLost, Refused, RetryLater


def test_a_delivery_shows_what_arrived_and_where(outbox, put, deliver, scripted):
    put("a")
    sender = scripted(lambda job: Sent("run R7: 3 results", ("https://x/R7",), ("1 unknown case",)))
    deliver(web=sender)
    receipt = receipt_of(outbox, "run-1")
    assert receipt.render() == [
        "web: delivered 1 (run R7: 3 results)",
        "  https://x/R7",
        "  1 unknown case",
    ]
    assert receipt.line("web").complete


def test_equal_problems_are_told_once(outbox, put, deliver, scripted, impatient):
    def send(job):
        raise Refused("no such channel")

    for text in "abc":
        put(text)
    deliver(web=scripted(send))
    assert receipt_of(outbox, "run-1").render() == [
        "web: refused 3",
        "  refused (3 deliveries, tried once): no such channel; see 'qlty-framework outbox show 1'",
    ]


def test_several_long_texts_stand_below_each_other(outbox, put, deliver, scripted):
    for number in range(7):
        put(str(number))
    deliver(web=scripted(lambda job: Sent(f"opened {job.payload['text']} {'x' * 100}")))
    lines = receipt_of(outbox, "run-1").render()
    assert lines[:2] == ["web: delivered 7", f"  opened 0 {'x' * 100}"]
    assert lines[5:] == [f"  opened 4 {'x' * 100}", "  and 2 more like these"]


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
    texts = receipt.render()
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
    lines = receipt_of(outbox, "run-1").render()
    assert lines[0] == "web: waiting 1"
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
        assert receipt.render() == [
            "web: of earlier runs",
            "  given up (1 delivery): too old to be sent; see 'qlty-framework outbox show 1'",
        ]
        assert receipt.to_json()["earlier_given_up"]["web"][0]["ids"] == (1,)
        assert receipt.line("web").complete
    with contextlib.closing(Outbox.open(tmp_path / "shared.sqlite3")) as later:
        assert receipt_of(later, "run-2", meanwhile=True).render() == ["nothing to deliver"]


def test_an_integration_that_delivered_nothing_is_told_too(outbox):
    receipt = receipt_of(outbox, "run-1", integrations=["web"], notes={"web": ["held back: why"]})
    assert receipt.render() == ["web: nothing to deliver", "  held back: why"]


def test_a_receipt_is_never_silent(outbox):
    assert receipt_of(outbox, "run-1").render() == ["nothing to deliver"]


def test_leftovers_of_earlier_runs_are_counted(outbox, put):
    put("old", run_id="run-0")
    put("new")
    assert receipt_of(outbox, "run-1").earlier == 1
    assert "1 delivery of earlier runs still waiting" in receipt_of(outbox, "run-1").render()[-1]


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
    lines = receipt_of(outbox, "run-1").render()
    outbox.close()
    assert lines[-1].startswith("deliveries are not kept beyond this run: the outbox")
    assert not any("outbox deliver'" in line for line in lines)


def test_the_json_has_all_that_the_text_has(outbox, put, deliver, scripted):
    put("a")
    deliver(web=scripted(lambda job: Sent("one", ("https://x",))))
    facts = json.loads(json.dumps(receipt_of(outbox, "run-1").to_json()))
    assert facts["version"] == 1
    assert facts["durable"]
    (web,) = facts["integrations"]
    assert (web["delivered"], web["links"], web["complete"]) == (1, ["https://x"], True)


@pytest.mark.parametrize("number", [6, 100])
def test_many_links_are_cut_with_a_count_in_the_text_alone(outbox, put, deliver, scripted, number):
    for index in range(number):
        put(str(index))
    deliver(web=scripted(lambda job: Sent(links=(f"https://x/{job.key}",))))
    receipt = receipt_of(outbox, "run-1")
    assert f"  and {number - 5} more links" in receipt.render()
    assert len(receipt.line("web").links) == number


def test_a_job_that_found_nothing_to_do_is_no_delivery(outbox, put, deliver, scripted):
    put("a")
    put("b")
    words = {"a": Sent("open already: #1", counts=False), "b": Sent(counts=False)}
    deliver(web=scripted(lambda job: words[job.payload["text"]]))
    receipt = receipt_of(outbox, "run-1")
    assert receipt.render() == ["web: open already: #1"]
    assert receipt.line("web").delivered == 0
    assert receipt.line("web").complete
