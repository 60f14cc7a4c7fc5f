"""The relay, seen from the run: a process of its own that sends while the tests go on.

Nothing is sent from the process that runs tests, because a test may patch sockets, clocks and
HTTP libraries there. The relay outlives a killed run and sends what that had committed.
"""

from __future__ import annotations

from json import dumps
from time import sleep
from typing import TYPE_CHECKING, Any

from qlty.delivery._detached import start_detached
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: seconds beyond the budget after which a relay that does not end by itself is ended
_GRACE = 1.0

#: how often a relay that died is started anew
_MOST_RESTARTS = 3

_POLL = 0.01


def start_relay(
    setup: dict[str, Any],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Relay:
    """Start a relay; it begins to send at once.

    Args:
        setup: handed over through a pipe, so that secrets are never on a command line:

            - ``outbox``: path of the outbox
            - ``rootdir``, ``settings`` (dotted name), ``settings_named``: the project
            - ``options``, ``ini``: the settings that were given there
            - ``integrations``: names of those to send for; all if absent
            - ``warm``: modules to import before there is work
            - ``budget``: seconds to go on for where the run dies

        cwd: working directory.
        environ: environment; that of this process where there is none.
        log: file for what the relay has to say beyond the receipt.

    Raises:
        OSError: no process can be started.
    """
    return Relay(setup, cwd, environ, log)


class Relay:
    """A relay that was started; started again, at most three times, where it dies."""

    def __init__(
        self,
        setup: dict[str, Any],
        cwd: Path | None,
        environ: Mapping[str, str] | None,
        log: Path | None,
    ) -> None:
        self._setup = setup
        self._cwd = cwd
        self._environ = environ
        self._log = log
        self._restarts = 0
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
        self._process.tell(b"\n")

    def finish(self, budget: float, progress: Callable[[], None] | None = None) -> bool:
        """Have the relay send what is left, and wait for it.

        May be called again with another budget where the first call was interrupted.

        Args:
            budget: seconds.
            progress: called about once a second.

        Returns:
            whether the relay ended by itself within its budget.
        """
        deadline = clock.monotonic() + budget
        self._tell_to_finish(deadline)
        told = clock.monotonic()
        while clock.monotonic() < deadline + _GRACE:
            status = self._process.poll()
            if status == 0 or (status is not None and self._restarts >= _MOST_RESTARTS):
                self._process.close()
                return status == 0
            if status is not None:
                self._restart()
                self._tell_to_finish(deadline)
            if progress is not None and clock.monotonic() - told >= 1:
                progress()
                told = clock.monotonic()
            sleep(_POLL)
        self.kill()
        return False

    def kill(self) -> None:
        """End the relay at once; what it was sending is asked for by whoever sends next."""
        self._process.kill()

    def detach(self) -> None:
        """Leave the relay to itself: it sends what there is within its budget and ends."""
        self._process.close()

    def _tell_to_finish(self, deadline: float) -> None:
        left = max(0.0, deadline - clock.monotonic())
        self._process.tell(dumps({"finish": left}).encode() + b"\n")

    def _restart(self) -> None:
        self._restarts += 1
        self._process.close()
        self._start()

    def _start(self) -> None:
        self._process = start_detached(
            "qlty.delivery._relay_main",
            self._setup,
            cwd=self._cwd,
            environ=self._environ,
            log=self._log,
        )
