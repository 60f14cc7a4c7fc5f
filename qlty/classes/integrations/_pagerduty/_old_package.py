"""Version 1 of pytest-pagerduty, whose files have the names of ours."""

from __future__ import annotations


def complaint() -> str | None:
    """Return what to do where version 1 is installed beside us, ``None`` where it is not."""
    from importlib.metadata import distributions

    versions = {found.version for found in distributions(name="pytest-pagerduty")}
    old = sorted(version for version in versions if version.startswith("1."))
    if not old:
        return None
    return (
        f"pytest-pagerduty {old[0]} is installed beside qlty-framework and has files of the same "
        "names: uninstall both, then install qlty-framework"
    )
