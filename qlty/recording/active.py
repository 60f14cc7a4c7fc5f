"""Whether a run is active around this process, or asked for."""

from __future__ import annotations

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
