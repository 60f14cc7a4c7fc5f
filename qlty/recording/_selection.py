"""Which tests a run expects, and which were left out, by whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from qlty.runtime import contained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Expect = Callable[[Sequence[str], Mapping[str, Sequence[str]]], None]

#: who has taken tests out of the list without a word
NOBODY_SAID = "unknown"

_ON_THE_WAY = ("pluggy", "qlty.recording")


class Selection:
    """A plugin that tells of the selection once it is made."""

    def __init__(self, expect: Expect) -> None:
        self._expect = expect
        self._left_out: dict[str, list[str]] = {}
        self._told = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Find the tests that a plugin takes out without saying so."""
        before = list(items)
        yield
        if len(items) < len(before):
            left = set(map(id, items))
            said = {nodeid for nodeids in self._left_out.values() for nodeid in nodeids}
            gone = [item.nodeid for item in before if id(item) not in left]
            if unsaid := [nodeid for nodeid in gone if nodeid not in said]:
                self._left_out[NOBODY_SAID] = unsaid

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Take note of tests that a plugin leaves out, and says so."""
        self._left_out.setdefault(_caller(), []).extend(item.nodeid for item in items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell of the tests that will run, and of those that will not."""
        if not session.config.pluginmanager.has_plugin("dsession"):
            self._tell([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """The same, of the first worker of xdist: all of them collect the same tests."""
        self._tell(ids)

    @contained
    def _tell(self, nodeids: Sequence[str]) -> None:
        if not self._told:
            self._told = True
            self._expect(nodeids, self._left_out)


def _caller() -> str:
    """Return the module that has called the hook."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_ON_THE_WAY):
            return module
    return NOBODY_SAID
