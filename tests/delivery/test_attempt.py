from __future__ import annotations

import threading
import time

import pytest

from qlty.delivery import classify
from qlty.delivery._attempt import Attempt, AttemptTimeout


def watch(attempt, stop):
    while not stop.wait(0.01):
        attempt.interrupt_if_overdue()


@pytest.fixture
def attempt():
    attempt, stop = Attempt(limit=0.3), threading.Event()
    thread = threading.Thread(target=watch, args=(attempt, stop))
    thread.start()
    yield attempt
    stop.set()
    thread.join(10)


def drip(seconds):
    """Work as a client does that gets one byte after the other."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.01)
    return "whole"


def test_an_attempt_that_never_ends_is_interrupted_and_leaves_doubt(attempt):
    with pytest.raises(AttemptTimeout) as caught:
        attempt.run(lambda: drip(60))
    assert classify(caught.value).doubt == 2
    assert "no whole answer" in classify(caught.value).reason


@pytest.fixture
def clock(monkeypatch):
    """Tells the seconds that a test puts into it."""
    now = [1000.0]
    monkeypatch.setattr("qlty.delivery._attempt.clock.monotonic", lambda: now[0])
    return now


def test_every_saved_step_has_its_own_time(clock):
    attempt = Attempt(limit=10)

    def steps():
        for _ in range(4):
            clock[0] += 9
            attempt.interrupt_if_overdue()
            attempt.restart_clock()
        return "done"

    assert attempt.run(steps) == "done"


def test_a_step_that_takes_too_long_is_interrupted(clock):
    attempt = Attempt(limit=10)

    def steps():
        clock[0] += 11
        attempt.interrupt_if_overdue()
        return sum(range(1000))

    with pytest.raises(AttemptTimeout):
        attempt.run(steps)


def test_nothing_is_interrupted_between_two_attempts(clock):
    attempt = Attempt(limit=10)
    attempt.run(int)
    clock[0] += 1000
    attempt.interrupt_if_overdue()
    assert sum(range(1000)) == 499_500


def test_a_server_that_drips_does_not_hold_a_lane_for_ever(
    monkeypatch, outbox, put, deliver, remote, http_sender, impatient
):
    monkeypatch.setattr("qlty.delivery._lane.Attempt", lambda: Attempt(limit=2))

    def drips(handler, body):
        remote.effects.append(body)
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    remote.script = [drips]
    put("a")
    deliver(seconds=60, web=http_sender(remote.url))
    assert outbox.rows()[0].state == "delivered"
    assert remote.effects == ["a"]
