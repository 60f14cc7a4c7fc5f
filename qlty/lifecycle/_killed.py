"""A run that was killed while its reporter followed it: the reporter tells the rest at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations._resolve import find_class
from qlty.classes.integrations.registry import Registry
from qlty.errors import RunAborted
from qlty.lifecycle._play import Player
from qlty.runtime import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qlty.classes.integrations.registry import HookLimits
    from qlty.lifecycle._courier import RunCourier
    from qlty.results import RunInfo, TestCase, TestResult


class Survivors:
    """The integrations that a killed run had in its own process, by new instances.

    Args:
        integrations: names and class paths.
        info: the facts of the run.
        limits: of the hooks.
    """

    def __init__(
        self, integrations: Iterable[Sequence[str]], info: RunInfo, limits: HookLimits
    ) -> None:
        self._integrations = integrations
        self.registry = Registry(limits)
        self.player = Player(self.registry, info)

    def start(self, courier: RunCourier, ended: Iterable[tuple[TestCase, TestResult]]) -> None:
        """Build them, and tell them of the run from its beginning to its last test."""
        self.registry.connect(courier)
        for name, path in self._integrations:
            try:
                integration = find_class(path)()
                self.registry.register(integration, path, name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a project's own constructor
                logger.warning("%s cannot report the killed run: %s", path, one_line(error))
        try:
            self.registry.on_run_start()
        except RunAborted as error:
            logger.warning("the killed run cannot be reported now: %s", error)
            for integration in tuple(self.registry):
                self.registry.deregister(integration)
        for case, result in ended:
            self.player.test_ended(case, result)

    @property
    def told(self) -> set[str]:
        """The class paths of those that have been told."""
        return {self.registry.class_path(integration) for integration in self.registry}
