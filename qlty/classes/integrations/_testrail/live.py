"""Results while the run goes on: which tests belong to the next delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from qlty.classes.integrations._testrail.tests import Test


class Live:
    """Gathers tests for deliveries that are some seconds apart.

    TestRail shows a case's newest result. So that a case with several tests never looks better
    than it is, a delivery repeats those tests of its cases that were sent before.

    Args:
        every: seconds between two deliveries.
        clock: returns seconds.
    """

    def __init__(self, every: float, clock: Callable[[], float]) -> None:
        self.sent = 0
        self._every = every
        self._clock = clock
        self._last = clock()
        self._new: dict[str, Test] = {}
        self._by_case: dict[Hashable, dict[str, Test]] = {}

    def add(self, test: Test) -> None:
        """Take a test into the next delivery."""
        self._new[test.nodeid] = test

    def is_due(self) -> bool:
        """Say whether it is time for a delivery."""
        return bool(self._new) and self._clock() - self._last >= self._every

    def take(self) -> list[Test]:
        """Return the tests of the next delivery: earlier ones of the same cases, then the new."""
        new, self._new = self._new, {}
        keys = dict.fromkeys(key for test in new.values() for key in _keys(test))
        earlier = {id_: test for key in keys for id_, test in self._by_case.get(key, {}).items()}
        for test in new.values():
            for key in _keys(test):
                self._by_case.setdefault(key, {})[test.nodeid] = replace(test, old=True)
        self._last = self._clock()
        self.sent += 1
        return list({**earlier, **new}.values())


def _keys(test: Test) -> Iterator[Hashable]:
    yield from test.case_ids
    if test.automation_ids:
        yield test.automation_ids[-1]  # the one without parameters, which its siblings share
