"""The reporter, seen from the run: a process of its own that follows the record.

Integrations that ship here, and those whose class says so, live there: importing a vendor's client,
asking remotes, building messages and sending happen on another core while the tests run.
"""

from __future__ import annotations

import logging
from json import dumps, loads
from time import sleep
from typing import TYPE_CHECKING, Any

from qlty.delivery import start_detached
from qlty.runtime import clock, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from qlty.delivery import Detached

#: how often a reporter that died is started anew
_MOST_RESTARTS = 3

#: seconds beyond a deadline after which a reporter that does not answer is ended
_GRACE = 1.0

_POLL = 0.005


class Reporter:
    """The reporter of one run; started again, at most three times, where it dies.

    Attributes:
        started: by name, why an integration takes no part; ``None`` for one that does.
        durable: whether what it delivers is kept on disk; ``None`` while it has not said so.
    """

    def __init__(
        self, setup: Mapping[str, Any], cwd: Path, environ: Mapping[str, str], log: Path | None
    ) -> None:
        self.started: dict[str, str | None] = {}
        self.durable: bool | None = None
        self._setup = dict(setup)
        self._cwd = cwd
        self._environ = environ
        self._log = log
        self._restarts = 0
        self._answers: dict[str, Any] = {}
        self._process = self._start()

    @property
    def is_alive(self) -> bool:
        """Whether it can answer, by now or after having been started again."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The number of its process."""
        return self._process.pid if self._process else None

    def follow(self, record: Path) -> None:
        """Have it read the record elsewhere from now on."""
        self._setup["record"] = str(record)
        self._tell({"record": str(record)})

    def wait_for_start(self, names: list[str], seconds: float) -> bool:
        """Wait until it is known of each of these whether it takes part; say whether it is."""
        return self._wait(lambda: all(name in self.started for name in names), seconds)

    def end(self, order: dict[str, Any], seconds: float) -> Any:
        """Have it call ``on_run_end`` of some, and wait for that.

        Returns:
            what the context holds then; ``None`` where they were not told.
        """
        return self._ask(order, "ended", seconds)

    def end_again(self, seconds: float) -> Any:
        """Wait on for what :meth:`end` was interrupted in."""
        self._wait(lambda: "ended" in self._answers, seconds)
        return self._answers.pop("ended", None)

    def finish(self, order: dict[str, Any], seconds: float) -> Any:
        """Have it send what is left, and wait for its receipt; ``None`` where none came."""
        return self._ask({"finish": seconds, **order}, "receipt", seconds + _GRACE)

    def abort(self, order: dict[str, Any], seconds: float) -> Any:
        """Have those that live there told that the run does not begin; send what they say.

        Returns:
            the receipt; ``None`` where nothing was to be sent, or none came.
        """
        return self._ask({"finish": seconds, **order}, "receipt", seconds + _GRACE)

    def skip(self) -> None:
        """Have it skip the hook that it is waiting for."""
        self._tell({"skip": True})

    def receive(self) -> None:
        """Take what it has told, and say what it wants said."""
        for line in self._process.heard() if self._process else ():
            self._take(loads(line))

    def kill(self) -> None:
        """End it at once; what it was sending is asked for by whoever sends next."""
        if self._process is not None:
            self._process.kill()
            self.receive()
            self._process = None

    def _take(self, told: dict[str, Any]) -> None:
        if "say" in told:
            level, text = told["say"]
            say: Callable[..., None] = _SAYING.get(level, logger.info)
            say("%s", text)
        elif "started" in told:
            self.started[told["started"]] = told["cause"]
        elif "durable" in told:
            self.durable = told["durable"]
        else:
            self._answers.update(told)

    def _ask(self, order: dict[str, Any], answer: str, seconds: float) -> Any:
        self._answers.pop(answer, None)
        self._tell(order)
        self._wait(lambda: answer in self._answers, seconds, order)
        return self._answers.pop(answer, None)

    def _wait(
        self, is_there: Callable[[], bool], seconds: float, order: dict[str, Any] | None = None
    ) -> bool:
        """Wait until something is there; a reporter that died is started and asked again."""
        deadline = clock.monotonic() + seconds
        while self._process is not None:
            ended = self._process.poll() is not None
            self.receive()
            if is_there():
                return True
            if not ended and not self._process.is_reachable:
                # a test has closed the pipes: one that hears nothing is asked for nothing
                self._process.kill()
                ended = True
            if ended:
                self._restart()
                self._tell(order)
            elif clock.monotonic() >= deadline:
                return False
            sleep(_POLL)
        return False

    def _tell(self, order: dict[str, Any] | None) -> None:
        if order is not None and self._process is not None:
            self._process.tell(dumps(order).encode() + b"\n")

    def _restart(self) -> None:
        assert self._process is not None
        self._process.close()
        if self._restarts == _MOST_RESTARTS:
            logger.warning("the reporter died %d times: %s", _MOST_RESTARTS + 1, _WHAT_NOW)
            self._process = None
            return
        self._restarts += 1
        logger.warning("the reporter died: it is started again")
        self._process = self._start()

    def _start(self) -> Detached | None:
        try:
            return start_detached(
                "qlty.lifecycle._reporter_main",
                self._setup,
                cwd=self._cwd,
                environ=self._environ,
                log=self._log,
            )
        except OSError as error:
            logger.warning("the reporter cannot be started: %s: %s", error, _WHAT_NOW)
            return None


_WHAT_NOW = "the next run reports this one"

_SAYING: dict[int, Callable[..., None]] = {
    logging.WARNING: logger.warning,
    logging.ERROR: logger.error,
}
