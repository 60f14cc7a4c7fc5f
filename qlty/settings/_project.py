"""The test project's ``settings`` module."""

from __future__ import annotations

import importlib
import sys
import traceback
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError
from qlty.settings._imports import ProjectImports
from qlty.settings._suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALIAS = "settings"
_NONE = "none"
_NAMING = "--qlty-settings, qlty_settings or QLTY_SETTINGS"


def _defaults() -> Mapping[str, Any]:
    return {
        "DEBUG_LEVEL": "INFO",
        "CUSTOM_INTEGRATIONS": [],
        "ENVIRONMENTS": {},
        "PROJECT_CONFIG": {},
    }


_open: list[ProjectImports] = []


def import_project_settings(rootdir: str | Path, name: str = _ALIAS, *, named: bool) -> ModuleType:
    """Import the settings module of the project in ``rootdir``.

    Inside of :func:`project_scope` it is importable as ``settings``, whatever its name, and names
    that a project left out have their default; without any module, a default stands in.
    ``sys.path`` stays as it is, and so does what the tests find as ``settings``.

    Args:
        rootdir: the project's root.
        name: dotted name of the module; ``none`` for no module at all.
        named: somebody asked for this very module, so that it must be there.

    Raises:
        SettingsError: it was named and is missing, or it raises; with file and line.
    """
    close_project()
    imports = ProjectImports(rootdir)
    _open.append(imports)
    wanted = name.lower() != _NONE and (named or imports.has(name.partition(".")[0]))
    module = _import(imports, name) if wanted else ModuleType(_ALIAS, "The project has none.")
    imports.use(module, _ALIAS, _defaults())
    return module


def project_scope() -> AbstractContextManager[None]:
    """Let code of the project's integrations, while the block runs, import what is the project's.

    That is ``settings``, and what lies in the root; see :class:`ProjectImports`.
    """
    return _open[0].scope() if _open else nullcontext()


def import_of_project(name: str) -> ModuleType:
    """Import a module of which the project's settings speak: the root's, where it has one.

    Raises:
        Exception: whatever the module raises.
    """
    return _open[0].import_module(name) if _open else importlib.import_module(name)


def close_project() -> None:
    """Forget the project: its modules are found by nobody's help from here on."""
    for imports in _open:
        imports.close()
    _open.clear()


def _import(imports: ProjectImports, name: str) -> ModuleType:
    present = sys.modules.get(name)
    if present is not None and _left_by_other_run(present):
        _forget(name)
    known = name in sys.modules
    try:
        module = imports.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise SettingsError(_not_found(imports.root, name)) from None
        raise SettingsError(_raised(name, error)) from error
    except (Exception, SystemExit) as error:
        raise SettingsError(_raised(name, error)) from error
    return module if known else _mark(module)


def _forget(name: str) -> None:
    for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
        del sys.modules[known]


def _mark(module: ModuleType) -> ModuleType:
    vars(module)["__qlty_settings__"] = True
    return module


def _left_by_other_run(module: ModuleType) -> bool:
    """Two runs in one process may be of two projects, or of one that was edited in between."""
    return "__qlty_settings__" in vars(module)


def _not_found(root: str, name: str) -> str:
    here = [path.stem for path in Path(root).glob("*.py")]
    meant = nearest(name, here)
    hint = f"; did you mean {meant[0]!r}?" if meant else ""
    return (
        f"settings module {name!r} not found: looked in {root} and the rest of sys.path; "
        f"name it with {_NAMING}{hint}"
    )


def _raised(name: str, error: BaseException) -> str:
    file, line = _origin(name, error)
    words = traceback.format_exception_only(type(error), error)[-1].strip()
    return (
        f"settings module {name!r} raises: {file}:{line}: {words}\n"
        f"Another module can be named with {_NAMING}; the name {_NONE!r} means to do without."
    )


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
