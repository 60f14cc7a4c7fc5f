"""Whether a run is active around this process, or asked for."""

from __future__ import annotations

from typing import Any

import pytest

#: set in the environment while a run is active, so that a pytest started by one of its tests
#: stays quiet
ACTIVE_RUN = "QLTY_ACTIVE_RUN"


def report_to_ini(config: pytest.Config) -> list[str] | None:
    """Return the ini key ``report_to``: text or a list, in every format that pytest reads."""
    try:
        names: list[str] | None = config.getini("report_to")
    except (
        TypeError,
        pytest.UsageError,
    ):  # typed TOML, with text in the place of the list that was registered
        return [str(config._inicfg["report_to"].value)]
    return names


_DESELECTED = "qlty_deselected"
_deselected = pytest.StashKey[bool]()


def note_deselection(config: pytest.Config) -> None:
    """Remember that tests are left out; an xdist worker tells its controller."""
    config.stash[_deselected] = True
    if hasattr(config, "workeroutput"):
        config.workeroutput[_DESELECTED] = True


def take_note_of(config: pytest.Config, node: Any) -> None:
    """Remember what a worker of xdist said when it ended; one that crashed said nothing."""
    if getattr(node, "workeroutput", {}).get(_DESELECTED):
        note_deselection(config)


def was_deselected(config: pytest.Config) -> bool:
    """Say whether tests of the chosen files were left out, as far as it is known by now."""
    return config.stash.get(_deselected, False)
