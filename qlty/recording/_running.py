"""Which tests are running, and to which of them a report belongs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qlty.results import repeated_id
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.results import Attempts


@dataclass
class Running:
    """One test that began and is not over.

    Attributes:
        attempts: what it came to so far.
        nodeid: as pytest calls it.
        number: how many tests of this node id had begun by then, with this one.
        worker: the xdist worker that runs it; ``None`` before its first report, and without xdist.
        began: seconds since the epoch.
    """

    attempts: Attempts
    nodeid: str
    number: int
    worker: Any = None
    began: float = field(default_factory=clock.now)

    def name_apart(self) -> None:
        """Give it a node id of its own, if it is not the first of its node id."""
        case = self.attempts.case
        self.attempts.case = replace(case, nodeid=repeated_id(case.nodeid, self.number))


class RunningTests:
    """All tests that are running, in any worker.

    A node id may run several times: with ``--dist each``, ``--keep-duplicates``, or because a
    plugin made two items of one name. Each has a result of its own.
    """

    def __init__(self) -> None:
        self._running: defaultdict[str, list[Running]] = defaultdict(list)
        self._begun: defaultdict[str, int] = defaultdict(int)

    def __iter__(self) -> Iterator[Running]:
        return iter([test for tests in self._running.values() for test in tests])

    def waiting(self, nodeid: str) -> Running | None:
        """Return the test of this node id that waits for its next attempt."""
        return next((t for t in self._running[nodeid] if t.attempts.repeating), None)

    def find(self, nodeid: str, worker: Any) -> Running | None:
        """Return the test to which a report of this worker belongs, which is that worker's now."""
        tests = self._running[nodeid]
        own = next((test for test in tests if test.worker is worker), None)
        new = next((test for test in tests if test.worker is None), None)
        found = own or new or self._left_behind(nodeid)
        if found is not None:
            found.worker = worker
        return found

    def _left_behind(self, nodeid: str) -> Running | None:
        """Return the test whose worker crashed: another one runs its next attempt."""
        waiting = self.waiting(nodeid)
        return waiting if waiting and getattr(waiting.worker, "_down", True) else None

    def begin(self, nodeid: str, attempts: Attempts, worker: Any = None) -> Running:
        """Add a test that began."""
        self._begun[nodeid] += 1
        test = Running(attempts, nodeid, self._begun[nodeid], worker)
        test.name_apart()
        self._running[nodeid].append(test)
        return test

    def end(self, test: Running) -> None:
        """Take out a test that is over."""
        self._running[test.nodeid].remove(test)
        if not self._running[test.nodeid]:
            del self._running[test.nodeid]
