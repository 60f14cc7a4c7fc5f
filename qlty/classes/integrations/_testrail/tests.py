"""What a delivery knows of one test: small, plain, and the same in every process."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, convert, field, to_builtins

#: characters of a failure's text that travel with a test; a comment holds less
MESSAGE = 6_000


class Test(Struct, frozen=True, omit_defaults=True):
    """One test's result, as far as TestRail is told of it.

    Attributes:
        nodeid: pytest's node id.
        outcome: the finer word of its result.
        status: system name of the TestRail status, ``None`` where it is to be left out.
        case_ids: the cases that it tests.
        automation_ids: names by which TestRail may know its case, best first, where it has no ids.
        duration: seconds.
        message: the failure's text or the reason of a skip; empty for a pass.
        attempts: how many times it ran.
        flaky: it passed, but only after a rerun.
        interrupted: it ended because its run did.
        version: the version under test, where its marker names one.
        defects: defects that its marker names.
        values: further fields of the result that its marker names, ``custom_...``.
        files: paths of evidence.
        old: it was sent before, and is here only for what it adds to its case.
    """

    __test__ = False

    nodeid: str
    outcome: str
    status: str | None
    case_ids: tuple[int, ...] = ()
    automation_ids: tuple[str, ...] = ()
    duration: float = 0.0
    message: str = ""
    attempts: int = 1
    flaky: bool = False
    interrupted: bool = False
    version: str | None = None
    defects: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    old: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it without what is at its default: a run can have 100,000 of them."""
        stored: dict[str, Any] = to_builtins(self)
        return stored


def from_json(stored: dict[str, Any]) -> Test:
    """Return what ``to_json`` gave, also by way of a JSON file."""
    return convert(stored, Test)
