"""Which integrations a run reports to, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qlty.errors import SettingsError
from qlty.settings._load import load
from qlty.settings._model import QltySettings
from qlty.settings._sources import current
from qlty.settings._suggest import nearest

#: Names of the integrations that come with the framework.
BUILT_IN = ("pagerduty", "slack", "testrail")
_GROUP = "qlty.integrations"


class Entry(str):
    """A dotted path to a class, and what is known of it without importing it.

    Attributes:
        name: how the integration is called; empty where its class says it.
        required: no run may start without it.
    """

    name: str
    required: bool

    def __new__(cls, path: str, name: str = "", *, required: bool = False) -> Entry:
        """Make one."""
        made = super().__new__(cls, path)
        made.name = name
        made.required = required
        return made


def required(path: str) -> Entry:
    """Mark an entry of ``CUSTOM_INTEGRATIONS`` without which no run may start.

    ``required = True`` in the class says the same; this holds even where the class is not there.

    Raises:
        SettingsError: it is no dotted path.
    """
    if not isinstance(path, str):
        raise SettingsError(f"required() takes a dotted path, not {type(path).__name__}")
    return Entry(path, required=True)


def split_names(value: str | Iterable[Any] | None) -> tuple[str, ...]:
    """Return the names in a repeated option, an ini value or an environment variable.

    Each entry may itself be a list with commas. Names are in lower case, each once, in order.

    >>> split_names(["Slack, testrail", "slack"])
    ('slack', 'testrail')
    """
    entries = [value] if isinstance(value, str) else list(value or ())
    names = [name.strip().lower() for entry in entries for name in str(entry).split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def report_to(value: str | Iterable[Any] | None) -> tuple[str, ...]:
    """Return the names in ``value``, each of a known integration.

    Raises:
        SettingsError: a name is unknown; lists the known ones and suggests the nearest.
    """
    names = split_names(value)
    if set(names) <= set(BUILT_IN):
        return names  # without a look at the installed packages, which costs milliseconds
    known = sorted({*BUILT_IN, *installed_integrations()})
    problems = [_unknown(name, known) for name in names if name not in known]
    if problems:
        raise SettingsError(f"{' '.join(problems)} Known are {', '.join(known)}.")
    return names


def installed_integrations() -> dict[str, str]:
    """Return the dotted path of every integration that installed packages offer, by name.

    They are the entry points of the group ``qlty.integrations``; none is imported here.
    """
    from importlib.metadata import entry_points

    return {
        entry.name.lower(): f"{entry.module}.{entry.attr}" for entry in entry_points(group=_GROUP)
    }


def custom_integrations() -> list[Any]:
    """Return the integrations that are not built in: dotted paths, or instances.

    First those of installed packages that ``QLTY['REPORT_TO']`` names, then the project's
    ``CUSTOM_INTEGRATIONS``.

    Raises:
        SettingsError: a name is unknown, or ``CUSTOM_INTEGRATIONS`` is no list.
    """
    names = report_to(load("QLTY", QltySettings).report_to)
    own = getattr(current().module, "CUSTOM_INTEGRATIONS", None) or []
    if not isinstance(own, list | tuple):
        raise SettingsError(
            f"CUSTOM_INTEGRATIONS in settings.py is {type(own).__name__}: a list is needed, "
            "such as ['integrations.my_module.MyIntegration']"
        )
    others = [name for name in names if name not in BUILT_IN]
    installed = installed_integrations() if others else {}
    return [*(Entry(installed[name], name) for name in others), *own]


def _unknown(name: str, known: list[str]) -> str:
    meant = nearest(name, known)
    hint = f": did you mean {meant[0]!r}?" if meant else "."
    return f"report_to {name!r} is not a known integration{hint}"
