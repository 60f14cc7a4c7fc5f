"""The test project's ``settings`` module."""

from __future__ import annotations

import importlib
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError
from qlty.settings._suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALIAS = "settings"


def _defaults() -> Mapping[str, Any]:
    return {
        "DEBUG_LEVEL": "INFO",
        "CUSTOM_INTEGRATIONS": [],
        "ENVIRONMENTS": {},
        "PROJECT_CONFIG": {},
    }


def import_project_settings(rootdir: str | Path, name: str = _ALIAS, *, named: bool) -> ModuleType:
    """Import the settings module of the project in ``rootdir``, as ``settings`` too.

    ``rootdir`` is put first on ``sys.path``, so that the project's own modules are found.
    Names that a project left out get their default; without any module, a default stands in.

    Args:
        rootdir: the project's root.
        name: dotted name of the module.
        named: somebody asked for this very module, so that it must be there.

    Raises:
        SettingsError: it was named and is missing, or it raises; with file and line.
    """
    root = str(Path(rootdir).resolve())
    sys.path[:] = [root, *(entry for entry in sys.path if entry != root)]
    module = _import(root, name) if named else _import_own(root, name)
    for key, value in _defaults().items():
        if not hasattr(module, key):
            setattr(module, key, value)
    sys.modules[_ALIAS] = module
    return module


def _import_own(root: str, name: str) -> ModuleType:
    """Import the module of this very project, never one of the same name found elsewhere."""
    importlib.invalidate_caches()
    if PathFinder.find_spec(name.partition(".")[0], [root]) is None:
        return _stand_in(name)
    return _import(root, name)


def _stand_in(name: str) -> ModuleType:
    present = sys.modules.get(name)
    if present is not None and not _left_by_other_run(present):
        return present  # somebody else's, such as Django's: taking it away would break them
    return _mark(ModuleType(name, "Defaults: the project has no settings module."))


def _import(root: str, name: str) -> ModuleType:
    present = sys.modules.get(name)
    if present is not None and (_left_by_other_run(present) or not _is_below(present, root)):
        _forget(name)
    importlib.invalidate_caches()
    try:
        return _mark(importlib.import_module(name))
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise SettingsError(_not_found(root, name)) from None
        raise SettingsError(_raised(name, error)) from error
    except (Exception, SystemExit) as error:
        raise SettingsError(_raised(name, error)) from error


def _forget(name: str) -> None:
    for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
        del sys.modules[known]


def _mark(module: ModuleType) -> ModuleType:
    vars(module)["__qlty_settings__"] = True
    return module


def _left_by_other_run(module: ModuleType) -> bool:
    """Two runs in one process may be of two projects, or of one that was edited in between."""
    return "__qlty_settings__" in vars(module)


def _is_below(module: ModuleType, root: str) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(root)


def _not_found(root: str, name: str) -> str:
    here = [path.stem for path in Path(root).glob("*.py")]
    meant = nearest(name, here)
    hint = f"; did you mean {meant[0]!r}?" if meant else ""
    return (
        f"settings module {name!r} not found: looked in {root} and the rest of sys.path; "
        f"name it with --qlty-settings, qlty_settings or QLTY_SETTINGS{hint}"
    )


def _raised(name: str, error: BaseException) -> str:
    file, line = _origin(name, error)
    words = traceback.format_exception_only(type(error), error)[-1].strip()
    return f"settings module {name!r} raises: {file}:{line}: {words}"


def _origin(name: str, error: BaseException) -> tuple[str, int | None]:
    """Return the last line of the settings file itself that led to the error."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    suffix = "/".join(name.split("."))
    own = [frame for frame in frames if suffix in frame.filename.replace("\\", "/")]
    last = (own or frames)[-1] if frames else None
    return (last.filename, last.lineno) if last else (name, None)
