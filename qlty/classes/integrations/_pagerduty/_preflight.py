"""What can be said of credentials and services before the first test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._pagerduty._settings import Route
from qlty.classes.integrations._pagerduty._wire import Unauthorized
from qlty.errors import Refused, SettingsError

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings


def preflight(settings: PagerDutySettings) -> list[str]:
    """Return what will keep incidents from being opened, a line each.

    Raises:
        SettingsError: the credentials are refused.
    """
    rest = Rest(settings)
    try:
        rest.check_credentials()
    except Unauthorized as error:
        raise SettingsError(refused(settings, error)) from None
    except Refused:
        pass  # a scoped token need not see abilities to open incidents
    except Exception as error:  # noqa: BLE001 - whatever the client raises: the run goes on
        return [_not_asked(error)]
    problems: list[str] = []
    try:
        for service in _named(settings):
            problems += rest.problems_of(service)
        if settings.api_key and not settings.default_from and not rest.is_user_key():
            problems.append(
                "PAGERDUTY_DEFAULT_FROM is not set: an account's API key needs it to open incidents"
            )
    except Exception as error:  # noqa: BLE001 - the same
        problems.append(_not_asked(error))
    return problems


def _not_asked(error: Exception) -> str:
    return f"PagerDuty could not be asked before the run: {error}"


def refused(settings: PagerDutySettings, error: Refused) -> str:
    """Name the credential that PagerDuty does not take."""
    name = "PAGERDUTY_API_KEY" if settings.api_key else "PAGERDUTY_OAUTH_TOKEN"
    return f"{name} is refused by {settings.api_url}: {error.reason}; is it of another region?"


def _named(settings: PagerDutySettings) -> list[str]:
    """Return the services that the settings name; those of markers are not known yet."""
    targets = [
        target.service_id if isinstance(target, Route) else target
        for target in settings.services.values()
    ]
    return list(dict.fromkeys(service for service in [settings.service_id, *targets] if service))
