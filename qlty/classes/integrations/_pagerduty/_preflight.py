"""What can be said of credentials, services and details before the first test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._pagerduty._settings import ROUTING_KEY_LENGTH, Route
from qlty.classes.integrations._pagerduty._wire import Unauthorized
from qlty.errors import Refused, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings

#: the kinds of details that a route can name, in words
_KINDS = {
    "priority_id": "priority",
    "escalation_policy_id": "escalation policy",
    "assignee_id": "assignee",
}


def preflight(settings: PagerDutySettings, say: Callable[[str], None], *, strict: bool) -> None:
    """Look for what keeps incidents from being opened, or from being opened as they should.

    Args:
        settings: what to look at.
        say: takes what is wrong, a line each.
        strict: raise for what no page can leave with, and try whether the key may write: by an
            incident without title and service, which PagerDuty refuses.

    Raises:
        SettingsError: the credentials are refused; with ``strict``, also all that stops pages.
        DeliveryError: PagerDuty cannot be asked.
    """
    if settings.uses_rest:
        rest = Rest(settings)
        stops = list(_stops_rest(rest, settings, say, strict=strict))
        for problem in _unknown_details(rest, settings):
            say(problem)
    else:
        stops = list(_stops_events(settings))
        if problem := settings.one_key_for(_services(settings)):
            say(problem)
    if strict and stops:
        raise SettingsError("no page can leave:\n  - " + "\n  - ".join(stops))
    for problem in stops:
        say(problem)


def _stops_rest(
    rest: Rest, settings: PagerDutySettings, say: Callable[[str], None], *, strict: bool
) -> Iterator[str]:
    try:
        rest.check_credentials()
    except Unauthorized as error:
        raise SettingsError(refused(settings, error)) from None
    except Refused:
        pass  # a scoped token need not see abilities to open incidents
    trouble = _trouble_with_from(rest, settings)
    if trouble:
        yield trouble
    if strict and (words := rest.may_not_write()):
        yield f"{_credential(settings)} may not open incidents: {words}"
    for service, problem, lasting in rest.problems_of_many(_services(settings)):
        if lasting:
            yield f"service {service} {problem}"
        else:
            say(f"service {service} {problem}")


def _trouble_with_from(rest: Rest, settings: PagerDutySettings) -> str:
    sender = settings.default_from
    if sender:
        unknown = rest.knows_user(sender) is False
        return f"PAGERDUTY_DEFAULT_FROM: {sender} is no user of the account" if unknown else ""
    if settings.api_key and not rest.is_user_key():
        return "PAGERDUTY_DEFAULT_FROM is not set: an account's API key needs it to open incidents"
    return ""


def _unknown_details(rest: Rest, settings: PagerDutySettings) -> Iterator[str]:
    """Look at the details of ``SERVICES``; those of markers are not known yet."""
    routes = [route for route in settings.services.values() if isinstance(route, Route)]
    for field, kind in _KINDS.items():
        for name in dict.fromkeys(getattr(route, field) for route in routes):
            if name and rest.knows(field, name) is False:
                yield (
                    f"PAGERDUTY SERVICES: PagerDuty knows no {kind} {name}: "
                    "incidents are opened without it"
                )


def _stops_events(settings: PagerDutySettings) -> Iterator[str]:
    keys = settings.routing_key
    assert keys is not None
    for service in keys.services:
        length = len(keys.of(service) or "")
        if length != ROUTING_KEY_LENGTH:
            of = f" of service {service}" if service else ""
            yield (
                f"PAGERDUTY_ROUTING_KEY{of} has {length} characters, "
                f"integration keys have {ROUTING_KEY_LENGTH}"
            )
    for service in _services(settings):
        if keys.of(service) is None:
            yield f"PAGERDUTY_ROUTING_KEY has no key for service {service}"


def refused(settings: PagerDutySettings, error: Refused) -> str:
    """Name the credential that PagerDuty does not take."""
    name = _credential(settings)
    return f"{name} is refused by {settings.api_url}: {error.reason}; is it of another region?"


def _credential(settings: PagerDutySettings) -> str:
    return "PAGERDUTY_API_KEY" if settings.api_key else "PAGERDUTY_OAUTH_TOKEN"


def _services(settings: PagerDutySettings) -> list[str]:
    """Return the services that the settings name; those of markers are not known yet."""
    targets = [
        target.service_id if isinstance(target, Route) else target
        for target in settings.services.values()
    ]
    return list(dict.fromkeys(service for service in [settings.service_id, *targets] if service))
