"""The REST API: incidents with everything that a marker can ask for."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote

from qlty.classes.integrations._pagerduty import _wire
from qlty.classes.integrations._pagerduty._details import is_about_from, refused_details
from qlty.classes.integrations._pagerduty._requests import rest_incident
from qlty.classes.integrations._pagerduty._scope import short
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.classes.integrations._pagerduty._text import one_line
from qlty.errors import AnswerLost, Refused
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings

#: part of the answer to a key that is open already; its code, 2002, means other things, too
_OPEN_ALREADY = "matching dedup key already exists"
#: https://developer.pagerduty.com/docs/pagination and PUT /incidents
PER_PAGE = 100
PER_UPDATE = 250
#: one client finds incidents of the last month unless it asks for all
_ALL_TIME = {"date_range": "all"}
_OPEN = {"statuses[]": ["triggered", "acknowledged"]}
_SMALL_DETAILS = 1024
_SILENT = {"disabled": "disabled", "maintenance": "in maintenance"}
#: so many services are asked for by a list sooner than one by one
_WORTH_A_LIST = 5
#: of users who may open incidents, https://support.pagerduty.com/docs/user-roles
_ROLES = ("owner", "admin", "user")
#: seconds between two notes on one incident that say the same
NOTE_EVERY = 3600
#: seconds for which an incident about several tests counts as not open without a new question
_GROUP_LOOK_EVERY = 60.0


class _Named(TypedDict):
    id: str


class _Incident(TypedDict):
    incident: _Named


class _Incidents(TypedDict):
    incidents: list[_Named]


class _Note(TypedDict):
    note: _Named


class _Notes(TypedDict):
    notes: list[_Named]


class _Service(TypedDict):
    service: _Named


class _Services(TypedDict):
    services: list[_Named]


class _Users(TypedDict):
    users: list[_Named]


class _Priorities(TypedDict):
    priorities: list[_Named]


class _Abilities(TypedDict):
    abilities: list[str]


class Rest:
    """What the integration asks of the REST API."""

    def __init__(self, settings: PagerDutySettings) -> None:
        self._not_open: dict[tuple[str, str], float] = {}
        self._acts_for_another = False
        #: what a person should know of the last job, and stopped nothing
        self.said: list[str] = []
        self._connection = _wire.Connection(settings.api_url, _headers(settings))

    def open_incident(self, page: dict[str, Any]) -> dict[str, Any] | None:
        """Open an incident; return it, ``None`` where one with its key is open already.

        What PagerDuty does not take of the details is left out, and said.
        """
        without: list[str] = []
        while True:
            response = self._create(page)
            words = _wire.words(response)
            if response.status_code == 400 and _OPEN_ALREADY in words:
                return None
            names = refused_details(page, response.status_code, words)
            if not names:
                break
            without += [f"opened without {name} {page[name]}: {words}" for name in names]
            page = {**page, **dict.fromkeys(names)}
        incident = dict(_wire.accepted(response, _Incident)["incident"])
        for text in without:
            self.say(text)
        return incident

    def _create(self, page: dict[str, Any]) -> Any:
        response = self._write("POST", "/incidents", {"incident": rest_incident(page)})
        if response.status_code == 413:
            smaller = rest_incident(page, _SMALL_DETAILS)
            response = self._write("POST", "/incidents", {"incident": smaller})
        return response

    def find_open(self, key: str, service_id: str) -> dict[str, Any] | None:
        """Return the open incident of a key: keys are unique per service only."""
        query = {"incident_key": key, "service_ids[]": [service_id], **_OPEN, **_ALL_TIME}
        query = {**query, "include[]": ["body"]}
        found = self._get("/incidents", query, _Incidents)["incidents"]
        return next((one for one in found if one.get("incident_key", key) == key), None)

    def open_of_service(self, service_id: str) -> list[dict[str, Any]]:
        """Return all open incidents of a service."""
        found: list[dict[str, Any]] = []
        query = {"service_ids[]": [service_id], **_OPEN, **_ALL_TIME, "include[]": ["body"]}
        while True:
            page = {"limit": PER_PAGE, "offset": len(found)}
            answer = self._get("/incidents", {**query, **page}, _Incidents)
            found += answer["incidents"]
            if not answer.get("more") or not answer["incidents"]:
                return found

    def tag(self, incident: dict[str, Any]) -> Tag | None:
        """Return the key line of an incident; ``None`` where QLTY did not open it."""
        body = incident.get("body")
        if not isinstance(body, dict) or "details" not in body:
            # the reference does not promise the body in lists
            query = {"include[]": ["body"]}
            whole = self._get(f"/incidents/{incident['id']}", query, _Incident)["incident"]
            body = whole.get("body") or {}
        return Tag.find(body.get("details"), lambda: self._say_broken(incident, "it"))

    def resolve(self, incidents: list[dict[str, Any]]) -> None:
        """Resolve incidents, as many per request as the API takes."""
        for start in range(0, len(incidents), PER_UPDATE):
            changes = [
                {"id": one["id"], "type": "incident_reference", "status": "resolved"}
                for one in incidents[start : start + PER_UPDATE]
            ]
            response = self._write("PUT", "/incidents", {"incidents": changes})
            changed = _wire.accepted(response, _Incidents)["incidents"]
            if not {one["id"] for one in changes} <= {one["id"] for one in changed}:
                raise AnswerLost("PagerDuty did not name all incidents that were to be resolved")

    def note(self, incident_id: str, text: str, *, once: bool = False) -> None:
        """Add a note to an incident; ``once``: an earlier attempt may have added it."""
        if once and any(text == note.get("content") for note in self._notes(incident_id)):
            return
        body = {"note": {"content": text}}
        _wire.accepted(self._write("POST", f"/incidents/{incident_id}/notes", body), _Note)

    def group_that_tells(self, page: dict[str, Any]) -> dict[str, Any] | None:
        """Return the open incident about several tests that tells of this page's test already."""
        for key in page["groups"]:
            incident = self._open_group(key, page["service_id"])
            known = self.known(incident) if incident else None
            if incident and known and short(page["key"]) in known.keys:
                return incident
        return None

    def _open_group(self, key: str, service_id: str) -> dict[str, Any] | None:
        now, place = clock.monotonic(), (service_id, key)
        if now - self._not_open.get(place, -_GROUP_LOOK_EVERY) < _GROUP_LOOK_EVERY:
            return None
        incident = self.find_open(key, service_id)
        if incident is None:
            self._not_open[place] = now
        return incident

    def known(self, incident: dict[str, Any]) -> Tag | None:
        """Return what its key line and those of its notes say; ``None`` where QLTY said nothing."""
        return self._said(incident)[0]

    def note_once(self, incident: dict[str, Any], text: str, tag: Tag) -> bool:
        """Add a note unless incident and notes say the same, the last of them within the hour."""
        known, last = self._said(incident)
        recent = clock.now() - last < NOTE_EVERY
        if recent and known is not None and not tag.says_more_than(known):
            return False
        self.note(incident["id"], f"{text}\n\n{tag.line()}")
        return True

    def _said(self, incident: dict[str, Any]) -> tuple[Tag | None, float]:
        """Return all that is known of an incident, and when the last of it was said."""
        notes = self._notes(incident["id"])
        said = [
            (
                Tag.find(note.get("content"), lambda: self._say_broken(incident, "a note")),
                _when(note["created_at"]),
            )
            for note in notes
        ]
        ours = sorted(
            ((when, tag) for tag, when in said if tag is not None), key=lambda note: note[0]
        )
        tags = [tag for tag in (self.tag(incident), *(tag for _, tag in ours)) if tag is not None]
        last = ours[-1][0] if ours else _when(incident["created_at"])
        return (reduce(Tag.joined, tags) if tags else None), last

    def _say_broken(self, incident: dict[str, Any], where: str) -> None:
        name = one_line(incident.get("summary") or incident["id"], 100)
        self.say(f"{name}: {where} has a key line that cannot be read: it is ignored")

    def say(self, text: str) -> None:
        """Add a line to what a person should know, once."""
        if text not in self.said:
            self.said.append(text)

    def _notes(self, incident_id: str) -> list[dict[str, Any]]:
        return list(self._get(f"/incidents/{incident_id}/notes", {}, _Notes)["notes"])

    def check_credentials(self) -> None:
        """Ask for what any working credential may see."""
        self._get("/abilities", {}, _Abilities)

    def is_user_key(self) -> bool:
        """Say whether the key belongs to a user, who then acts without a From header."""
        return bool(self._call("GET", "/users/me").status_code == 200)

    def may_not_write(self) -> str:
        """Return PagerDuty's words where the credential may only read, else ``""``.

        The incident has neither title nor service, so it is refused in any case.
        """
        body = {"incident": {"type": "incident", "title": ""}}
        response = self._call("POST", "/incidents", json=body)
        if response.status_code == 403:
            return _wire.words(response)
        if response.status_code != 400:
            _wire.accepted(response, dict)
        return ""

    def knows_user(self, email: str) -> bool | None:
        """Say whether somebody of the account has this address; ``None``: it may not be asked."""
        try:
            found = self._get("/users", {"query": email, "limit": PER_PAGE}, _Users)["users"]
        except Refused:
            return None
        return any(str(one.get("email")).lower() == email.lower() for one in found)

    def knows(self, field: str, name: str) -> bool | None:
        """Say whether a detail exists; ``None``: it may not be asked.

        Args:
            field: of a page: ``priority_id``, ``assignee_id`` or ``escalation_policy_id``.
            name: its id.
        """
        try:
            if field == "priority_id":
                return name in self._priorities
            path = "/users" if field == "assignee_id" else "/escalation_policies"
            return bool(self._call("GET", f"{path}/{quote(name, safe='')}").status_code != 404)
        except Refused:
            return None

    @cached_property
    def _priorities(self) -> set[str]:
        answer = self._get("/priorities", {"limit": PER_PAGE}, _Priorities)
        return {one["id"] for one in answer["priorities"]}

    def problems_of(self, service_id: str) -> list[str]:
        """Say why a service pages nobody, see :meth:`problems_of_many`."""
        return [
            f"service {service} {problem}"
            for service, problem, _ in self.problems_of_many([service_id])
        ]

    def problems_of_many(self, service_ids: list[str]) -> Iterator[tuple[str, str, bool]]:
        """Yield each service that pages nobody, why, and whether that is more than maintenance.

        https://developer.pagerduty.com/api-reference/165ad96a22ffd-get-a-service, ``status``.
        """
        listed = self._listed_services(len(service_ids) // _WORTH_A_LIST)
        for service_id in service_ids:
            try:
                status = listed[service_id] if service_id in listed else self._status(service_id)
            except Refused as error:
                yield service_id, f"cannot be paged: {error.reason}", True
                continue
            if status in _SILENT:
                problem = f"is {_SILENT[status]}: PagerDuty opens no incidents for it"
                yield service_id, problem, status == "disabled"

    def _listed_services(self, pages: int) -> dict[str, str]:
        """Return services with their status, of so many pages of the list at most."""
        found: dict[str, str] = {}
        for number in range(pages):
            query = {"limit": PER_PAGE, "offset": number * PER_PAGE}
            answer = self._get("/services", query, _Services)
            found |= {one["id"]: str(one.get("status")) for one in answer["services"]}
            if not answer.get("more"):
                break
        return found

    def _status(self, service_id: str) -> str:
        answer = self._get(f"/services/{quote(service_id, safe='')}", {}, _Service)
        return str(answer["service"].get("status"))

    def _get(self, path: str, query: dict[str, Any], shape: Any) -> Any:
        return _wire.accepted(self._call("GET", path, params=query), shape)

    def _write(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Make a change; where the one who makes it is refused, in the name of another."""
        response = self._call(method, path, json=body)
        words = _wire.words(response)
        if not is_about_from(response.status_code, words) or self._acts_for_another:
            return response
        self._acts_for_another = True
        return self._call(method, path, json=body) if self._act_for_another(words) else response

    def _act_for_another(self, words: str) -> bool:
        """A user's key needs no From header; for an account's, any of its users will do."""
        sender = None if self.is_user_key() else self._any_user()
        if sender is None and not self.is_user_key():
            return False
        self._connection.act_as(sender)
        name = sender or "the user of the API key"
        self.say(f"PAGERDUTY_DEFAULT_FROM is not usable, so {name} is named instead: {words}")
        return True

    def _any_user(self) -> str | None:
        try:
            users = self._get("/users", {"limit": PER_PAGE}, _Users)["users"]
        except Refused:
            return None
        able = [user for user in users if user.get("role") in _ROLES] or users
        return next((str(user["email"]) for user in able if user.get("email")), None)

    def _call(self, method: str, path: str, **parts: Any) -> Any:
        return self._connection.request(method, path, **parts)


def _headers(settings: PagerDutySettings) -> dict[str, str]:
    """https://developer.pagerduty.com/docs/rest-api-overview: version, authentication, From."""
    if settings.api_key is not None:
        authorization = f"Token token={settings.api_key.reveal()}"
    else:
        assert settings.oauth_token is not None
        authorization = f"Bearer {settings.oauth_token.reveal()}"
    headers = {"Accept": "application/vnd.pagerduty+json;version=2", "Authorization": authorization}
    if settings.default_from:
        headers["From"] = settings.default_from
    return headers


def _when(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
