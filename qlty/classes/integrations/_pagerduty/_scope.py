"""Where a run happens, and the keys that incidents have there."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._text import digest
from qlty.results import split_nodeid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: https://developer.pagerduty.com/docs/events-api-v2-trigger-events, ``dedup_key``
MAX_KEY = 255

OWN_PREFIX = "qlty-"

#: hex digits by which a node id or a key is known again
SHORT = 10


@dataclass(frozen=True)
class Scope:
    """Incidents of different environments and branches are different incidents.

    Attributes:
        environment: label of what is tested.
        branch: of the project under test.
        place: ``ci`` or ``local``. It is not part of a key: a test that fails in CI and on a laptop
            is one problem. But a laptop never resolves what CI opened.
    """

    environment: str = ""
    branch: str = ""
    place: str = "local"

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> Scope:
        """Read it from ``context["run"]``."""
        place = "ci" if run.get("ci") else "local"
        return cls(run.get("environment") or "", run.get("branch") or "", place)

    @property
    def digest(self) -> str:
        """What tells environment and branch from others, in a word that no secret is part of."""
        return digest(f"{self.environment}\0{self.branch}", SHORT)

    def key(self, service_id: str, what: str) -> str:
        """Return the key of an incident about ``what``: a test, or all tests of a service."""
        parts = (service_id, self.environment, self.branch, what)
        return OWN_PREFIX + digest("\0".join(parts), 40)

    def allows(self, conditions: Sequence[str]) -> bool:
        """Say whether ``ONLY_ON`` lets this run open incidents.

        Of each kind that is named (``ci``, ``environment:``, ``branch:``) one must match.
        """
        by_kind: dict[str, list[bool]] = {}
        for condition in conditions:
            kind, _, pattern = condition.partition(":")
            actual = {"environment": self.environment, "branch": self.branch}.get(kind, "")
            matches = self.place == "ci" if kind == "ci" else fnmatchcase(actual, pattern)
            by_kind.setdefault(kind, []).append(matches)
        return all(any(matches) for matches in by_kind.values())


def test_of(nodeid: str) -> str:
    """Return a node id without its parameters: all of them are one problem.

    >>> test_of("tests/test_a.py::test_add[a::b]")
    'tests/test_a.py::test_add'
    """
    class_key, test_key = split_nodeid(nodeid)
    return f"{class_key}::{test_key.partition('[')[0]}"


def marker_key(text: str) -> str:
    """Return a marker's ``incident_key`` in a length that PagerDuty takes."""
    if len(text) <= MAX_KEY:
        return text
    return f"{text[: MAX_KEY - 41]}-{digest(text, 40)}"


def short(text: str) -> str:
    """Return the short digest of a node id or a key."""
    return digest(text, SHORT)


def shorts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the short digests of several, without doubles, in order."""
    return tuple(dict.fromkeys(short(text) for text in texts))


def group_keys(service_id: str, scope: Scope) -> tuple[str, ...]:
    """Return the keys of incidents that are about several tests of a service."""
    return tuple(group_key(kind, service_id, scope) for kind in ("setup", "summary", "storm"))


def group_key(kind: str, service_id: str, scope: Scope) -> str:
    """Return the key of an incident that is about several tests of a service."""
    return scope.key(service_id, f"<{kind}>")
