"""Where settings come from, and how a setting is called in each of these places."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError
from qlty.runtime import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType


def _log(message: str) -> None:
    logger.warning("%s", message)


@dataclass(frozen=True, repr=False)
class Sources:
    """The four places in which settings are looked for, best first. Its repr shows no value.

    Attributes:
        options: command line; every option that exists is a key (``pagerduty_api_key``), those
            that were not given are ``None``.
        ini: the same for ini keys; values are text, or lists from typed TOML.
        environ: the environment, as it was when this was made: what a test changes there does not
            change how the run is delivered.
        module: the project's ``settings`` module.
        warn: called once per message about what is odd but does not stop anything.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    ini: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    module: ModuleType | None = None
    warn: Callable[[str], None] = _log
    _said: set[str] = field(default_factory=set)

    def warn_once(self, message: str) -> None:
        """Pass the message on unless it was said before."""
        if message not in self._said:
            self._said.add(message)
            self.warn(message)


_installed: list[Sources] = []


def install(sources: Sources) -> None:
    """Make these the sources of every :func:`qlty.settings.load` that follows."""
    _installed[:] = [sources]


def current() -> Sources:
    """Return what was installed; before that, sources that know the environment alone."""
    return _installed[0] if _installed else Sources()


@dataclass(frozen=True)
class Name:
    """The name of one setting in every place."""

    integration: str
    key: str

    @property
    def full(self) -> str:
        """``NAME_KEY``, without a second prefix."""
        prefix = f"{self.integration}_"
        return self.key if self.key.startswith(prefix) else prefix + self.key

    @property
    def short(self) -> str:
        """``KEY``, without the prefix."""
        return self.full[len(self.integration) + 1 :]

    def __str__(self) -> str:
        return f"{self.integration} {self.key}"


@dataclass(frozen=True)
class Found:
    """A value and the place that it was found in."""

    place: str
    raw: Any = field(repr=False)


def find(name: Name, sources: Sources) -> Found | None:
    """Return the value of the best place that has one.

    Raises:
        SettingsError: ``settings.py`` has it under both of its names, with different values.
    """
    return next((found for found in _candidates(name, sources) if is_set(found.raw)), None)


def is_set(raw: Any) -> bool:
    """Say whether there is a value: ``os.getenv`` gives ``None``, an empty CI variable ``''``."""
    return raw is not None and not (isinstance(raw, str) and not raw.strip())


def _candidates(name: Name, sources: Sources) -> Iterator[Found]:
    low = name.full.lower()
    yield Found(f"option --{low}", sources.options.get(low))
    yield Found(f"ini key {low}", sources.ini.get(low))
    yield Found(f"environment variable {name.full}", sources.environ.get(name.full))
    section = section_of(name.integration, sources)
    given = {key: section.get(key) for key in (name.short, name.full) if is_set(section.get(key))}
    if len(given) == 2 and given[name.short] != given[name.full]:
        raise SettingsError(
            f"{name} stands twice in {module_label(sources)}, "
            f"as {name.short!r} and as {name.full!r}, with different values: remove one"
        )
    for key, raw in given.items():
        yield Found(f"{module_label(sources)} {name.integration}[{key!r}]", raw)


def section_of(integration: str, sources: Sources) -> Mapping[str, Any]:
    """Return the dict ``NAME`` of the settings module, empty where it has none.

    Raises:
        SettingsError: it is not a dict.
    """
    section = getattr(sources.module, integration, None)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise SettingsError(
            f"{integration} in {module_label(sources)} is {type(section).__name__}: "
            f"a dict is needed, such as {integration} = {{'KEY': 'value'}}"
        )
    return section


def places(name: Name, sources: Sources) -> list[str]:
    """Return every place in which this setting may be given, as they are called there."""
    low = name.full.lower()
    found = [f"option --{low}"] if low in sources.options else []
    found += [f"ini key {low}"] if low in sources.ini else []
    found.append(f"environment variable {name.full}")
    found.append(f"{module_label(sources)} {name.integration}[{name.short!r}]")
    return found


def module_label(sources: Sources) -> str:
    """Return the name of the settings file as people know it."""
    name = sources.module.__name__ if sources.module else "settings"
    return f"{name.replace('.', '/')}.py"
