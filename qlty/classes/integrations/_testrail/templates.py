"""Names and descriptions of runs, filled in from the facts of the run."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RUN_FACTS = ("project", "environment", "platform", "branch", "commit", "ci_url", "host", "user")
PLACEHOLDERS = ("run_id", "date", "time", *_RUN_FACTS)

#: characters of a run's name; no page says how many TestRail takes, its titles are this long
_NAME = 250


def problems(setting: str, template: str) -> Iterable[str]:
    """Yield what is wrong with a template, in words that name the setting."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        yield f"TESTRAIL {setting} is no template: {error}"
        return
    for name in names:
        if name not in PLACEHOLDERS:
            known = ", ".join(PLACEHOLDERS)
            yield f"TESTRAIL {setting} has {{{name}}}, which is not known; known are {known}"


def fill(template: str, run: Mapping[str, Any]) -> str:
    """Return the template with the facts of the run in it; what is not known is empty.

    Raises:
        SettingsError: the template has a placeholder that is not known.
    """
    for problem in problems("template", template):
        raise SettingsError(problem)
    start = run.get("start")
    facts = {name: run.get(name) or "" for name in _RUN_FACTS} | {
        "run_id": run.get("id", ""),
        "date": f"{start:%Y-%m-%d}" if start else "",
        "time": f"{start:%H:%M}" if start else "",
    }
    return template.format_map(facts)


def name(template: str, run: Mapping[str, Any]) -> str:
    """Return a run's name: one line, never empty."""
    return " ".join(fill(template, run).split())[:_NAME] or marker(run.get("id", ""))


def description(template: str | None, run: Mapping[str, Any]) -> str:
    """Return a run's description; its last line is the QLTY id, by which the run is found again."""
    text = _default(run) if template is None else fill(template, run)
    return f"{text}\n\n{marker(run.get('id', ''))}".strip()


def marker(run_id: str) -> str:
    """Return the line by which TestRail knows a run of ours."""
    return f"QLTY run {run_id}"


def _default(run: Mapping[str, Any]) -> str:
    labels = (
        ("Environment", run.get("environment")),
        ("Platform", run.get("platform")),
        ("Branch", run.get("branch")),
        ("Commit", run.get("commit")),
        ("CI job", run.get("ci_url")),
        ("Host", run.get("host")),
    )
    return "\n".join(f"{label}: {value}" for label, value in labels if value)
