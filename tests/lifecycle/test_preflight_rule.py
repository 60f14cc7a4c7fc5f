"""What is asked before the tests keeps an integration out of the run only if it was answered."""

from __future__ import annotations

import time

import pytest

from qlty.classes.integrations._preflight import preflight
from qlty.errors import AnswerLost, Refused, RetryLater, SettingsError


def raising(error):
    def check():
        raise error

    return check


def ask(check, *, required=False, seconds=5.0):
    notes: list[str] = []
    preflight(check, required=required, note=notes.append, seconds=seconds)
    return notes


def test_a_check_that_finds_nothing_says_nothing():
    assert ask(lambda: None) == []


@pytest.mark.parametrize("error", [SettingsError("no key"), Refused("403")])
def test_what_the_remote_said_keeps_the_integration_out(error):
    with pytest.raises(type(error)):
        ask(raising(error))


@pytest.mark.parametrize(
    "error", [RetryLater("503"), AnswerLost("no answer"), KeyError("error"), OSError("no route")]
)
def test_what_could_not_be_asked_is_a_note(error):
    (note,) = ask(raising(error))
    assert note.startswith("not all of it was checked before the run: ")
    assert str(error) in note


@pytest.mark.parametrize("error", [RetryLater("503"), KeyError("error")])
def test_a_required_integration_cannot_do_without_an_answer(error):
    with pytest.raises(type(error)):
        ask(raising(error), required=True)


def test_a_remote_that_hangs_is_a_note_after_the_time_that_it_has():
    began = time.monotonic()
    (note,) = ask(lambda: time.sleep(60), seconds=0.3)
    assert "no answer within 0.3 s" in note
    assert time.monotonic() - began < 30


def test_a_required_remote_that_hangs_is_a_failure():
    with pytest.raises(RetryLater, match=r"no answer within 0\.3 s"):
        ask(lambda: time.sleep(60), seconds=0.3, required=True)


def test_ctrl_c_is_no_answer_of_the_remote():
    def check():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(check)
