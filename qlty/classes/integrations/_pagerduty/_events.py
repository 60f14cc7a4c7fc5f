"""The Events API v2: made for automation; severity, rules and orchestration decide who is paged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from qlty.classes.integrations._pagerduty import _wire
from qlty.classes.integrations._pagerduty._requests import trigger_event
from qlty.errors import Refused

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings


class _Taken(TypedDict):
    """https://developer.pagerduty.com/docs/send-alert-event, "Response"."""

    status: Literal["success"]


class Events:
    """What the integration sends to the Events API.

    202 means that the event was taken, not that an incident exists; there is no link to it.
    """

    def __init__(self, settings: PagerDutySettings) -> None:
        self._keys = settings.routing_key
        self._connection = _wire.Connection(settings.events_url, {})

    def trigger(self, page: dict[str, Any]) -> None:
        """Open an alert, or add to the one that is open."""
        self._post(
            "/v2/enqueue", page["service_id"], {"event_action": "trigger", **trigger_event(page)}
        )

    def resolve(self, key: str, service_id: str) -> None:
        """Resolve the alert of a key; without one, PagerDuty drops the event."""
        self._post("/v2/enqueue", service_id, {"event_action": "resolve", "dedup_key": key})

    def change(self, event: dict[str, Any], service_id: str) -> None:
        """Tell of a change, shown beside incidents; it pages nobody."""
        self._post("/v2/change/enqueue", service_id, event)

    def _post(self, path: str, service_id: str, event: dict[str, Any]) -> None:
        key = self._keys.of(service_id) if self._keys else None
        if key is None:
            raise Refused(f"PAGERDUTY_ROUTING_KEY has no key for service {service_id}")
        response = self._connection.request("POST", path, json={**event, "routing_key": key})
        _wire.accepted(response, _Taken, _wire.EVENTS)
