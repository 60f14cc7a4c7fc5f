"""Building senders in a process that did not register them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from qlty.delivery._drain import Sender


class ImportedSenders:
    """Builds each integration once from its dotted class path, without arguments.

    Deliveries of integrations that have no class path (instances made by the project) are left to
    a process that has them.
    """

    def __init__(self) -> None:
        self._built: dict[str, Sender] = {}

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        """Return the sender of an integration.

        Raises:
            Exception: whatever importing or constructing it raises.
        """
        if class_path is None:
            return None
        if integration not in self._built:
            self._built[integration] = _build(integration, class_path)
        return self._built[integration]


class NoSenders:
    """Stands in where the settings cannot be read: everything waits, for this reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get(self, integration: str, class_path: str | None) -> Sender | None:
        """Raise the reason.

        Raises:
            Exception: what reading the settings raised.
        """
        del integration, class_path
        raise self._error


def _build(integration: str, class_path: str) -> Sender:
    module_name, _, class_name = class_path.rpartition(".")
    sender = getattr(importlib.import_module(module_name), class_name)()
    # the name is given at registration; settings and messages of the sender use it
    sender.name = integration
    return cast("Sender", sender)
