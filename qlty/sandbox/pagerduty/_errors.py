"""PagerDuty's way of saying no.

Sources: developer.pagerduty.com, REST API errors; the quoted answers are from public issues.
"""

from __future__ import annotations

from typing import Any


class PagerDutyError(Exception):
    """A refusal: HTTP status and the JSON body."""

    def __init__(self, status: int, body: Any, reason: str) -> None:
        super().__init__(reason)
        self.status, self.body, self.reason = status, body, reason


def refusal(status: int, message: str, code: int, *errors: str) -> PagerDutyError:
    """The usual shape: `{"error": {"message", "code", "errors"}}`."""
    error: dict[str, Any] = {"message": message, "code": code}
    if errors:
        error["errors"] = list(errors)
    told = "; ".join(errors)
    reason = f"{message} ({code}): {told}" if told else f"{message} ({code})"
    return PagerDutyError(status, {"error": error}, reason)


def invalid(*errors: str) -> PagerDutyError:
    """400, code 2001: a field is missing or wrong."""
    return refusal(400, "Invalid Input Provided", 2001, *errors)


def caused(*errors: str) -> PagerDutyError:
    """400, code 2002: the arguments do not go with what exists."""
    return refusal(400, "Arguments Caused Error", 2002, *errors)


def not_found(what: str) -> PagerDutyError:
    """404 for an id or a path that does not exist."""
    error = refusal(404, "Not Found", 2100)
    return PagerDutyError(error.status, error.body, f"{error.reason}: {what}")


def denied(why: str) -> PagerDutyError:
    """403 for a key that may not do this."""
    error = refusal(403, "Access Denied", 2010)
    return PagerDutyError(error.status, error.body, f"{error.reason}: {why}")


def invalid_event(*errors: str) -> PagerDutyError:
    """Events v2's 400; what is too long is refused, never cut."""
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return PagerDutyError(400, body, "invalid event: " + "; ".join(errors))
