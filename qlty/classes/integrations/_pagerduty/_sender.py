"""Performing one delivery; this happens in another process than the tests.

Every kind of job may be sent again after a lost answer: a trigger has a key, by which PagerDuty
knows what is open already, and resolving asks first what is open.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._events import Events
from qlty.classes.integrations._pagerduty._preflight import refused
from qlty.classes.integrations._pagerduty._resolving import Passes, kept_open, progress
from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._pagerduty._scope import OWN_PREFIX, short
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.classes.integrations._pagerduty._text import one_line
from qlty.classes.integrations._pagerduty._wire import Unauthorized
from qlty.delivery import Sent
from qlty.errors import Refused, RetryLater

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.delivery import Job

#: the kinds of jobs
TRIGGER, SETTLE, WITHDRAW, CHANGE = "trigger", "settle", "withdraw", "change"

_SELF_ASSIGNED = (
    "{}: PagerDuty notified nobody: the assignee is the user of the API key, "
    "so the incident was acknowledged at once"
)


#: incidents that a line of the receipt names, and characters of each name
_NAMED, _NAME = 5, 100

_BLIND = (
    "the Events API cannot tell what CI opened, so a run outside of CI resolves nothing: "
    "set PAGERDUTY_API_KEY for that"
)

_NO_HISTORY = (
    "no earlier run is known, so resolve events were sent for {keys} on {service}; {left} more "
    "have their turn in other runs: keep the history between runs, or set PAGERDUTY_API_KEY"
)


def outcome_name(run_id: str) -> str:
    """Return the checkpoint's name for what became of a trigger in this run.

    A newer state of a key inherits the checkpoint of the older one, which another run made.
    """
    return f"incident of {run_id}"


class Sender:
    """Performs jobs, with clients that are built when they are first needed."""

    def __init__(self, settings: PagerDutySettings) -> None:
        self._settings = settings

    def send(self, job: Job) -> Sent:
        """Perform a job.

        Raises:
            DeliveryError: it failed; the class says what follows.
        """
        if job.kind == WITHDRAW:
            # what an older state of the key has left is no longer to be taken back
            return Sent("" if job.checkpoint else job.payload["text"], counts=False)
        if not self._settings.has_credentials:
            raise Refused("no credentials: set PAGERDUTY_API_KEY, _OAUTH_TOKEN or _ROUTING_KEY")
        if job.kind == CHANGE:
            self._events.change(job.payload["event"], job.payload["service_id"])
            return Sent("change event")
        if self._settings.uses_rest:
            by_rest = {TRIGGER: _trigger_by_rest, SETTLE: _settle_by_rest}
            self._rest.said.clear()
            try:
                sent = by_rest[job.kind](self._rest, job)
                return replace(sent, notes=(*sent.notes, *self._rest.said))
            except Unauthorized as error:
                raise Refused(refused(self._settings, error)) from None
        by_event = {TRIGGER: _trigger_by_event, SETTLE: _settle_by_events}
        return by_event[job.kind](self._events, job)

    @cached_property
    def _rest(self) -> Rest:
        return Rest(self._settings)

    @cached_property
    def _events(self) -> Events:
        return Events(self._settings)


def _trigger_by_rest(rest: Rest, job: Job) -> Sent:
    page = job.payload
    former = {**page, **page["former"]} if page.get("former") else None
    for told in filter(None, (page, former)):
        group = rest.group_that_tells(told)
        if group is not None:
            return _note(rest, job, told, group)
    if former and former["key"] != page["key"]:
        incident = rest.find_open(former["key"], page["service_id"])
        if incident is not None:
            return _note(rest, job, former, incident)
    incident = rest.open_incident(page)
    if incident is not None:
        silent = incident.get("status") == "acknowledged"
        notes = (_SELF_ASSIGNED.format(incident["summary"]),) if silent else ()
        return _told(job, "opened", incident, notes)
    incident = rest.find_open(page["key"], page["service_id"])
    if incident is None:
        raise RetryLater("the incident was open already, and is resolved now: it is opened again")
    return _note(
        rest, job, former if former and _is_of_then(rest, incident, former) else page, incident
    )


def _is_of_then(rest: Rest, incident: dict[str, Any], former: dict[str, Any]) -> bool:
    """Say whether a key that a marker names was opened while scopes lacked the project."""
    known, then = rest.tag(incident), Tag.find(former["tag"])
    return known is not None and then is not None and known.scope == then.scope


def _note(rest: Rest, job: Job, page: dict[str, Any], incident: dict[str, Any]) -> Sent:
    """Tell an incident that is open already what is new."""
    tag = Tag.find(page["tag"])
    assert tag is not None
    if incident.get("incident_key") != page["key"]:
        keys = {short(page["key"]): tag.failed_at}
        tag = replace(tag, key=str(incident["incident_key"]), keys=keys)
    if rest.note_once(incident, page["note"], tag):
        return _told(job, "noted", incident)
    return replace(_told(job, "open already:", incident), counts=False)


def _told(job: Job, verb: str, incident: dict[str, Any], notes: tuple[str, ...] = ()) -> Sent:
    name = incident.get("summary") or incident["id"]
    link = incident.get("html_url")
    outcome = {
        "key": job.payload["key"],
        "status": verb.partition(" ")[0],
        "id": incident["id"],
        "number": incident.get("incident_number"),
        "title": incident.get("title") or name,
        "html_url": link,
    }
    job.save(**{outcome_name(job.run_id): outcome})
    return Sent(f"{verb} {name}", (link,) if link else (), notes)


def _trigger_by_event(events: Events, job: Job) -> Sent:
    page = job.payload
    events.trigger(page)
    outcome = {
        "key": page["key"],
        "status": "triggered",
        "id": None,
        "number": None,
        "title": page["title"],
        "html_url": None,
    }
    job.save(**{outcome_name(job.run_id): outcome})
    return Sent(f"triggered {page['title']}")


def _settle_by_rest(rest: Rest, job: Job) -> Sent:
    service_id = job.payload["service_id"]
    notes = tuple(rest.problems_of(service_id)) if job.payload["check"] else ()
    runs = _runs(job)
    if not runs:
        return Sent(notes=notes, counts=False)
    opened = rest.open_of_service(service_id)
    resolvable, kept = _sort(rest, opened, runs, job)
    if "resolved" not in job.checkpoint:
        # what an attempt without an answer has resolved is not open any more, and lacks its note
        still_open = {one["id"] for one in opened}
        done = [one for one in job.checkpoint.get("planned", ()) if one["id"] not in still_open]
        planned = [*done, *(_brief(one) for one in resolvable)]
        job.save(planned=planned)
        rest.resolve(resolvable)
        job.save(resolved=planned)
    resolved = job.checkpoint["resolved"]
    _note_all(rest, job, resolved)
    text = "\n".join(f"resolved {one['name']}" for one in resolved)
    links = tuple(one["html_url"] or "" for one in resolved)
    return Sent(text, links, (*notes, *kept), counts=bool(resolved))


def _sort(
    rest: Rest, opened: list[dict[str, Any]], runs: list[Passes], job: Job
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return which open incidents to resolve, and a line on each that ought to stay."""
    resolvable: list[dict[str, Any]] = []
    kept: list[str] = []
    for incident in opened:
        # what is not of a run's scope is left open without a word, so at most one of them tells
        reasons = [_kept_open(rest, incident, run, job) for run in runs if _concerns(run, incident)]
        if None in reasons:
            resolvable.append(incident)
        kept += [f"left open: {incident.get('summary')}: {why}" for why in set(reasons) if why]
    return resolvable, kept


def _concerns(run: Passes, incident: dict[str, Any]) -> bool:
    key = str(incident.get("incident_key"))
    own = run.entire and key.startswith(OWN_PREFIX)
    return own or key in run.clean or key in run.mixed or key in run.groups


def _runs(job: Job) -> list[Passes]:
    """Return what the run proved: under the keys of now, and under those of then."""
    told = job.payload["passes"] or []
    return [Passes.from_json(one) for one in ([told] if isinstance(told, dict) else told)]


def _kept_open(rest: Rest, incident: dict[str, Any], run: Passes, job: Job) -> str | None:
    tag = rest.tag(incident)
    if tag is None:
        return "QLTY did not open it"
    if tag.scope not in {"", run.scope} and tag.key.startswith(OWN_PREFIX):
        return ""
    if tag.kind == "test" and tag.key not in run.clean and tag.key not in run.mixed:
        return kept_open(tag, run)
    # notes tell of failures, and of passes, that came later
    tag = rest.known(incident) or tag
    why = kept_open(tag, run)
    here = tag.whereabouts == (run.scope, run.place)
    passed = progress(tag, run) if here and why is not None else None
    if passed is not None:
        rest.note(incident["id"], f"{job.payload['progress']}\n\n{passed.line()}")
    return why


def _note_all(rest: Rest, job: Job, resolved: list[dict[str, Any]]) -> None:
    """Add the note to each, and remember after each how far that came."""
    for done in range(job.checkpoint.get("noted", 0), len(resolved)):
        rest.note(resolved[done]["id"], job.payload["note"], once=job.attempt > 1)
        job.save(noted=done + 1)


def _brief(incident: dict[str, Any]) -> dict[str, Any]:
    name = one_line(incident.get("summary") or incident["id"], _NAME)
    return {"id": incident["id"], "name": name, "html_url": incident.get("html_url")}


def _settle_by_events(events: Events, job: Job) -> Sent:
    """Resolve by key: without a REST key nobody can be asked what is open, and who opened it."""
    runs = _runs(job)
    if not runs:
        return Sent(counts=False)
    if runs[0].place != "ci":
        return Sent(notes=(_BLIND,), counts=False)
    service_id, suspects = job.payload["service_id"], job.payload["suspects"]
    keys = list(suspects)
    for done in range(job.checkpoint.get("resolved", 0), len(keys)):
        events.resolve(keys[done], service_id)
        job.save(resolved=done + 1)
    names = [name for name in suspects.values() if name]
    if job.payload["sure"]:
        text = f"resolved, where it was open: {_listed(names)}" if names else ""
        return Sent(text, counts=bool(names))
    left = job.payload["left"]
    said = _NO_HISTORY.format(keys=_keys(len(names)), service=service_id, left=left)
    return Sent(notes=(said,) if left else (), counts=False)


def _keys(number: int) -> str:
    return "1 key that passes" if number == 1 else f"{number} keys that pass"


def _listed(names: list[str]) -> str:
    more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more
