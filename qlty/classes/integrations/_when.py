"""Whether a run is reported: one rule for every integration with the setting ``WHEN``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty import config
from qlty.results import iter_results, run_outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from qlty.results import RunInfo, TestResults


def held_back(
    when: str, results: TestResults, run: RunInfo, failed_before: Collection[str] | None
) -> str:
    """Say why a run is not reported; ``""`` if it is.

    Args:
        when: ``always``, ``failure``, ``success``, ``change`` or ``never``.
        results: of the whole run.
        run: its facts, with the exit status.
        failed_before: node ids that failed in the run before; ``None`` where none is known.
    """
    failed = {each["nodeid"] for each in iter_results(results) if each["status"] == "failed"}
    outcome = run_outcome(len(failed), run)
    if outcome == "failure" and not config.REPORT_ON_FAIL:
        return "the run failed, and REPORT_ON_FAIL is off"
    if when == "never" or (when in {"success", "failure"} and when != outcome):
        return f"the run was a {outcome}, and WHEN is {when}"
    if when == "change" and failed_before is not None:
        same = outcome == ("failure" if failed_before else "success")
        if same and failed <= set(failed_before):
            return f"a {outcome} like the run before, and WHEN is change"
    return ""
