"""The run's place in a pytest session: it begins before collection and ends after the last line."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from qlty.errors import RunAborted
from qlty.lifecycle import ABORTED, MARKUP, console
from qlty.recording._recorder import Recorder
from qlty.recording._selection import Selection
from qlty.recording._terminal_log import TerminalLog
from qlty.recording.active import ACTIVE_RUN, take_note_of, was_deselected
from qlty.runtime import Owner, no_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.lifecycle import Run


#: the name under which a session is registered
SESSION = "qlty-session"


class Session:
    """A pytest plugin for one session of the process that owns the run."""

    def __init__(self, config: pytest.Config, run: Run, after: Callable[[], None]) -> None:
        self._config = config
        self._run = run
        self.recorder = Recorder(run, captured_output=run.plan.settings.captured_output)
        self._owner = Owner()
        self._broken_off = self._finished = False
        self._stack = ExitStack()
        self._stack.callback(after)
        self._stack.enter_context(_environment(ACTIVE_RUN, run.info["id"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        self.begin()

    @no_warnings()
    def begin(self) -> None:
        """Start the run; from here on every report is recorded."""
        deliveries = self._run.deliveries
        self._run.open()
        self._log = TerminalLog(deliveries.log_file(self._run.info["id"]), deliveries.mask)
        self._stack.callback(self._log.close)
        self._log.attach(self._config)
        verbosity = self._config.get_verbosity()
        self._stack.enter_context(console(self.say, deliveries.mask, verbosity))
        try:
            self._run.start()
        except RunAborted as error:
            self._abort(error)
            pytest.exit("no test was run", returncode=ABORTED)
        self._config.pluginmanager.register(self.recorder, "qlty-recorder")
        self._config.pluginmanager.register(Selection(self._run.expects), "qlty-selection")

    def await_required(self) -> None:
        """Begin no test before the required integrations have started."""
        if self._is_aborted():
            pytest.exit("no test was run", returncode=ABORTED)

    def _is_aborted(self) -> bool:
        """Say whether a required integration cannot start; that is the end of the run."""
        try:
            self._run.await_required()
        except RunAborted as error:
            self._abort(error)
            return True
        return False

    def _abort(self, error: RunAborted) -> None:
        self._finished = True
        self._run.abort(error)
        self.say(f"qlty: {self._run.deliveries.mask(str(error))}")

    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C, or a test that called ``pytest.exit``."""
        self._broken_off = True

    def pytest_internalerror(self) -> None:
        """Pytest itself, or a plugin, failed."""
        self._broken_off = True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Take note of tests that were left out."""
        self._look_for_deselection()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The same, of a worker of xdist."""
        take_note_of(self._config, node)

    def _look_for_deselection(self) -> None:
        if was_deselected(self._config):
            self._run.info["whole"] = self._run.info["entire"] = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        try:
            return (yield)
        except BaseException as error:
            # a plugin's pytest.exit() sets the status once all hooks are over; others end in 1
            status = getattr(error, "returncode", pytest.ExitCode.TESTS_FAILED)
            session.exitstatus = session.exitstatus if status is None else status
            raise
        finally:
            self._finish(session)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        """Begin when all is ready; become the outermost again when it is over.

        A plugin may set the exit status around our last hook.
        """
        self.await_required()
        try:
            return (yield)
        finally:
            self._config.pluginmanager.unregister(self)
            self._config.pluginmanager.register(self, SESSION)

    @no_warnings()
    def _finish(self, session: pytest.Session) -> None:
        if self._finished or not self._owner.is_here:
            return
        self._finished = True
        cut_short = self._broken_off or bool(session.shouldstop or session.shouldfail)
        self.recorder.close(cut_short=cut_short)
        self._log.close()
        self._look_for_deselection()
        if not self._broken_off and self._is_aborted():
            session.exitstatus = ABORTED
            return
        try:
            session.exitstatus = self._run.finish(
                int(session.exitstatus), self._log.path, cut_short=cut_short
            )
        except KeyboardInterrupt:  # between two hooks; the next run finds what this one leaves
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self._owner.is_here:
            self._stack.close()

    def say(self, text: str, style: str = "plain") -> None:
        """Write a line where the person at the terminal sees it; pytest decides about colours."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            sys.stderr.write(f"{text}\n")
        else:
            reporter.ensure_newline()
            reporter.write_line(text, **MARKUP.get(style, {}))


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
