"""Importing a project's own modules while every import of its tests stays as it is.

``settings`` and the modules of ``CUSTOM_INTEGRATIONS`` lie in the project's root, which need not be
on ``sys.path``. So there are scopes, in which code of the project's integrations runs: inside, the
root is searched as well, last; but the modules that QLTY was told of come from the root, even where
the tests have others of the same names. Outside, all of this is out of sight.

A module that a test imports later, by its own path, from the very same file, is the same object.
"""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType
    from typing import Any


class ProjectImports(MetaPathFinder):
    """What one project's own integrations can import; see the module's text."""

    def __init__(self, root: str | Path) -> None:
        self.root = str(Path(root).resolve())
        self._depth = 0
        self._lock = threading.RLock()
        #: modules that are to be seen in scopes alone, by name
        self._ours: dict[str, ModuleType] = {}
        #: top-level names that only scopes resolve as they do
        self._tops: set[str] = set()
        #: what the tests have under our names, while a scope is open
        self._theirs: dict[str, ModuleType] = {}
        self._settings: ModuleType | None = None
        self._missing: dict[str, Any] = {}
        self._size = 0
        sys.meta_path.insert(0, self)

    def close(self) -> None:
        """Take no part in any import from now on."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Let code of the project's integrations import what lies in the root."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Open a scope; scopes nest."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                for top in [top for top in self._tops if top in sys.modules]:
                    self._meet(top)
                sys.modules.update(self._ours)
                self._fill()
                self._size = len(sys.modules)

    def leave(self) -> None:
        """Close the scope that was opened last."""
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._empty()
                self._hide()
                sys.modules.update(self._theirs)
                self._theirs.clear()

    def import_module(self, name: str) -> ModuleType:
        """Import a module that QLTY was told of: the root's, wherever else there is one.

        Raises:
            Exception: whatever the module raises.
        """
        top = name.partition(".")[0]
        with self.scope():
            self._claim(top)
            return importlib.import_module(name)

    def use(self, settings: ModuleType, name: str, defaults: Mapping[str, Any]) -> None:
        """Let scopes have these settings under this name, with defaults for what they lack."""
        self._settings = settings
        self._missing = {
            key: value for key, value in defaults.items() if not hasattr(settings, key)
        }
        if sys.modules.get(name) is not settings:
            self._tops.add(name)
            self._ours[name] = settings

    def has(self, top: str) -> bool:
        """Say whether the root has a module of this name."""
        importlib.invalidate_caches()
        return self._in_root(top) is not None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for the modules of the root, and only where nobody else's import changes."""
        if not self._depth:
            return self._same(fullname, path, target)
        if path is not None:
            return None
        if fullname in self._tops:
            return self._in_root(fullname)
        if self._found_by_others(fullname, path, target) is not None:
            return None
        found = self._in_root(fullname)
        if found is not None:
            self._tops.add(fullname)
        return found

    def _same(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """Return our module where the tests' own path leads to the same file."""
        ours = self._ours.get(name)
        if ours is None or target is not None:
            return None
        spec = self._found_by_others(name, path, target)
        if spec is None or not _is_from(ours, spec):
            return None
        return spec_from_loader(name, _Given(ours), origin=spec.origin)

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _in_root(self, top: str) -> ModuleSpec | None:
        return PathFinder.find_spec(top, [self.root])

    def _claim(self, top: str) -> None:
        """Let the root's module be the one of this name, in scopes."""
        importlib.invalidate_caches()
        ours = self._in_root(top)
        if ours is None or top in self._tops:
            return
        present = sys.modules.get(top)
        if present is not None:
            if not _is_from(present, ours):
                self._tops.add(top)
                self._put_aside(top)
            return
        normal = self._found_by_others(top, None, None)
        if normal is None or _place(normal) != _place(ours):
            self._tops.add(top)

    def _meet(self, top: str) -> None:
        """Decide about a module that the tests have imported under one of our names."""
        if sys.modules[top] is not self._ours.get(top):
            self._put_aside(top)
            return
        self._tops.discard(top)  # the same module: from here on it is theirs and ours
        for name in [name for name in self._ours if _is_inside(name, top)]:
            sys.modules.setdefault(name, self._ours.pop(name))

    def _hide(self) -> None:
        if len(sys.modules) == self._size:  # most often: nothing was imported meanwhile
            for name, module in self._ours.items():
                self._ours[name] = sys.modules.pop(name, module)
            return
        for top in [top for top in self._tops if top in sys.modules]:
            self._ours.update(_take_out(top))

    def _put_aside(self, top: str) -> None:
        taken = _take_out(top)
        self._theirs.update(taken)
        self._size -= len(taken)

    def _fill(self) -> None:
        for key, value in self._missing.items():
            vars(self._settings).setdefault(key, value)

    def _empty(self) -> None:
        for key, value in self._missing.items():
            if vars(self._settings).get(key) is value:
                del vars(self._settings)[key]


class _Given(Loader):
    """Loads a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _take_out(top: str) -> dict[str, ModuleType]:
    names = [name for name in tuple(sys.modules) if _is_inside(name, top)]
    return {name: sys.modules.pop(name) for name in names}


def _is_inside(name: str, top: str) -> bool:
    return f"{name}.".startswith(f"{top}.")


def _is_from(module: ModuleType, spec: ModuleSpec) -> bool:
    own = getattr(module, "__spec__", None)
    return own is not None and _place(own) == _place(spec)


def _place(spec: ModuleSpec) -> str:
    """Return where a module is: its file, or the first folder of a package without one."""
    if spec.has_location and spec.origin:
        return str(Path(spec.origin).resolve())
    return next(
        (str(Path(folder).resolve()) for folder in spec.submodule_search_locations or ()), ""
    )
