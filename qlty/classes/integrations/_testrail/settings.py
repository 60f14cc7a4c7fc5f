"""The settings of ``TESTRAIL``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from qlty.classes.integrations._templates import RUN_PLACEHOLDERS, problems
from qlty.classes.integrations._testrail.limits import REFS, UNTESTED
from qlty.settings import IntegrationSettings, Secret, Url, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

Id = Annotated[int, Meta(ge=1, examples=[7])]

#: system name of the status for each outcome; ``None`` leaves the test out
STATUSES: dict[str, str | None] = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "skipped": None,
    "xfailed": None,
    "xpassed": "passed",
    "flaky": "passed",
    "interrupted": "failed",
}

#: in ``STATUSES``, for those who write settings in text
OMIT = "omit"

_OWN_FIELDS = "custom_"


class TestRailSettings(IntegrationSettings, frozen=True, kw_only=True):
    """The settings of ``TESTRAIL``.

    Attributes:
        base_url: address of the TestRail, without ``/index.php``.
        username: e-mail address of the account.
        api_key: its API key (or password).
        project_id: the project.
        suite_id: the suite; needed where the project has several.
        run_id: report into this run instead of a new one.
        extend_run: add cases that an existing run lacks to it.
        plan_id: make the new run in this plan.
        config_ids: configurations of the new run in the plan.
        milestone_id: milestone of the new run.
        refs: references of the new run, separated by commas.
        name: template for the new run's name.
        description: template for its description.
        close_run: close the run, if every result was stored.
        close_plan: close the plan, if every result was stored.
        statuses: system name of the status for an outcome, ``None`` to leave it out.
        version: version under test.
        fields: further fields of every result, such as ``custom_browser``.
        cases_file: JSON or CSV file that says which case a test belongs to.
        automation_id_field: field of a case that names its test, such as ``custom_automation_id``.
        attach: tests whose files are attached.
        attach_log: attach the console log to the run.
        live: send results while the run goes on.
        live_every: seconds between two live deliveries.
    """

    __test__ = False

    base_url: Url
    username: str
    api_key: Secret
    project_id: Id
    suite_id: Id | None = None
    run_id: Id | None = None
    extend_run: bool = False
    plan_id: Id | None = None
    config_ids: tuple[Id, ...] = ()
    milestone_id: Id | None = None
    refs: str | None = None
    name: str = "{project} {date} {time}"
    description: str | None = None
    close_run: bool = False
    close_plan: bool = False
    statuses: dict[str, str | None] = field(default_factory=dict)
    version: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    cases_file: Path | None = None
    automation_id_field: str | None = None
    attach: Literal["failed", "all", "never"] = "failed"
    attach_log: bool = True
    live: bool = False
    live_every: Annotated[float, Meta(ge=1, examples=[10])] = 10.0

    def problems(self) -> Iterable[str]:
        """Say what does not fit together."""
        yield from self._target_problems()
        yield from _status_problems(self.statuses)
        yield from problems("TESTRAIL NAME", self.name, RUN_PLACEHOLDERS)
        yield from problems("TESTRAIL DESCRIPTION", self.description or "", RUN_PLACEHOLDERS)
        if self.refs and len(self.refs) > REFS:
            yield f"TESTRAIL REFS has {len(self.refs)} characters; TestRail takes {REFS}"
        for name in self.fields:
            if not name.startswith(_OWN_FIELDS):
                yield f"TESTRAIL FIELDS has {name!r}: a field's system name begins with custom_"
        if self.live and self.when != "always":
            yield "TESTRAIL LIVE sends before the outcome is known: it needs WHEN = 'always'"

    def _target_problems(self) -> Iterable[str]:
        if self.run_id and self.plan_id:
            yield "TESTRAIL RUN_ID and PLAN_ID exclude each other: a run that exists is in its plan"
        if self.config_ids and not self.plan_id:
            yield "TESTRAIL CONFIG_IDS needs PLAN_ID: only runs in a plan have configurations"
        if self.close_run and self.plan_id:
            yield "TESTRAIL CLOSE_RUN: a run in a plan closes with its plan; set CLOSE_PLAN"
        if self.close_plan and not self.plan_id:
            yield "TESTRAIL CLOSE_PLAN needs PLAN_ID"
        if self.extend_run and not self.run_id:
            yield "TESTRAIL EXTEND_RUN needs RUN_ID: a new run has every case that it needs"

    def status(self, outcome: str) -> str | None:
        """Return the system name of the status for an outcome, ``None`` to leave it out."""
        name = {**STATUSES, **self.statuses}[outcome]
        return None if name == OMIT else name


def _status_problems(statuses: dict[str, str | None]) -> Iterable[str]:
    for outcome, status in statuses.items():
        if outcome not in STATUSES:
            meant = nearest(outcome, list(STATUSES))
            hint = (
                f": did you mean {meant[0]!r}?" if meant else f"; known are {', '.join(STATUSES)}"
            )
            yield f"TESTRAIL STATUSES has {outcome!r}, which is no outcome{hint}"
        if status == UNTESTED:
            yield (
                f"TESTRAIL STATUSES[{outcome!r}] is 'untested', which TestRail does not take as a "
                "result: leave the test out with None"
            )
