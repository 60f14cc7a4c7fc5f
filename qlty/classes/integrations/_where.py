"""Whether a run is where an integration reports: one rule for every ``ONLY_ON``."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from qlty.results import ONLY_ON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.results import RunInfo
    from qlty.settings import Condition

#: conditions of one group are alternatives: what is tested is on a branch, or it is a tag
_GROUPS = {"ci": "ci", "environment": "environment", "branch": "revision", "tag": "revision"}


def elsewhere(name: str, conditions: Sequence[Condition], run: RunInfo) -> str:
    """Say why ``ONLY_ON`` of ``name`` holds a run back, and what it saw; ``""`` where it does not.

    Of each kind that is named (``ci``, ``environment:``, ``branch:`` or ``tag:``) one must match.
    """
    matches: dict[str, list[bool]] = {}
    for condition in conditions:
        group = _GROUPS[condition.partition(":")[0]]
        matches.setdefault(group, []).append(_matches(condition, run))
    missed = [group for group, found in matches.items() if not any(found)]
    if not missed:
        return ""
    saw = ", ".join(_seen(group, run) for group in missed)
    return f"{name}{ONLY_ON}{', '.join(conditions)}, and this run is {saw}"


def setting_name(name: str) -> str:
    """Return the ``NAME`` that an integration's settings have in the environment.

    >>> setting_name("AcmeReport#2")
    'ACMEREPORT'
    """
    return re.sub(r"\W", "_", name.partition("#")[0]).upper()


def _matches(condition: Condition, run: RunInfo) -> bool:
    kind, _, pattern = condition.partition(":")
    if kind == "ci":
        return bool(run.get("ci"))
    return fnmatchcase(str(run.get(kind) or ""), pattern)


def _seen(group: str, run: RunInfo) -> str:
    if group == "ci":
        return "not in CI"
    if group == "environment":
        environment = run.get("environment")
        return f"in the environment {environment}" if environment else "in no environment"
    branch, tag = run.get("branch"), run.get("tag")
    return f"on the branch {branch}" if branch else f"on the tag {tag}" if tag else "on no branch"
