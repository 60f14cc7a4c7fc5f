"""Names and descriptions of runs, filled in from the facts of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._templates import fill, run_facts

if TYPE_CHECKING:
    from qlty.results import RunInfo

#: characters of a run's name; no page says how many TestRail takes, its titles are this long
_NAME = 250


def name(template: str, run: RunInfo) -> str:
    """Return a run's name: one line, never empty."""
    return " ".join(fill(template, run_facts(run)).split())[:_NAME] or marker(run.get("id", ""))


def description(template: str | None, run: RunInfo) -> str:
    """Return a run's description; its last line is the QLTY id, by which the run is found again."""
    text = _default(run) if template is None else fill(template, run_facts(run))
    return f"{text}\n\n{marker(run.get('id', ''))}".strip()


def marker(run_id: str) -> str:
    """Return the line by which TestRail knows a run of ours."""
    return f"QLTY run {run_id}"


def _default(run: RunInfo) -> str:
    labels = (
        ("Environment", run.get("environment")),
        ("Platform", run.get("platform")),
        ("Branch", run.get("branch")),
        ("Commit", run.get("commit")),
        ("CI job", run.get("ci_url")),
        ("Host", run.get("host")),
    )
    return "\n".join(f"{label}: {value}" for label, value in labels if value)
