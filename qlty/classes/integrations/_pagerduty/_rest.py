"""The REST API: incidents with everything that a marker can ask for."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, TypedDict

from qlty.classes.integrations._pagerduty import _wire
from qlty.classes.integrations._pagerduty._requests import rest_incident
from qlty.classes.integrations._pagerduty._scope import short
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.classes.integrations._pagerduty._text import one_line
from qlty.errors import AnswerLost, Refused
from qlty.runtime import clock

if TYPE_CHECKING:
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


class _Abilities(TypedDict):
    abilities: list[str]


class Rest:
    """What the integration asks of the REST API."""

    def __init__(self, settings: PagerDutySettings) -> None:
        self._not_open: dict[tuple[str, str], float] = {}
        #: what a person should know of the last job, and stopped nothing
        self.said: list[str] = []
        self._connection = _wire.Connection(settings.api_url, _headers(settings))

    def open_incident(self, page: dict[str, Any]) -> dict[str, Any] | None:
        """Open an incident; return it, ``None`` where one with its key is open already."""
        response = self._create(page)
        if response.status_code == 413:
            response = self._create(page, _SMALL_DETAILS)
        if response.status_code == 400 and _OPEN_ALREADY in _wire.words(response):
            return None
        return dict(_wire.accepted(response, _Incident)["incident"])

    def _create(self, page: dict[str, Any], details_limit: int | None = None) -> Any:
        body = {"incident": rest_incident(page, details_limit)}
        return self._call("POST", "/incidents", json=body)

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
            response = self._call("PUT", "/incidents", json={"incidents": changes})
            changed = _wire.accepted(response, _Incidents)["incidents"]
            if not {one["id"] for one in changes} <= {one["id"] for one in changed}:
                raise AnswerLost("PagerDuty did not name all incidents that were to be resolved")

    def note(self, incident_id: str, text: str, *, once: bool = False) -> None:
        """Add a note to an incident; ``once``: an earlier attempt may have added it."""
        if once and any(text == note.get("content") for note in self._notes(incident_id)):
            return
        body = {"note": {"content": text}}
        _wire.accepted(self._call("POST", f"/incidents/{incident_id}/notes", json=body), _Note)

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

    def problems_of(self, service_id: str) -> list[str]:
        """Say why a service pages nobody: missing, disabled, in maintenance.

        https://developer.pagerduty.com/api-reference/165ad96a22ffd-get-a-service, ``status``.
        """
        try:
            answer = self._get(f"/services/{service_id}", {}, _Service)
        except Refused as error:
            return [f"service {service_id}: {error.reason}"]
        status = answer["service"].get("status")
        if status not in _SILENT:
            return []
        return [f"service {service_id} is {_SILENT[status]}: PagerDuty opens no incidents for it"]

    def _get(self, path: str, query: dict[str, Any], shape: Any) -> Any:
        return _wire.accepted(self._call("GET", path, params=query), shape)

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
