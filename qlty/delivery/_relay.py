"""The relay, seen from the run: a child process that sends while the tests go on.

Nothing is sent from the process that runs tests, because a test may patch sockets, clocks and
HTTP libraries there. The relay outlives a killed run and sends what that had committed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: seconds beyond the budget after which a relay that does not end by itself is ended
_GRACE = 1.0

#: how often a relay that died is started anew
_MOST_RESTARTS = 3

_POLL = 0.01


def relay_command() -> list[str]:
    """Return the command that starts a relay.

    It is the path of a file, so that no module of the project in the working directory can take
    the place of one that the relay needs. Warnings are the business of the tests alone.
    """
    return [sys.executable, "-W", "ignore", str(Path(__file__).with_name("_relay_main.py"))]


def start_relay(
    setup: dict[str, Any],
    *,
    command: Sequence[str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
) -> Relay:
    """Start a relay; it begins to send at once.

    Args:
        setup: handed over through a pipe, so that secrets are never on a command line:

            - ``outbox``: path of the outbox
            - ``rootdir``, ``settings`` (dotted name), ``settings_named``: the project
            - ``options``, ``ini``: the settings that were given there
            - ``sys_path``: where to import integrations from
            - ``integrations``: names of those to send for; all if absent
            - ``warm``: modules to import before there is work
            - ``budget``: seconds to go on for where the run dies

        command: by default :func:`relay_command`.
        cwd: working directory.
        log: file for what the relay has to say beyond the receipt.

    Raises:
        OSError: no process can be started.
    """
    return Relay(list(command or relay_command()), setup, cwd, log)


class Relay:
    """A relay that was started; started again, at most three times, where it dies."""

    def __init__(
        self, command: list[str], setup: dict[str, Any], cwd: Path | None, log: Path | None
    ) -> None:
        self._command = command
        self._setup = json.dumps(setup).encode() + b"\n"
        self._cwd = cwd
        self._log = log
        self._restarts = 0
        self._owner = os.getpid()
        self._start()

    @property
    def pid(self) -> int:
        """Number of the relay's process."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the relay's exit status, ``None`` while it lives."""
        return self._process.poll()

    def wake(self) -> None:
        """Have the relay look for new work at once; revive it if it has died."""
        if self.poll() is not None and self._restarts < _MOST_RESTARTS:
            self._restart()
        self._tell(b"\n")

    def finish(self, budget: float, progress: Callable[[], None] | None = None) -> bool:
        """Have the relay send what is left, and wait for it.

        May be called again with another budget where the first call was interrupted.

        Args:
            budget: seconds.
            progress: called about once a second.

        Returns:
            whether the relay ended by itself within its budget.
        """
        deadline = time.monotonic() + budget
        self._tell_to_finish(deadline)
        told = time.monotonic()
        while time.monotonic() < deadline + _GRACE:
            status = self._process.poll()
            if status == 0 or (status is not None and self._restarts >= _MOST_RESTARTS):
                self._close_pipe()
                return status == 0
            if status is not None:
                self._restart()
                self._tell_to_finish(deadline)
            if progress is not None and time.monotonic() - told >= 1:
                progress()
                told = time.monotonic()
            time.sleep(_POLL)
        self.kill()
        return False

    def kill(self) -> None:
        """End the relay at once; what it was sending is asked for by whoever sends next."""
        self._process.kill()
        self._process.wait()
        self._close_pipe()

    def detach(self) -> None:
        """Leave the relay to itself: it sends what there is within its budget and ends."""
        self._close_pipe()
        # nobody waits for it any more: without a status, Python warns of a forgotten child
        self._process.returncode = 0

    def _tell_to_finish(self, deadline: float) -> None:
        left = max(0.0, deadline - time.monotonic())
        self._tell(json.dumps({"finish": left}).encode() + b"\n")

    def _tell(self, line: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed or os.getpid() != self._owner:
            return
        try:
            pipe.write(line)
        except OSError:
            return  # it has died: poll() tells

    def _close_pipe(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _restart(self) -> None:
        self._restarts += 1
        self._close_pipe()
        self._start()

    def _start(self) -> None:
        self._process = self._spawn()
        self._tell(self._setup)

    def _spawn(self) -> subprocess.Popen[bytes]:
        log = _open_log(self._log)
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=subprocess.DEVNULL,
                stderr=log if log is not None else subprocess.DEVNULL,
                cwd=self._cwd,
                # Ctrl-C in a terminal goes to the run, which tells the relay what to do
                start_new_session=True,
            )
        finally:
            if log is not None:
                log.close()


def _open_log(path: Path | None) -> IO[bytes] | None:
    if path is None:
        return None
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
    except OSError:
        return None
