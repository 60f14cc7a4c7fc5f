"""From an incident that should be open to what a responder reads. Facts in, JSON out.

A page is neutral: the REST and the Events builder each make their request of the same one.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._policy import highest_urgency, under
from qlty.classes.integrations._pagerduty._scope import group_key, short, test_of
from qlty.classes.integrations._pagerduty._tag import Tag, newest
from qlty.classes.integrations._pagerduty._text import digest, one_line
from qlty.results import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qlty.classes.integrations._pagerduty._policy import Incident, Observation
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.results import Failure

_VARYING = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|\d+")
#: tests that a page lists by name
_LISTED = 20
#: tests of which the key line keeps a digest
_TAGGED = 100
#: parameters of one test that a note names
_NOTED = 5
#: tracebacks of one test's parameters that a page shows whole
_TRACEBACKS = 3

_GROUP_TITLES = {
    "setup": "Setup of {n} tests fails",
    "summary": "{n} more tests fail",
    "storm": "Test storm: {reason}",
}


def page(incident: Incident, scope: Scope, run: Mapping[str, Any], judged: int) -> dict[str, Any]:
    """Return the page of an incident, as JSON.

    ``run`` is ``context["run"]``, ``judged`` how many tests of the service passed or failed so far.
    """
    first = incident.failures[0]
    routing = first.routing
    alone = incident.kind == "test"
    tag = _tag(incident, scope, judged)
    return {
        "key": incident.key,
        "kind": incident.kind,
        "service_id": incident.service_id,
        "title": one_line(title(incident, scope.label)),
        "urgency": routing.urgency if alone else highest_urgency(incident.failures),
        "priority_id": routing.priority_id if alone else None,
        "escalation_policy_id": routing.escalation_policy_id if alone else None,
        "assignee_id": routing.assignee_id if alone else None,
        "sections": sections(incident, run),
        "tag": tag.line(),
        "groups": _groups(incident, scope) if alone else [],
        "former": _former(incident, scope.former, judged) if scope.former else None,
        "note": _note(incident, run),
        "at": _iso(first.ended),
        "source": run.get("host") or "qlty",
        "group": run.get("project") or "",
        "component": test_of(first.case.nodeid) if alone else "",
        "class": incident.kind,
        "ci_url": run.get("ci_url"),
    }


def _groups(incident: Incident, scope: Scope) -> list[str]:
    """Return the keys of open incidents that may tell of a test already.

    A storm is not among them: the first run without one ends it, whatever still fails.
    """
    return [group_key(kind, incident.service_id, scope) for kind in ("setup", "summary")]


def _former(incident: Incident, scope: Scope, judged: int) -> dict[str, Any]:
    """Return the parts of a page that have keys, as they were while these lacked the project."""
    then = under(incident, scope)
    groups = _groups(then, scope) if then.kind == "test" else []
    return {"key": then.key, "groups": groups, "tag": _tag(then, scope, judged).line()}


def title(incident: Incident, place: str = "") -> str:
    """Return the failure in short, with the test's name and where that is: ``shop, staging``."""
    first = incident.failures[0]
    where = f" [{place}]" if place else ""
    error = first.failure.line if first.failure else "failed"
    if incident.kind != "test":
        n = len({seen.problem for seen in incident.failures})
        head = _GROUP_TITLES[incident.kind].format(n=n, reason=incident.reason)
        return f"{head}{where}: {_most_frequent(incident.failures)}"
    more = len(incident.failures) - 1
    same = len({test_of(seen.case.nodeid) for seen in incident.failures}) == 1
    also = f" (and {more} more{' of its parameters' if same else ''})" if more else ""
    return f"Test failure: {one_line(first.case.nodeid, 300)}{also}{where}: {error}"


def sections(incident: Incident, run: Mapping[str, Any]) -> list[list[str]]:
    """Return heading and text of each part of the details, in the order of reading.

    For one test the order is documented: the marker's own words, the docstring, the traceback.
    """
    if incident.kind == "test":
        parts = [*_about_test(incident.failures), *_failures(incident.failures)]
    else:
        parts = [("", _group_text(incident)), ("Tests", _listed(incident.failures))]
        parts += list(_failures(incident.failures[:1]))
    parts.append(("Facts", "\n".join(_facts(incident, run))))
    return [[heading, text] for heading, text in parts if text]


def _about_test(failures: tuple[Observation, ...]) -> Iterator[tuple[str, str]]:
    words = dict.fromkeys(seen.routing.details or "" for seen in failures)
    yield "", "\n".join(word for word in words if word)
    yield "", inspect.cleandoc(failures[0].case.docstring or "")


def _failures(failures: tuple[Observation, ...]) -> Iterator[tuple[str, str]]:
    for seen in failures[:_TRACEBACKS]:
        name = seen.case.nodeid if len(failures) > 1 else ""
        phase = "" if seen.phase in {None, "call"} else f" in {seen.phase}"
        yield f"Failure{phase}{': ' + name if name else ''}", seen.message.strip("\n")
    rest = failures[_TRACEBACKS:]
    yield "Also failing", _listed(rest)


def _group_text(incident: Incident) -> str:
    if incident.kind == "setup":
        return "The setup of these tests fails with one error: something they share is broken."
    if incident.kind == "storm":
        return f"{incident.reason[:1].upper()}{incident.reason[1:]}: look for one cause."
    return "These tests fail, too; the limit of incidents per run and service is reached."


def _listed(failures: tuple[Observation, ...]) -> str:
    lines = [
        f"- {seen.case.nodeid}: {seen.failure.line if seen.failure else 'failed'}"
        for seen in failures[:_LISTED]
    ]
    if len(failures) > _LISTED:
        lines.append(f"- and {len(failures) - _LISTED} more")
    return "\n".join(lines)


def _facts(incident: Incident, run: Mapping[str, Any]) -> Iterator[str]:
    first = incident.failures[0]
    if incident.kind == "test":
        yield f"Test: {first.case.nodeid}"
        yield from _places(first)
    owners = dict.fromkeys(seen.routing.owner for seen in incident.failures if seen.routing.owner)
    yield from _labelled("Owner", ", ".join(owner for owner in owners if owner))
    yield from _labelled("Project", run.get("project"))
    yield from _labelled("CI job", run.get("ci_url"))
    for label in ("environment", "branch", "tag", "commit", "platform"):
        yield from _labelled(label.capitalize(), run.get(label))
    yield from _labelled("Run", " on ".join(str(run[k]) for k in ("id", "host") if run.get(k)))
    if incident.kind == "test":
        yield from _lately(first, run)


def _places(seen: Observation) -> Iterator[str]:
    case = seen.case
    if case.path:
        yield f"Defined at: {case.path}{':' + str(case.line) if case.line else ''}"
    if seen.failure and seen.failure.place:
        yield f"Failed at: {seen.failure.place}"
    if seen.attempts > 1:
        yield f"Attempts: {seen.attempts}, all failed"


def _lately(seen: Observation, run: Mapping[str, Any]) -> Iterator[str]:
    if seen.trend is None or not seen.trend.runs:
        return
    if seen.trend.in_a_row:
        yield f"First failing run: {_runs(seen.trend.in_a_row)} before this one"
    else:
        yield f"First failing run: this one ({run.get('id', '')})"
    yield f"Lately: {seen.trend}"


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def _labelled(label: str, value: Any) -> Iterator[str]:
    if value:
        yield f"{label}: {value}"


def _note(incident: Incident, run: Mapping[str, Any]) -> str:
    """Return the text for an incident that is open already."""
    first = incident.failures[0]
    if incident.kind == "test":
        names = ", ".join(seen.case.name for seen in incident.failures[:_NOTED])
        more = len(incident.failures) - _NOTED
        also = f" and {more} more" if more > 0 else ""
        told = f"{names}{also}: {first.failure.line if first.failure else 'failed'}"
    else:
        told = title(incident)
    where = run.get("ci_url") or f"run {run.get('id', '')}".strip()
    return one_line(f"Still failing ({where}): {told}")


def _tag(incident: Incident, scope: Scope, judged: int) -> Tag:
    alone = incident.kind == "test"
    tests = newest((short(seen.case.nodeid), round(seen.ended, 3)) for seen in incident.failures)
    keys = newest((short(seen.problem), round(seen.ended, 3)) for seen in incident.failures)
    return Tag(
        key=incident.key,
        kind=incident.kind,
        scope=scope.digest,
        place=scope.place,
        failed_at=max(tests.values()),
        tests=dict(islice(tests.items(), _TAGGED)),
        keys={} if alone else dict(islice(keys.items(), _TAGGED)),
        more=len(tests) > _TAGGED,
        size=judged if incident.kind == "storm" else 0,
        error=_errors(incident),
    )


def _errors(incident: Incident) -> str:
    """Return what tells the incident's state of failure from another: one error, or all of them."""
    signatures = sorted({_signature(seen.failure) for seen in incident.failures if seen.failure})
    if len(signatures) == 1:
        return signatures[0]
    return digest("\0".join(signatures), 8)


def _signature(failure: Failure) -> str:
    """Return what is equal for the same error of one test in two runs, whatever numbers are in it.

    It stands in the key lines of incidents that are open: another one for the same error would
    be a note on each of them.
    """
    line, kind = failure.line, failure.kind
    if kind and not line.startswith(kind.partition(":")[0]):
        line = one_line(f"{kind}: {line}", LINE_LIMIT)
    return digest(f"{_VARYING.sub('#', line)}\0{failure.crash.partition(':')[0]}", 8)


def _most_frequent(failures: Iterable[Observation]) -> str:
    lines = Counter(seen.failure.line for seen in failures if seen.failure)
    return lines.most_common(1)[0][0] if lines else "failed"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
