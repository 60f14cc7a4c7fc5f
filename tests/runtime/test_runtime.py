"""The clock, the fork count and the log are what they were, whatever a test does."""

import logging
import logging.config
import os
import time

import pytest
from freezegun import freeze_time

from qlty.runtime import Owner, clock, contained, logger


@pytest.fixture
def shown():
    lines = []
    logger.show, logger.mask = lines.append, lambda text: text.replace("hunter2", "***")
    yield lines
    logger.show = logger.mask = None


def test_the_clock_goes_on_while_the_suites_is_frozen():
    with freeze_time("2001-02-03"):
        assert time.time() < 1e9
        first = clock.monotonic()
        assert clock.now() > 1.7e9
        assert clock.utc_now().year > 2020
        while clock.monotonic() == first:
            pass
    assert abs(clock.now() - time.time()) < 5


def test_a_forked_child_is_another_process_whatever_getpid_says(monkeypatch):
    owner = Owner()
    monkeypatch.setattr(os, "getpid", lambda: 42)
    assert owner.is_here
    child = os.fork()
    if not child:
        os._exit(int(not owner.is_here and Owner().is_here))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def disable_all():
    logging.disable(logging.CRITICAL)


def configure():
    logging.config.dictConfig({"version": 1})


def clear_handlers():
    logging.getLogger("qlty").handlers.clear()


@pytest.fixture
def restored():
    own = logging.getLogger("qlty")
    root, state = logging.getLogger(), (own.handlers[:], own.disabled, own.filters[:])
    before = root.handlers[:], root.filters[:], root.level
    yield
    logging.disable(logging.NOTSET)
    own.handlers[:], own.disabled, own.filters[:] = state
    root.handlers[:], root.filters[:], root.level = before


@pytest.mark.parametrize("suite", [disable_all, configure, clear_handlers])
def test_a_person_reads_it_whatever_a_suite_does_to_logging(shown, restored, suite):
    suite()
    logger.warning("password %s, 100%% sure", "hunter2")
    assert shown == ["qlty: password ***, 100% sure"]


class Broken(logging.Handler):
    def emit(self, record):
        raise ValueError("no disk")


def test_a_handler_or_filter_that_raises_reaches_nobody(shown, restored):
    logging.getLogger().addHandler(Broken())
    logging.getLogger("qlty").addFilter(lambda record: 1 / 0)
    logger.info("said")
    logger.error("100%")
    assert shown == ["qlty: said", "qlty: 100%"]


def test_a_terminal_that_is_gone_reaches_nobody_and_the_projects_log_still_has_it(shown, caplog):
    logger.show = lambda text: 1 / 0
    logger.warning("kept, hunter2")
    assert caplog.messages == ["kept, ***"]


def test_what_is_contained_is_told_once_even_where_logging_is_broken(shown, restored):
    logging.getLogger().addHandler(Broken())

    class Recording:
        @contained
        def record(self):
            raise ValueError("our own mistake")

    recording = Recording()
    assert recording.record() is None
    assert recording.record() is None
    (text,) = shown
    assert "the run goes on" in text
    assert text.endswith("ValueError: our own mistake")
