"""One rule for what an integration asks its remote before the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._guard import attempt, one_line
from qlty.delivery import classify
from qlty.errors import QltyError, Refused, RetryLater, SettingsError
from qlty.settings import QltySettings, load

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds that ``on_run_start`` may take where nothing else is set
_HOOK_SECONDS = 30.0
#: the part of them that the questions may take, so that the hook itself can still end
_PART = 0.75


def preflight(
    check: Callable[[], object],
    *,
    required: bool,
    note: Callable[[str], None],
    seconds: float | None = None,
) -> None:
    """Run what an integration asks before the tests; only an answer keeps it out of the run.

    A remote that cannot be reached, takes too long or answers with something else than was asked
    for is a note: the integration takes part, and what it delivers waits until it can be sent.
    With ``required`` that is a failure, too.

    Args:
        check: asks; raises ``SettingsError`` or ``Refused`` for what is certainly wrong.
        required: whether a run must not begin unless all of this could be checked.
        note: takes what could not be checked, a line each.
        seconds: for all of it; by default three quarters of what ``on_run_start`` may take.

    Raises:
        SettingsError, Refused: what ``check`` raised.
        Exception: with ``required``, why the check did not come to its end.
    """
    raised: list[Exception] = []

    def ask() -> None:
        try:
            check()
        except Exception as error:
            raised.append(error)
            raise

    failure = attempt(ask, _seconds() if seconds is None else seconds)
    if failure is None:
        return
    if failure.interrupted:
        raise KeyboardInterrupt
    error = _plain(raised[0]) if raised else RetryLater(failure.cause)
    if required or isinstance(error, SettingsError | Refused):
        raise error
    note(f"not all of it was checked before the run: {one_line(error)}")


def _plain(error: Exception) -> Exception:
    """A client's own words hide what happened behind how often it tried."""
    verdict = classify(error)
    again = verdict.action == "retry" and not isinstance(error, QltyError)
    return RetryLater(verdict.reason) if again else error


def _seconds() -> float:
    return _PART * (load("QLTY", QltySettings).hook_timeout or _HOOK_SECONDS)
