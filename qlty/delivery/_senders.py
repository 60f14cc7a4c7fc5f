"""Building senders in a process that did not register them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qlty.settings import import_of_project

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


def _build(integration: str, class_path: str) -> Sender:
    module_name, _, class_name = class_path.rpartition(".")
    sender = getattr(import_of_project(module_name), class_name)()
    # the name is given at registration; settings and messages of the sender use it
    sender.name = integration
    return cast("Sender", sender)
