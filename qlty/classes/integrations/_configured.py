"""What the integrations that ship with the framework share: settings by the one rule."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from qlty.classes.integrations._preflight import preflight
from qlty.classes.integrations._when import held_back
from qlty.classes.integrations.base_integration import Integration
from qlty.settings import IntegrationSettings, flag, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.classes.integrations._rehearsal import Request
    from qlty.results import RunInfo, TestResults

Settings = TypeVar("Settings", bound=IntegrationSettings)


def fingerprint(secret: str) -> str:
    """Return what tells one credential from another in a target, and tells nothing of it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


class ConfiguredIntegration(Integration, Generic[Settings]):
    """An integration whose settings are typed.

    They are loaded when they are first needed, never by the constructor: a wrong setting of one
    integration must not keep the next one from being registered.
    """

    runs_in = "reporter"
    settings_class: ClassVar[type[IntegrationSettings]]

    @cached_property
    def settings(self) -> Settings:
        """The settings of this integration.

        Raises:
            SettingsError: with all that is missing or wrong.
        """
        return load(type(self).name.upper(), self.settings_class)  # type: ignore[return-value]

    @property
    def required(self) -> bool:  # type: ignore[override]
        """``REQUIRED``, even where other settings are wrong."""
        return flag(type(self).name.upper(), "required")

    @property
    def must_deliver(self) -> bool:  # type: ignore[override]
        """``MUST_DELIVER``, even where other settings are wrong."""
        return flag(type(self).name.upper(), "must_deliver")

    def preflight(self, check: Callable[[], object]) -> None:
        """Run what is to be asked before the tests, by the rule that all integrations share.

        See :func:`qlty.classes.integrations._preflight.preflight`.
        """
        preflight(check, required=self.required, note=self.note)

    def failed_before(self) -> frozenset[str] | None:
        """Return the node ids that failed in the run before; ``None`` where none is known."""
        history = self._courier.history if self._courier is not None else None
        return history.failed_last() if history is not None and history.known else None

    def held_back(self, results: TestResults, run: RunInfo) -> str:
        """Say why a run is not to be reported by ``WHEN``; ``""`` if it is."""
        return held_back(self.settings.when, results, run, self.failed_before())

    def rehearse(self, request: Request) -> Any:
        """Answer a request of a dry run as the remote would.

        An integration that overrides it takes part in dry runs; it sends to addresses of its
        settings only (fields of type ``Url`` or ``SecretUrl``).

        Returns:
            JSON or text for the status 200, ``(status, JSON or text)`` for another one; ``None``
            for a request that has no answer.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be rehearsed: {request.url}")

    @classmethod
    def can_rehearse(cls) -> bool:
        """Say whether it takes part in dry runs."""
        return cls.rehearse is not ConfiguredIntegration.rehearse
