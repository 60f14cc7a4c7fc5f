"""A time limit over several calls: each has all of it for itself."""

import signal
import threading
import time

import pytest

from qlty.classes.integrations._guard import TimeLimit


def sleeping(seconds):
    return lambda: time.sleep(seconds)


def test_calls_that_are_quick_enough_by_themselves_all_pass():
    with TimeLimit(1.0) as limit:
        assert [limit.attempt(sleeping(0.6)) for _ in range(3)] == [None, None, None]


def test_a_call_that_hangs_after_a_slow_one_is_stopped_at_its_own_limit():
    with TimeLimit(0.5) as limit:
        assert limit.attempt(sleeping(0.3)) is None
        began = time.monotonic()
        failure = limit.attempt(sleeping(60))
    assert failure is not None
    assert failure.timed_out
    assert 0.45 < time.monotonic() - began < 30


def test_a_call_after_one_that_was_stopped_has_its_own_limit():
    with TimeLimit(0.3) as limit:
        assert limit.attempt(sleeping(60)).timed_out
        assert limit.attempt(sleeping(0.1)) is None
        assert limit.attempt(sleeping(60)).timed_out


def test_time_between_calls_does_not_count():
    with TimeLimit(0.2) as limit:
        assert limit.attempt(sleeping(0)) is None
        time.sleep(0.5)
        assert limit.attempt(sleeping(0.1)) is None


def test_a_timer_that_was_running_goes_on_with_what_it_had_left():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with TimeLimit(30) as limit:
            limit.attempt(sleeping(0.8))
        assert not rang
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 0.5
        time.sleep(0.7)
        assert rang
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_what_a_call_raises_is_its_failure(error):
    def call():
        raise error

    with TimeLimit(30) as limit:
        failure = limit.attempt(call)
    assert failure is not None
    assert type(error).__name__ in failure.cause


def test_outside_of_the_main_thread_calls_run_without_a_limit():
    outcomes = []

    def run():
        with TimeLimit(0.1) as limit:
            outcomes.append(limit.attempt(sleeping(0.3)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert outcomes == [None]
