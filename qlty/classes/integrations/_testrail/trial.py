"""The run of ``qlty-framework check --send``: something to look at, and to delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qlty.classes.integrations._testrail import target as targets
from qlty.delivery import Sent
from qlty.errors import Refused

if TYPE_CHECKING:
    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.target import Target

NAME = "QLTY Framework: a test run, sent by check --send; it can be deleted"


def make(rail: TestRail, target: Target) -> Sent:
    """Make a run with one case and no result, where a run's results would go.

    Raises:
        DeliveryError: see the client.
    """
    if target.run_id is not None:
        run = targets.read(rail, target.run_id)
        note = "nothing was sent: results go into this run, which is there already"
        return Sent(f"run R{run.id}", (run.url,), (note,))
    suite = {"suite_id": target.suite_id} if target.suite_id else {}
    cases, _ = rail.page(rail.api.cases.get_cases, "cases", 0, target.project_id, **suite)
    if not cases:
        raise Refused(f"project {target.project_id} has no case that a run could be made with")
    named = replace(target, name=NAME, description="Nothing is to be done.")
    run = targets.create(rail, named, [cases[0]["id"]])
    return Sent(f"run R{run.id} with one case and no result", (run.url,))
