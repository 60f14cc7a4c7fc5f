"""Texts that a project may word itself: ``{branch}`` and other facts of a run, and nothing else.

A template is no code: it has no format, conversion, attribute or index, with which
:meth:`str.format` would reach into objects or make a text of any length.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from qlty.errors import SettingsError
from qlty.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from qlty.results import RunInfo

_RUN_FACTS = ("project", "environment", "platform", "branch", "commit", "ci_url", "host", "user")

#: what every template knows
RUN_PLACEHOLDERS = ("run_id", "date", "time", *_RUN_FACTS)


def problems(setting: str, template: str, known: Collection[str]) -> Iterable[str]:
    """Yield what is wrong with a template, in words that name the setting.

    Args:
        setting: its name, such as ``SLACK TITLE``.
        template: the text.
        known: the names that it may have in braces.
    """
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        yield f"{setting} is no template: {error} (braces themselves are {{{{ and }}}})"
        return
    for _, name, form, conversion in fields:
        if name is None:
            continue
        if form or conversion:
            yield f"{setting} has {{{name}}} with a format: a template has only names"
        elif name not in known:
            meant = nearest(name, known)
            hint = f"did you mean {{{meant[0]}}}?" if meant else f"known are {', '.join(known)}"
            yield f"{setting} has {{{name}}}, which is not known: {hint}"


def fill(
    template: str, facts: Mapping[str, object], show: Callable[[str], str] = lambda text: text
) -> str:
    """Return the template with the facts in it.

    Args:
        template: one without :func:`problems`.
        facts: what each name stands for; nothing where it is empty.
        show: makes what the target takes of a fact; the template's own text stays as it is.

    Raises:
        SettingsError: the template has problems.
    """
    for problem in problems("a template", template, facts):
        raise SettingsError(problem)
    parts = string.Formatter().parse(template)
    return "".join(
        text + (show(str(facts[name] or "")) if name else "") for text, name, _, _ in parts
    )


def run_facts(run: RunInfo) -> dict[str, object]:
    """Return what :data:`RUN_PLACEHOLDERS` stand for in a run; what is not known is empty."""
    start = run.get("start")
    return {name: run.get(name) or "" for name in _RUN_FACTS} | {
        "run_id": run.get("id", ""),
        "date": f"{start:%Y-%m-%d}" if start else "",
        "time": f"{start:%H:%M}" if start else "",
    }
