"""Reading a project's settings in a process that only sends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qlty.settings import (
    Sources,
    import_project_settings,
    install,
    project_scope,
    remember_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def use_settings(setup: Mapping[str, Any]) -> None:
    """Install the sources of settings that a run has told of; as JSON.

    Credentials are never stored with a delivery: this is where they are read again.

    Raises:
        SettingsError: the settings module cannot be imported.
    """
    module = None
    if setup.get("settings"):
        module = import_project_settings(
            setup.get("rootdir") or os.getcwd(),  # noqa: PTH109 -- what a relative root means
            setup["settings"],
            named=bool(setup.get("settings_named")),
        )
        # for good: no test runs in this process
        project_scope().__enter__()
    install(
        Sources(
            options=setup.get("options") or {},
            ini=setup.get("ini") or {},
            module=module,
        )
    )
    remember_secrets()
