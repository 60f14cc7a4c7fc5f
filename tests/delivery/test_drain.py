from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from qlty.delivery import Drainer, Masker, Outbox, Sent, receipt_of
from qlty.delivery._render import render
from qlty.errors import AnswerLost, Refused, RetryLater

pytestmark = pytest.mark.usefixtures("impatient")


def states(outbox):
    return [row.state for row in outbox.rows()]


def test_what_is_enqueued_arrives_in_order(outbox, put, deliver, remote, http_sender):
    for text in "abcdef":
        put(text)
    deliver(web=http_sender(remote.url))
    assert remote.effects == list("abcdef")
    assert states(outbox) == ["delivered"] * 6


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_that_asks_to_come_back_is_tried_again(
    outbox, put, deliver, remote, http_sender, status
):
    remote.script = [status, status]
    put("a")
    deliver(web=http_sender(remote.url))
    assert remote.effects == ["a"]
    assert outbox.rows()[0].attempts == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413])
def test_a_status_that_says_no_is_refused_at_once(
    outbox, put, deliver, remote, http_sender, status
):
    remote.script = [(status, {}, '{"error": "the server\'s own words"}')]
    put("a")
    deliver(web=http_sender(remote.url))
    row = outbox.rows()[0]
    assert (row.state, row.attempts) == ("refused", 1)
    assert row.reason == f"HTTP {status}: the server's own words"


def test_one_refused_does_not_keep_the_next_from_arriving(put, deliver, remote, http_sender):
    remote.script = [400]
    put("a")
    put("b")
    deliver(web=http_sender(remote.url))
    assert remote.effects == ["b"]


def test_a_lost_answer_is_asked_for_and_not_sent_again(outbox, put, deliver, remote, http_sender):
    remote.script = [remote.lose_answer]
    sender = http_sender(remote.url)
    put("a")
    deliver(web=sender)
    assert remote.effects == ["a"]
    assert remote.requests == ["a"]
    assert sender.asked == ["key-a"]
    assert states(outbox) == ["delivered"]


def test_a_lost_request_is_asked_for_and_sent_again(put, deliver, remote, http_sender):
    remote.script = [remote.lose_request]
    put("a")
    deliver(web=http_sender(remote.url))
    assert remote.effects == ["a"]
    assert remote.requests == ["a", "a"]


def test_a_lost_answer_that_cannot_be_asked_for_is_lost_and_said(outbox, put, deliver, scripted):
    def send(job):
        raise AnswerLost("no answer in 10 s")

    def find(job):
        raise Refused("a webhook cannot be asked")

    put("a")
    deliver(web=scripted(send, find))
    row = outbox.rows()[0]
    assert row.state == "lost"
    assert "a webhook cannot be asked" in row.reason
    assert "no answer in 10 s" in row.reason


def test_a_server_error_is_sent_again_where_the_remote_cannot_be_asked(
    put, deliver, remote, http_sender
):
    sender = http_sender(remote.url)

    def cannot(job):
        raise Refused("a webhook cannot be asked")

    sender.find = cannot
    remote.script = [500]
    put("a")
    deliver(web=sender)
    assert remote.effects == ["a"]


def test_words_that_no_terminal_can_show_are_stored_readable(
    outbox, put, deliver, remote, http_sender
):
    remote.script = [(400, {}, r'{"error": "no \ud800 such \u001b[31mchannel"}')]
    put("a")
    deliver(web=http_sender(remote.url))
    row = outbox.rows()[0]
    assert (row.state, row.reason) == ("refused", r"HTTP 400: no \ud800 such channel")


def test_a_sender_that_says_what_no_terminal_can_show_has_delivered(outbox, put, deliver, scripted):
    put("a")
    deliver(web=scripted(lambda job: Sent("\ud800\x1b[31mrun 7")))
    assert outbox.rows()[0].sent == Sent(r"\ud800run 7")


def test_a_setup_that_fails_with_odd_words_does_not_end_the_drain(outbox, put, deliver, scripted):
    put("a")
    put("b", integration="other")
    deliver(web=ValueError("\ud800"), other=scripted())
    assert states(outbox) == ["waiting", "delivered"]


def test_what_nobody_listens_to_waits(outbox, put, deliver, http_sender, monkeypatch):
    # the pause after the first failure is longer than any drain: that failure ends it
    monkeypatch.setattr("qlty.delivery._lane.backoff", lambda attempt: 3600.0)
    put("a")
    deliver(seconds=60, web=http_sender("http://127.0.0.1:9"))
    row = outbox.rows()[0]
    assert (row.state, row.attempts, row.doubt) == ("waiting", 1, 0)
    assert "refused" in row.reason.lower()


def test_a_wait_beyond_the_deadline_ends_the_drain_at_once(
    outbox, put, deliver, remote, http_sender
):
    remote.script = [(429, {"Retry-After": "600"}, "{}")]
    put("a")
    started = time.monotonic()
    deliver(seconds=60, web=http_sender(remote.url))
    assert time.monotonic() - started < 30
    row = outbox.rows()[0]
    assert row.state == "waiting"
    assert row.due_at - time.time() > 500


def test_a_server_that_never_answers_does_not_outlast_the_deadline(
    outbox, put, remote, http_sender
):
    hung = threading.Event()
    remote.script = [lambda handler, body: hung.wait(600)]
    put("a")
    team = SimpleNamespace(get=lambda *_: http_sender(remote.url, timeout=600))
    drainer = Drainer(outbox, team, deadline=float("inf"))
    thread = threading.Thread(target=drainer.run, args=(threading.Event(),))
    thread.start()
    while not remote.requests:
        time.sleep(0.01)
    drainer.deadline = time.monotonic()
    thread.join(60)
    assert not thread.is_alive()
    hung.set()
    assert states(outbox) == ["sending"]
    lines = render(receipt_of(outbox, "run-1"), 0)
    assert "no answer yet" in "\n".join(line.text for line in lines)


def test_a_lane_that_hangs_does_not_hold_up_another(put, deliver, scripted, remote, http_sender):
    arrived = threading.Event()
    waited = []
    remote.script = [lambda handler, body: (arrived.set(), handler.answer(200))]
    put("slow", integration="slow")
    put("a")
    slow = scripted(lambda job: waited.append(arrived.wait(60)))
    deliver(seconds=120, slow=slow, web=http_sender(remote.url))
    assert waited == [True]


def test_a_job_of_several_steps_continues_behind_its_last_answer(outbox, put, deliver, scripted):
    steps = []

    def send(job):
        if "run" not in job.checkpoint:
            steps.append("create")
            job.save(run=7)
            raise RetryLater("busy")
        steps.append(f"results for {job.checkpoint['run']}")
        return Sent("all")

    delivery = put("a")
    deliver(web=scripted(send))
    assert steps == ["create", "results for 7"]
    assert delivery.wait_for("run", timeout=0) == 7


def test_wait_for_sees_a_step_before_the_job_is_over(put, deliver, scripted):
    go_on = threading.Event()

    def send(job):
        job.save(run=7)
        go_on.wait(30)

    delivery = put("a")
    thread = threading.Thread(target=deliver, kwargs={"web": scripted(send)})
    thread.start()
    assert delivery.wait_for("run", timeout=20) == 7
    assert delivery.state == "sending"
    go_on.set()
    thread.join(20)
    assert delivery.state == "delivered"


def test_leftovers_of_another_target_stay_and_say_so(outbox, put, deliver, scripted):
    put("a", target="sandbox")
    sender = scripted(target="production")
    deliver(web=sender)
    assert sender.sent == []
    assert outbox.rows()[0].reason == "this is for sandbox; web is now set up for production"


def test_a_sender_that_cannot_be_built_is_the_reason_to_wait(outbox, put, deliver):
    put("a")
    deliver(web=ValueError("WEB API_KEY is missing"))
    row = outbox.rows()[0]
    assert (row.state, row.attempts) == ("waiting", 0)
    assert "WEB API_KEY is missing" in row.reason


def test_only_the_named_integrations_are_sent(outbox, put, deliver, scripted):
    put("a")
    put("b", integration="other")
    deliver(integrations={"other"}, web=scripted(), other=scripted())
    assert states(outbox) == ["waiting", "delivered"]


def test_a_mistake_in_the_sender_is_refused_with_its_type(outbox, put, deliver, scripted):
    put("a")
    deliver(web=scripted(lambda job: {}["ts"]))
    assert outbox.rows()[0].reason == "the integration raised KeyError: 'ts'"


def test_what_is_too_old_is_given_up_and_never_sent(outbox, put, deliver, scripted):
    sender = scripted()
    put("a", expires_at=time.time() - 1)
    deliver(web=sender)
    assert sender.sent == []
    assert outbox.rows()[0].state == "given_up"


def test_what_is_not_due_yet_does_not_hold_up_the_next(put, deliver, scripted):
    sender = scripted()
    put("later", not_before=time.time() + 600)
    put("a")
    deliver(web=sender)
    assert sender.sent == ["a"]


def test_a_newer_state_is_given_the_checkpoint_of_the_older(put, deliver, scripted):
    seen = []

    def send(job):
        seen.append(dict(job.checkpoint))
        job.save(ts="1.2")

    put("a", payload={"text": "old"})
    deliver(web=scripted(send))
    put("a", payload={"text": "new"}, supersedes=True)
    deliver(web=scripted(send))
    assert seen == [{}, {"ts": "1.2"}]


def test_after_ten_failures_a_delivery_lets_the_next_ones_pass(outbox, put, deliver, scripted):
    def send(job):
        if job.payload["text"] == "poison":
            raise RetryLater("always", after=0.0 if job.attempt < 10 else 600.0)

    put("poison")
    put("a")
    deliver(web=scripted(send))
    assert states(outbox) == ["waiting", "delivered"]


def test_a_dead_sender_frees_its_row_and_the_remote_is_asked(outbox, put, deliver, scripted):
    put("a")
    # the name of a process that has ended: this one, started at another time
    from qlty.delivery._process import identity

    gone = identity().rpartition("|")[0] + "|1|lane"
    outbox.stores[0].lease("web", "remote", gone)
    sender = scripted(find=lambda job: Sent("found"))
    deliver(web=sender)
    assert (sender.asked, sender.sent) == (["a"], [])
    assert states(outbox) == ["delivered"]


def test_a_living_sender_keeps_its_row(outbox, put, deliver, scripted):
    put("a")
    from qlty.delivery._process import identity

    outbox.stores[0].lease("web", "remote", f"{identity()}|other")
    sender = scripted()
    deliver(seconds=0.5, web=sender)
    assert sender.sent == []


def test_a_clock_that_was_set_back_does_not_hold_up_a_delivery(outbox, put, deliver, scripted):
    put("a")
    tomorrow = time.time() + 86400
    outbox.stores[0]._execute(
        "UPDATE delivery SET written_at = ?, due_at = ?", [tomorrow, tomorrow + 1]
    )
    sender = scripted()
    deliver(web=sender)
    assert sender.sent == ["a"]


def test_an_outbox_in_memory_delivers_too(deliver, put, remote, http_sender, scripted):
    memory = Outbox.open(None, Masker())
    memory.enqueue(
        integration="web",
        target="remote",
        key="k",
        kind="",
        payload={"text": "a"},
        run_id="r",
        class_path=None,
    )
    deliver(outbox=memory, web=http_sender(remote.url))
    assert remote.effects == ["a"]
    memory.close()


def test_errors_are_masked_before_they_are_stored(tmp_path, deliver, scripted):
    outbox = Outbox.open(tmp_path / "masked.sqlite3", Masker(["s3cr3t-v4lue"]))
    outbox.enqueue(
        integration="web",
        target="remote",
        key="k",
        kind="",
        payload={"text": "a"},
        run_id="r",
        class_path=None,
    )

    def send(job):
        raise Refused("the token s3cr3t-v4lue is not welcome")

    deliver(outbox=outbox, web=scripted(send))
    assert outbox.rows()[0].reason == "the token *** is not welcome"
    outbox.close()


def test_progress_is_told_while_it_takes_long(outbox, put, scripted):
    from qlty.delivery import drain

    class Team:
        def get(self, integration, class_path):
            return scripted(lambda job: time.sleep(1.5))

    told = []
    put("a")
    drain(outbox, Team(), deadline=time.monotonic() + 30, progress=told.append)
    assert 1 in told


def test_a_full_disk_while_settling_ends_the_lane_and_is_said(outbox, put, deliver, scripted):
    def send(job):
        outbox.stores[0]._execute("PRAGMA query_only = ON", [])

    put("a")
    deliver(web=scripted(send))
    assert "readonly" in outbox.trouble
