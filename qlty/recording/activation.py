"""From pytest's options to an active run."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qlty import config as flags
from qlty import qlty_tests
from qlty.errors import SettingsError
from qlty.lifecycle import Deliveries, Plan, Run
from qlty.recording._facts import FactsPlugin
from qlty.recording._session import SESSION, Session
from qlty.recording.active import report_to_ini, was_deselected
from qlty.runtime import no_warnings
from qlty.settings import (
    BUILT_IN,
    QltySettings,
    Sources,
    close_project,
    custom_integrations,
    import_project_settings,
    install,
    load,
    remember_secrets,
    report_to,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_FACTS = "qlty-facts"


def activate(config: pytest.Config) -> None:
    """Begin a run in the process that owns it.

    Raises:
        pytest.UsageError: the project's settings cannot be imported, a setting of QLTY itself is
            wrong, or an integration is unknown.
    """
    try:
        name = config.option.qlty_settings or config.getini("qlty_settings")
        name = name or os.environ.get("QLTY_SETTINGS")
        module = import_project_settings(config.rootpath, name or "settings", named=bool(name))
        _install(config, config.option, module)
        settings = load("QLTY", QltySettings)
        names = report_to(settings.report_to)
        custom = custom_integrations()
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    _begin(config, settings, names, custom)


def activate_worker(config: pytest.Config) -> None:
    """Let this worker put the facts of its tests on their reports."""
    if not config.pluginmanager.has_plugin(_FACTS):
        config.pluginmanager.register(FactsPlugin(), _FACTS)


@no_warnings()
def activate_late(config: pytest.Config, integrations: Sequence[str]) -> Session | None:
    """Begin a run after collection, for these integrations alone and without ``settings.py``.

    Returns:
        the session, or ``None`` in an xdist worker and where a run is active already.

    Raises:
        pytest.UsageError: a setting of QLTY itself is wrong.
    """
    if hasattr(config, "workerinput"):
        activate_worker(config)
        return None
    if config.pluginmanager.has_plugin(SESSION):
        return None
    _install(config, config.option, None)
    try:
        settings = load("QLTY", QltySettings)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    session = _begin(config, settings, integrations, (), by_tests=True)
    session.begin()
    session.await_required()
    return session


def _install(config: pytest.Config, options: Any, module: ModuleType | None) -> None:
    """Make options and ini keys known by the names that the one rule gives them."""
    given = {key: value for key, value in vars(options).items() if _is_ours(key)}
    given["qlty_report_to"] = options.report_to
    ini = {key: config.getini(key) for key in config._parser._inidict if _is_ours(key)}
    ini["qlty_report_to"] = report_to_ini(config)
    install(Sources(options=given, ini=ini, module=module))
    remember_secrets()


def _is_ours(key: str) -> bool:
    return key.startswith(("pagerduty_", "qlty_"))


def _begin(
    config: pytest.Config,
    settings: QltySettings,
    names: Sequence[str],
    custom: Sequence[Any],
    *,
    by_tests: bool = False,
) -> Session:
    chosen: dict[str, Any] = {f"{n.upper()}_INTEGRATION": True for n in names if n in BUILT_IN}
    chosen["ACTIVATED_BY_TESTS"] = by_tests
    chosen["CURRENT_ENVIRONMENT"] = flags.CURRENT_ENVIRONMENT or settings.environment
    chosen["CURRENT_PLATFORM"] = flags.CURRENT_PLATFORM or settings.platform
    before = {flag: getattr(flags, flag) for flag in chosen}
    vars(flags).update(chosen)
    plan = Plan(
        rootdir=config.rootpath,
        settings=settings,
        register=qlty_tests._register_integrations,
        custom=custom,
        environment=flags.CURRENT_ENVIRONMENT,
        platform=flags.CURRENT_PLATFORM,
    )
    run = Run(plan, _deliveries(config, settings))
    run.info["whole"] = _is_whole(config)
    run.info["entire"] = run.info["whole"] and _is_entire(config)
    config.option.qlty_run = run.info["id"]
    session = Session(config, run, after=partial(_end, before))
    config.pluginmanager.register(session, SESSION)
    return session


def _end(flags_before: dict[str, Any]) -> None:
    vars(flags).update(flags_before)
    close_project()


def _deliveries(config: pytest.Config, settings: QltySettings) -> Deliveries:
    dry_run = config.getoption("qlty_dry_run", None)
    if dry_run is not None:
        from qlty.lifecycle import Rehearsal

        try:
            folder = config.invocation_params.dir / dry_run if dry_run else None
            return Rehearsal(config.rootpath, settings, folder)
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None
    receipt = config.getoption("qlty_receipt", None)
    return Deliveries(config.rootpath, settings, Path(receipt) if receipt else None)


def _is_whole(config: pytest.Config) -> bool:
    """Say whether all tests of the chosen files run; the controller of xdist sees options alone."""
    option = config.option
    chosen = (option.keyword, option.markexpr, option.deselect, getattr(option, "lf", False))
    runner = json.loads(getattr(option, "qlty_runner", None) or "{}").get("selection", {})
    if was_deselected(config) or any((*chosen, *runner.values())):
        return False
    return not any("::" in arg for arg in config.args)


def _is_entire(config: pytest.Config) -> bool:
    """Say whether all files of the project run: none was named, and none was left out."""
    option, source = config.option, config.args_source
    if getattr(option, "ignore", None) or getattr(option, "ignore_glob", None):
        return False
    at_root = config.invocation_params.dir == config.rootpath
    return source is source.TESTPATHS or (source is source.INVOCATION_DIR and at_root)
