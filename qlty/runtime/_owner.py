"""Telling a forked child from the process that owns a run."""

from __future__ import annotations

import os


class _Forks:
    """How many forks lie between the first process and this one."""

    count = 0

    @classmethod
    def add(cls) -> None:
        cls.count += 1


# not by process id: tests replace os.getpid
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Forks.add)


class Owner:
    """The process in which it was made; a forked child of it is another one."""

    def __init__(self) -> None:
        self._forks = _Forks.count

    @property
    def is_here(self) -> bool:
        """Whether this is that process."""
        return self._forks == _Forks.count
