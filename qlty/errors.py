"""Every exception of QLTY Framework.

- QltyError
    - SettingsError            a setting is missing or wrong; names it and where it was looked for
    - RegistrationError        an integration cannot be registered; names the entry and the cause
    - RunAborted               a required integration says that the run must not begin
    - OutboxError              the outbox cannot be used as asked (newer version, unknown id)
    - JournalError             the record of a run cannot be read
    - HistoryError             the file of earlier outcomes cannot be used
    - DeliveryError            one attempt to deliver failed; the subclass says what follows
        - RetryLater           the remote was not reached or asked to wait: try again
        - Refused              the remote understood and said no: trying again would not help
        - AnswerLost           the request may have been carried out: ask before resending
            - RemoteFailed     the remote answered that it failed, perhaps halfway
"""

from __future__ import annotations

__all__ = [
    "AnswerLost",
    "DeliveryError",
    "HistoryError",
    "JournalError",
    "OutboxError",
    "QltyError",
    "Refused",
    "RegistrationError",
    "RemoteFailed",
    "RetryLater",
    "RunAborted",
    "SettingsError",
]


class QltyError(Exception):
    """The root: whoever catches it catches everything that QLTY Framework raises on purpose."""


class SettingsError(QltyError):
    """A setting is missing or wrong. The message never contains the value of a secret."""


class RegistrationError(QltyError):
    """An integration cannot be registered."""


class RunAborted(QltyError):
    """A required integration failed before the first test.

    Attributes:
        integration: the name of the integration that asked for the abort.
        cause: what its ``on_run_start`` (or its registration) raised, in one line.
    """

    def __init__(self, integration: str, cause: str) -> None:
        super().__init__(f"run aborted: required integration {integration} failed: {cause}")
        self.integration = integration
        self.cause = cause


class OutboxError(QltyError):
    """The outbox cannot do what was asked."""


class JournalError(QltyError):
    """A file is no record of a run, or one of a newer version."""


class HistoryError(QltyError):
    """The file of earlier outcomes is of a version that is not known here."""


class DeliveryError(QltyError):
    """One attempt to deliver failed.

    Attributes:
        reason: the remote's own words where there are any, masked before they are shown.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(DeliveryError):
    """The remote was not reached, is overloaded, or asked to wait.

    Attributes:
        after: seconds that the remote asked to wait, or ``None`` where it said nothing.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Refused(DeliveryError):
    """The remote understood the request and will never accept it."""


class AnswerLost(DeliveryError):
    """The request was sent and no answer came: it may or may not have been carried out.

    Attributes:
        after: seconds that the remote asked to wait, or ``None`` where it said nothing.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class RemoteFailed(AnswerLost):
    """The remote answered that it failed: it may have done all, a part or nothing of it.

    Where it cannot be asked, this answer counts as "not done".
    """
