"""Sources that a test fills itself, and a process as clean afterwards as before."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from qlty import settings
from qlty.settings import Sources


@pytest.fixture
def said() -> list[str]:
    """Return the list that takes the warnings of :func:`sources`."""
    return []


@pytest.fixture
def given(said):
    """Install sources: ``given(options=..., ini=..., environ=..., settings_py={...})``."""
    before = settings.current()

    def fill(options=None, ini=None, environ=None, settings_py=None):
        module = ModuleType("settings")
        vars(module).update(settings_py or {})
        settings.install(
            Sources(
                options=options or {},
                ini=ini or {},
                environ=environ or {},
                module=module,
                warn=said.append,
            )
        )

    yield fill
    settings.install(before)


@pytest.fixture
def clean_imports():
    """Put ``sys.path`` and ``sys.modules`` back."""
    path, modules = list(sys.path), dict(sys.modules)
    sys.modules.pop("settings", None)
    yield
    settings.close_project()
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)
