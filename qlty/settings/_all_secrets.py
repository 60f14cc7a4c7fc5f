"""Making every secret known before the first line is written, whoever takes part in the run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError
from qlty.masking import holds_secret, is_secret_name, remember
from qlty.settings._load import read_secret_file
from qlty.settings._report_to import BUILT_IN
from qlty.settings._sources import Found, Name, current, is_set

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = "_FILE"


def remember_secrets() -> None:
    """Have the secrets of all integrations masked, of those too that take no part in the run.

    They are known by their names, such as ``TOKEN`` in ``SLACK``: no integration is imported.
    """
    for name, value in _settings():
        if name.full.endswith(_FILE):
            _remember_file(name, value)
        elif is_secret_name(name.full):
            for text in _texts(value):
                remember(text)
    for key, value in vars(current().module or object).items():
        if isinstance(value, str) and is_secret_name(key) and holds_secret(key, value):
            remember(value)


def _settings() -> Iterator[tuple[Name, Any]]:
    """Yield what is set, wherever, for any integration."""
    sources = current()
    sections = {
        name: section
        for name, section in vars(sources.module or object).items()
        if isinstance(section, Mapping) and name.isupper()
    }
    for integration, section in sections.items():
        for key, value in tuple(section.items()):
            yield Name(integration, str(key).upper()), value
    prefixes = {*sections, *map(str.upper, BUILT_IN)}
    for given in (sources.options, sources.ini, sources.environ):
        for key, value in tuple(given.items()):
            prefix = next((p for p in prefixes if key.upper().startswith(f"{p}_")), None)
            if prefix is not None and is_set(value):
                yield Name(prefix, key.upper()), value


def _remember_file(name: Name, path: Any) -> None:
    # a pipe would be empty for whoever is to read it
    with suppress(SettingsError, OSError, TypeError, ValueError):
        if is_secret_name(name.full.removesuffix(_FILE)) and Path(path).expanduser().is_file():
            remember(read_secret_file(name, Found(str(name), path)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, list | tuple | set):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str) and is_set(value):
        yield value.strip()
