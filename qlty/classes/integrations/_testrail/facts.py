"""From a finished test to what TestRail is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail.cases import automation_ids, case_ids, defects, marked
from qlty.classes.integrations._testrail.comments import cut
from qlty.classes.integrations._testrail.limits import FILES_PER_TEST
from qlty.classes.integrations._testrail.tests import MESSAGE, Test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qlty.classes.integrations._testrail.settings import TestRailSettings
    from qlty.results import TestCase, TestResult


def describe(
    case: TestCase,
    result: TestResult,
    settings: TestRailSettings,
    mapped: Mapping[str, tuple[int, ...]],
) -> Test | None:
    """Return what is to be sent of a test, ``None`` where nothing ties it to a case."""
    ids = case_ids(case.nodeid, result["test_case_ids"], mapped)
    names = automation_ids(case) if settings.automation_id_field and not ids else ()
    if not ids and not names:
        return None
    return Test(
        nodeid=case.nodeid,
        outcome=result["outcome"],
        status=settings.status(_kind(result)),
        case_ids=ids,
        automation_ids=names,
        duration=result["duration"],
        message=cut(_message(result), MESSAGE),
        attempts=result["attempts"],
        flaky=result["flaky"],
        interrupted=result["interrupted"],
        version=_text(marked(case, "version")),
        defects=defects(case),
        values=_values(case),
        files=_files(result, settings.attach),
    )


def _message(result: TestResult) -> str:
    """Return the failure's text; of a flaky test that of its first attempt."""
    if result["message"] or not result["flaky"]:
        return result["message"] or ""
    first = next((one for one in result.get("earlier_attempts", ()) if one["message"]), None)
    return "" if first is None else f"It failed at first:\n{first['message']}"


def _kind(result: TestResult) -> str:
    if result["interrupted"]:
        return "interrupted"
    return "flaky" if result["flaky"] else result["outcome"]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _values(case: TestCase) -> dict[str, Any]:
    """Return the markers' ``custom_...`` keywords; the nearest marker wins."""
    markers = [marker for marker in case.markers if marker.name == "testrail"]
    return {
        name: value
        for marker in reversed(markers)
        for name, value in marker.kwargs.items()
        if name.startswith("custom_")
    }


def _files(result: TestResult, attach: str) -> tuple[str, ...]:
    if attach == "never" or (attach == "failed" and result["status"] != "failed"):
        return ()
    found = [Path(file) for file in result["attachments"]]
    folder = result["results_dir"]
    if folder and Path(folder).is_dir():
        found += sorted(file for file in Path(folder).iterdir() if file.is_file())
    return tuple(dict.fromkeys(str(file.absolute()) for file in found))[:FILES_PER_TEST]
