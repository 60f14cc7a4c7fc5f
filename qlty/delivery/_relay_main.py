"""The relay's own process; see :mod:`qlty.delivery._detached`.

Lines of its input steer it: an empty one means that there is work, ``{"finish": 5.0}`` that nothing
more comes and how many seconds are left. The end of the input, or of the run's process, means that
the run was killed: the relay sends what there is and ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from qlty.delivery._process import is_alive

if TYPE_CHECKING:
    from qlty.delivery._drain import Drainer

#: seconds for what a killed run has left, where the setup names none
_BUDGET = 60.0

#: seconds beyond the budget for what the project's own code may still do, such as being imported
_GRACE = 5.0

#: seconds between two looks at the run's process
_RUN_POLL = 0.5


def send_all(setup: dict[str, Any], control: IO[bytes]) -> None:
    """Send until told that nothing more comes, or until the run is gone."""
    from qlty.delivery._drain import Drainer
    from qlty.delivery._outbox import Outbox
    from qlty.delivery._senders import ProjectSenders

    wanted = setup.get("integrations")
    drainer = Drainer(
        Outbox.open_existing(Path(setup["outbox"])),
        ProjectSenders(setup),
        deadline=float("inf"),
        integrations=None if wanted is None else set(wanted),
    )
    drainer.follow = True
    steering = _Steering(drainer, control, setup["run"], float(setup.get("budget", _BUDGET)))
    steering.start()
    _warm_up(setup.get("warm", ()))
    drainer.run(threading.Event())


class _Steering:
    """Listens to the run, and notices its death."""

    def __init__(self, drainer: Drainer, control: IO[bytes], run: str, budget: float) -> None:
        self._drainer = drainer
        self._control = control
        self._run = run
        self._budget = budget

    def start(self) -> None:
        for work in (self._listen, self._watch_run):
            threading.Thread(target=work, daemon=True).start()

    def _listen(self) -> None:
        for line in iter(self._control.readline, b""):
            if line.strip():
                self._finish(float(json.loads(line)["finish"]))
            self._drainer.wake()
        self._run_is_gone()

    def _watch_run(self) -> None:
        # a child that a test forked holds the other end of the pipe, and may outlive the run
        while is_alive(self._run) is not False:
            time.sleep(_RUN_POLL)
        self._run_is_gone()

    def _run_is_gone(self) -> None:
        if self._drainer.follow:
            self._finish(self._budget)

    def _finish(self, seconds: float) -> None:
        self._drainer.deadline = time.monotonic() + seconds
        self._drainer.follow = False
        self._drainer.wake()
        # the project's modules are imported in the thread that looks at the deadline
        overdue = threading.Timer(seconds + _GRACE, os._exit, [1])
        overdue.daemon = True
        overdue.start()


def _warm_up(modules: list[str]) -> None:
    import importlib

    for module in modules:
        # where it matters that it cannot be imported, sending will say so
        with suppress(Exception):
            importlib.import_module(module)


class _MaskedLog:
    """Standard error without secrets, whoever writes there: a project's code, its clients."""

    def __init__(self) -> None:
        from qlty.masking import mask

        self._mask = mask
        self._log = os.dup(2)
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        self._thread = threading.Thread(target=self._pass_on, args=(reading,), daemon=True)
        self._thread.start()

    def _pass_on(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8", errors="backslashreplace") as lines:
            for line in lines:
                with suppress(OSError):  # a full disk must not block whoever writes
                    os.write(self._log, self._mask(line).encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Write what is on its way, unless a child process keeps the pipe open."""
        sys.stderr.flush()
        os.dup2(self._log, 2)
        self._thread.join(1.0)


def run(setup: dict[str, Any], control: IO[bytes]) -> int:
    """Be the relay; return the exit status."""
    log = _MaskedLog()
    try:
        send_all(setup, control)
    except BaseException:  # noqa: BLE001 -- a traceback may hold a secret: it is masked
        import traceback

        sys.stderr.write(traceback.format_exc())
        return 1
    else:
        return 0
    finally:
        log.close()
