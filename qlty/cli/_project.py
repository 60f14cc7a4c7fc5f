"""Finding a project, its settings and its state folder outside of a test run."""

from __future__ import annotations

import configparser
import importlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty import config
from qlty.delivery import use_settings
from qlty.errors import SettingsError
from qlty.runs import StateDir
from qlty.settings import BUILT_IN, QltySettings, current, install, load, report_to

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

STATE_DIR = ".qlty-framework"

# as pytest looks for its configuration, best first:
# https://docs.pytest.org/en/stable/reference/customize.html
_INI_FILES = (
    ("pytest.toml", ("pytest",)),
    (".pytest.toml", ("pytest",)),
    ("pytest.ini", ("pytest",)),
    (".pytest.ini", ("pytest",)),
    ("pyproject.toml", ("tool", "pytest")),
    ("tox.ini", ("pytest",)),
    ("setup.cfg", ("tool:pytest",)),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which project is meant."""
    parser.add_argument(
        "--rootdir",
        type=Path,
        help=f"the project's root; by default the nearest folder with a {STATE_DIR}, "
        "settings.py or pytest's configuration",
    )
    parser.add_argument("--dir", type=Path, help="the state folder, where it is not in the root")
    parser.add_argument("--qlty-settings", metavar="MODULE", help="dotted name of the settings")


@dataclass(frozen=True)
class Project:
    """A project as it is found from the command line."""

    rootdir: Path
    state_dir: StateDir
    settings: str | None

    @classmethod
    def find(cls, args: argparse.Namespace) -> Project:
        """Find the project that the options of :func:`add_arguments` mean.

        Raises:
            SettingsError: there is no such folder, or its settings, which may name the state
                folder, cannot be used.
        """
        if args.rootdir and not args.rootdir.is_dir():
            raise SettingsError(f"--rootdir {args.rootdir}: there is no such folder")
        rootdir = (args.rootdir or _nearest(Path.cwd())).resolve()
        folder = args.dir or os.environ.get("QLTY_DIR")
        if not folder:
            cls(rootdir, StateDir(rootdir / STATE_DIR), args.qlty_settings).load_settings()
            folder = load("QLTY", QltySettings).dir or STATE_DIR
        return cls(rootdir, StateDir(rootdir / folder), args.qlty_settings)

    @property
    def history(self) -> Path:
        """The file of earlier outcomes; its settings are loaded."""
        return self.rootdir / (load("QLTY", QltySettings).history or self.state_dir.history)

    def load_settings(self) -> None:
        """Make the project's settings those of all integrations.

        Raises:
            SettingsError: the settings module was named and is missing, or it raises.
        """
        ini = read_ini(self.rootdir)
        name = self.settings or ini.get("qlty_settings") or os.environ.get("QLTY_SETTINGS")
        use_settings(
            {
                "rootdir": str(self.rootdir),
                "settings": name or "settings",
                "settings_named": bool(name),
                "ini": ini,
            }
        )


def _nearest(start: Path) -> Path:
    for folder in (start, *start.parents):
        # a project that was never run has no state yet, and is no part of one above it that has
        if _is_ours(folder / STATE_DIR) or _is_root(folder):
            return folder
    return start


def _is_root(folder: Path) -> bool:
    names = ("settings.py", *(name for name, _ in _INI_FILES if "pytest" in name))
    return any((folder / name).is_file() for name in names) or bool(read_ini(folder))


def _is_ours(folder: Path) -> bool:
    # anybody may leave a folder in a shared one such as /tmp, with a settings.py beside it
    return folder.is_dir() and folder.stat().st_uid == os.getuid()


def read_ini(rootdir: Path) -> dict[str, Any]:
    """Return the keys of pytest's configuration file, empty where there is none."""
    for name, table in _INI_FILES:
        path = rootdir / name
        found = (_from_toml if path.suffix == ".toml" else _from_ini)(path, table)
        if found:
            return found
    return {}


def _from_ini(path: Path, table: tuple[str, ...]) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    return dict(parser[table[0]]) if parser.has_section(table[0]) else {}


def _from_toml(path: Path, table: tuple[str, ...]) -> dict[str, Any]:
    found: Any = _toml(path)
    for name in table:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    if not isinstance(found, dict):
        return {}
    return {**found, **found.get("ini_options", {})}


def _toml(path: Path) -> dict[str, Any]:
    # tomli comes with pytest where Python has no parser of its own
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        return dict(toml.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def report_to_names(named: Sequence[str] | None) -> tuple[str, ...]:
    """Return what to report to, and have everything read settings as a run with it does.

    Args:
        named: values of ``--report-to``.

    Raises:
        SettingsError: a name is unknown.
    """
    sources = current()
    given = named or sources.ini.get("report_to")
    options = {"qlty_report_to": given} if given else {}
    install(replace(sources, options={**sources.options, **options}))
    return report_to(load("QLTY", QltySettings).report_to)


@contextmanager
def flags_of(names: Sequence[str], **more: Any) -> Iterator[None]:
    """Set the flags of the integrations that are named, and others, as a run with them does."""
    chosen = {f"{name.upper()}_INTEGRATION": True for name in names if name in BUILT_IN}
    chosen.update(more)
    before = {flag: getattr(config, flag) for flag in chosen}
    vars(config).update(chosen)
    try:
        yield
    finally:
        vars(config).update(before)
