"""The reporter's own process; see :mod:`qlty.delivery._detached`.

Its main thread calls hooks: it follows the record, and carries out the orders of the run in
between. Orders are lines of its input; what it has to tell the run goes the other way.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO, Any

from qlty.delivery import MaskedLog, is_alive, mask

#: seconds between two looks at the record
_TICK = 0.05

#: seconds between two looks at the run's process
_RUN_POLL = 0.5

#: seconds for telling the last lines to a run that does not listen
_LAST_LINES = 2.0

#: seconds beyond its time for what a hook or the project's own code may still do
_GRACE = 5.0

GONE: dict[str, Any] = {"gone": True}


def end_in(seconds: float) -> None:
    """Have this process end soon after so many seconds, whatever hangs in it."""
    overdue = threading.Timer(seconds + _GRACE, os._exit, [1])
    overdue.daemon = True
    overdue.start()


class Channel:
    """The way to the run; never waits for it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def tell(self, told: dict[str, Any]) -> None:
        """Tell the run a JSON object."""
        self._lines.put(json.dumps(told).encode() + b"\n")

    def close(self) -> None:
        """Wait until the last line is told, but not for ever."""
        self._lines.put(None)
        self._thread.join(_LAST_LINES)

    def _write(self) -> None:
        with suppress(OSError):  # the run is gone
            while line := self._lines.get():
                while line:
                    line = line[os.write(self._descriptor, line) :]


class _Saying(logging.Handler):
    """Has the run say what the logger ``qlty`` says here."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(logging.INFO)
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        self._channel.tell({"say": [record.levelno, mask(self.format(record))]})


class Orders:
    """What the run wants, in its order; at last that it is gone."""

    def __init__(self, control: IO[bytes], run: str, budget: float) -> None:
        self._control = control
        self._run = run
        self._budget = budget
        self._queue: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._is_closed = threading.Event()
        #: Ctrl-C skips what the main thread is doing
        self.may_skip = False

    def listen(self) -> None:
        """Begin to listen, in threads."""
        for work in (self._listen, self._watch_run):
            threading.Thread(target=work, daemon=True).start()

    def are_waiting(self) -> bool:
        """Say whether the run wants something."""
        return not self._queue.empty()

    def next(self, seconds: float) -> dict[str, Any] | None:
        """Return the next order, ``None`` where none comes in time."""
        try:
            return self._queue.get(timeout=seconds)
        except Empty:
            return None

    def _listen(self) -> None:
        for line in iter(self._control.readline, b""):
            order = json.loads(line)
            if "skip" not in order:
                self._queue.put(order)
            elif self.may_skip:
                signal.raise_signal(signal.SIGINT)
        self._is_closed.set()

    def _watch_run(self) -> None:
        # a test may have closed the run's end of the pipe: its process is what counts
        while is_alive(self._run) is not False:
            if self._is_closed.wait(_RUN_POLL):
                time.sleep(_TICK)
        end_in(self._budget)
        self._queue.put(GONE)


def run(setup: dict[str, Any], control: IO[bytes], descriptor: int) -> int:
    """Be the reporter; return the exit status."""
    log = MaskedLog()
    channel = Channel(descriptor)
    own = logging.getLogger("qlty")
    own.setLevel(logging.INFO)
    own.propagate = False
    own.addHandler(_Saying(channel))
    orders = Orders(control, setup["run"], setup["budget"])
    orders.listen()
    try:
        from qlty.lifecycle._reporting import Reporting

        Reporting(setup, orders, channel).work()
    except BaseException:  # noqa: BLE001 -- a traceback may hold a secret: it is masked
        import traceback

        sys.stderr.write(traceback.format_exc())
        return 1
    else:
        return 0
    finally:
        channel.close()
        log.close()
