"""From a test's markers and the settings to where its incident goes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._patterns import Patterns
from qlty.classes.integrations._pagerduty._settings import Route
from qlty.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qlty.results import TestCase

MARKER = "pagerduty_trigger_incident"
FIXTURE = "pagerduty_fixture"

#: the documented parameters in their documented order, then two of our own, by name only
POSITIONAL = (
    "service_id",
    "priority_id",
    "escalation_policy_id",
    "urgency",
    "incident_key",
    "details",
    "assignee_id",
)
KNOWN = (*POSITIONAL, "resolve_on_pass", "owner")

_MARKER_ROUTE = "marker:"
#: whoever is to be called: an incident takes one of them
_PEOPLE = frozenset({"escalation_policy_id", "assignee_id"})


@dataclass(frozen=True)
class Routing:
    """Where the incident of one test goes."""

    service_id: str
    priority_id: str | None = None
    escalation_policy_id: str | None = None
    urgency: str | None = None
    incident_key: str | None = None
    details: str | None = None
    assignee_id: str | None = None
    resolve_on_pass: bool | None = None
    owner: str | None = None


class Routes:
    """``SERVICES``, made ready to be asked for every test."""

    def __init__(self, services: Mapping[str, str | Route]) -> None:
        self._names = list(services)
        self._routes = [
            Route(service_id=target) if isinstance(target, str) else target
            for target in services.values()
        ]
        self._markers = {
            name.removeprefix(_MARKER_ROUTE): number
            for number, name in enumerate(self._names)
            if name.startswith(_MARKER_ROUTE)
        }
        marked = set(self._markers.values())
        texts = {n: name for n, name in enumerate(self._names) if n not in marked}
        self._patterns = Patterns(texts)
        self._used: set[int] = set()

    def of(self, case: TestCase) -> Route | None:
        """Return the first entry that names this test."""
        if not self._routes:
            return None
        fits = [self._markers[one.name] for one in case.markers if one.name in self._markers]
        first = next(self._patterns.covering(case.nodeid, case.path or ""), None)
        fits += [] if first is None else [first]
        if not fits:
            return None
        self._used.add(min(fits))
        return self._routes[min(fits)]

    @property
    def unused(self) -> list[str]:
        """The entries that have decided nothing so far."""
        return [name for n, name in enumerate(self._names) if n not in self._used]


def is_asked_for(case: TestCase, routes: Routes, *, marker_is_enough: bool) -> bool:
    """Say whether a failure of this test is to open an incident.

    The marker with the fixture always asks for it, as documented. Where the run reports to
    PagerDuty anyway, the marker alone does, and so does an entry of ``SERVICES``.
    """
    marked = case.get_closest_marker(MARKER) is not None
    if marker_is_enough:
        return marked or routes.of(case) is not None
    return marked and FIXTURE in case.fixtures


def routing(
    case: TestCase,
    routes: Routes,
    default_service: str | None,
    say: Callable[[str], None],
) -> Routing | None:
    """Merge a test's markers, nearest first, then ``SERVICES``, then the default service.

    A slip is said and costs no page; ``None`` only where no service is known.
    """
    values = _marker_values(case, say)
    _add_owner(case, values)
    route = routes.of(case)
    # what is said for another service is not meant for this one
    if route is not None and values.get("service_id", route.service_id) == route.service_id:
        for name in Route.__struct_fields__:
            values.setdefault(name, getattr(route, name))
    values["service_id"] = values.get("service_id") or default_service
    if not values["service_id"]:
        say("no incident: no marker names a service_id, and PAGERDUTY_SERVICE_ID is not set")
        return None
    if values.get("assignee_id") and values.pop("escalation_policy_id", None):
        say("assignee_id is used, escalation_policy_id is not: PagerDuty takes one of them")
    return Routing(**{field.name: values.get(field.name) for field in fields(Routing)})  # type: ignore[arg-type]


def _marker_values(case: TestCase, say: Callable[[str], None]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for marker in case.iter_markers(MARKER):
        for problem in check(marker.args, marker.kwargs):
            say(problem)
        values = _cleaned(marker.args, marker.kwargs)
        if not merged.keys().isdisjoint(_PEOPLE):
            # PagerDuty takes one of the two, and a nearer marker has said which
            values = {name: value for name, value in values.items() if name not in _PEOPLE}
        merged = {**values, **merged}
    return merged


def check(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one marker's arguments, a line each."""
    problems = []
    if len(args) > len(POSITIONAL):
        problems.append(f"@{MARKER} takes {len(POSITIONAL)} arguments by position, not {len(args)}")
    for name in kwargs:
        if name not in KNOWN:
            meant = nearest(name, KNOWN)
            hint = f": did you mean {meant[0]!r}?" if meant else f": it takes {', '.join(KNOWN)}"
            problems.append(f"@{MARKER} has no argument {name!r}{hint}")
    given = dict(zip(POSITIONAL, args, strict=False)) | dict(kwargs)
    urgency = given.get("urgency")
    if urgency is not None and _urgency(urgency) is None:
        problems.append(
            f"@{MARKER} has urgency={urgency!r}: 'high' or 'low' is needed; "
            "the service decides instead"
        )
    problems += [
        f"@{MARKER} has {name}={getattr(value, '__name__', 'a function')}, which is no text but a "
        "function, and is not called: write its text there"
        for name, value in given.items()
        if callable(value)
    ]
    return problems


def _cleaned(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(zip(POSITIONAL, args, strict=False)) | dict(kwargs)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in KNOWN or value is None:
            continue
        if name == "resolve_on_pass":
            values[name] = _truth(value)
        elif name == "urgency":
            values[name] = _urgency(value)
        else:
            values[name] = str(value).strip()
    return {name: value for name, value in values.items() if value not in {None, ""}}


def _truth(value: Any) -> bool:
    """``"false"`` is what a configuration file makes of ``False``."""
    return str(value).strip().lower() not in {"false", "no", "off", "0", ""}


def _urgency(value: Any) -> str | None:
    word = str(value).strip().lower()
    return word if word in {"high", "low"} else None


def _add_owner(case: TestCase, values: dict[str, Any]) -> None:
    """``@pytest.mark.owner("team")`` is how many suites say it already."""
    marker = case.get_closest_marker("owner")
    if marker is not None and marker.args and not values.get("owner"):
        values["owner"] = str(marker.args[0])
