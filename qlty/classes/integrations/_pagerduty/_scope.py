"""Where a run happens, and the keys that incidents have there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._text import digest
from qlty.results import split_nodeid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: https://developer.pagerduty.com/docs/events-api-v2-trigger-events, ``dedup_key``
MAX_KEY = 255

OWN_PREFIX = "qlty-"

#: hex digits by which a node id or a key is known again
SHORT = 10


@dataclass(frozen=True)
class Scope:
    """Incidents of different projects, environments and branches are different incidents.

    Attributes:
        environment: label of what is tested.
        branch: of the project under test.
        place: ``ci`` or ``local``. It is not part of a key: a test that fails in CI and on a laptop
            is one problem. But a laptop never resolves what CI opened.
        project: what tells it from all others; ``""`` in a scope of then.
        former: the scope of the same run while keys lacked the project. What was opened under such
            a key is told and resolved by the rules of then.
    """

    environment: str = ""
    branch: str = ""
    place: str = "local"
    project: str = ""
    former: Scope | None = None

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> Scope:
        """Read it from ``context["run"]``."""
        place = "ci" if run.get("ci") else "local"
        environment, project = run.get("environment") or "", run.get("project") or ""
        of_then = run.get("former_branch")
        former = None if of_then is None or not project else cls(environment, of_then, place)
        return cls(environment, run.get("branch") or "", place, project, former)

    @property
    def digest(self) -> str:
        """What tells it from other scopes, in a word that no secret is part of."""
        return digest("\0".join(self._parts), SHORT)

    @property
    def label(self) -> str:
        """Project and environment, as a title says them."""
        return ", ".join(filter(None, (self.project, self.environment)))

    @property
    def _parts(self) -> tuple[str, ...]:
        where = (self.environment, self.branch)
        return (self.project, *where) if self.project else where

    def key(self, service_id: str, what: str) -> str:
        """Return the key of an incident about ``what``: a test, or all tests of a service."""
        parts = (service_id, *self._parts, what)
        return OWN_PREFIX + digest("\0".join(parts), 40)


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
