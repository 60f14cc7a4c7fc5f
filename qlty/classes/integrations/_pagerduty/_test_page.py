"""A page that shows whether pages arrive: of low urgency, and resolved at once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._events import Events
from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._pagerduty._settings import Route
from qlty.delivery import Sent
from qlty.errors import SettingsError
from qlty.runtime import clock

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings

_TITLE = "Test page of QLTY Framework: nothing is broken"
_TEXT = "Made by 'qlty-framework check --send', and resolved at once."


def send_test(settings: PagerDutySettings) -> Sent:
    """Open an incident and resolve it; by events, trigger an alert and resolve it.

    Raises:
        SettingsError: no setting names a service.
        DeliveryError: PagerDuty did not take it.
    """
    page = _page(_service(settings))
    if settings.uses_rest:
        return _by_rest(Rest(settings), page)
    events = Events(settings)
    events.trigger(page)
    events.resolve(page["key"], page["service_id"])
    return Sent(f"the alert {_TITLE!r}, of severity warning, resolved at once")


def _by_rest(rest: Rest, page: dict[str, Any]) -> Sent:
    incident = rest.open_incident(page)
    assert incident is not None, "its key is new"
    name, link = incident.get("summary") or incident["id"], incident.get("html_url")
    rest.resolve([incident])
    text = f"incident {name}, of low urgency, resolved at once"
    return Sent(text, (link,) if link else (), tuple(rest.said))


def _page(service_id: str) -> dict[str, Any]:
    return {
        "key": f"qlty-check-{secrets.token_hex(8)}",
        "service_id": service_id,
        "title": _TITLE,
        "urgency": "low",
        "sections": [["", _TEXT]],
        "tag": "",
        "at": clock.utc_now().isoformat(timespec="milliseconds"),
        "source": "qlty",
        "class": "check",
    }


def _service(settings: PagerDutySettings) -> str:
    """Return a service that the settings name; one key for everything names its own."""
    routes = settings.services.values()
    named = [route.service_id if isinstance(route, Route) else route for route in routes]
    if settings.routing_key and not settings.uses_rest:
        named += settings.routing_key.services
    for service in (settings.service_id, *named):
        if service is not None:
            return service
    raise SettingsError("no service to page is known: set PAGERDUTY_SERVICE_ID, or SERVICES")
