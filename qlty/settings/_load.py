"""Read one group of settings from all sources, and report everything that is wrong at once."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from qlty.errors import SettingsError
from qlty.masking import mask_setting
from qlty.settings._convert import convert, expected, holds_secret, shown
from qlty.settings._model import IntegrationSettings
from qlty.settings._sources import (
    Found,
    Name,
    Sources,
    current,
    find,
    module_label,
    places,
    section_of,
)
from qlty.settings._suggest import nearest
from qlty.settings._values import Condition, SecretUrl, Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qlty.settings._model import Settings

    Model = TypeVar("Model", bound=Settings)

_MAX_SECRET_FILE = 65536
#: A foreign environment variable that begins alike is only mistaken for a typo from here on.
_NEAR_MISS = 0.85


def load(name: str, model: type[Model]) -> Model:
    """Return the settings ``name``, such as ``"SLACK"``, as a ``model``.

    Raises:
        SettingsError: with every problem, each naming the setting, where it was looked for or
            found, and what a right value looks like; never the value of a secret.
    """
    sources = current()
    if issubclass(model, IntegrationSettings):
        for names in _noting.get():
            names.append(name)
    # first: a misspelt key is often why another one is missing
    _warn_unknown(name, model, sources)
    values, problems = _values(name, model, sources)
    if not problems:
        settings = model(**values)
        problems = list(settings.problems())
    if problems:
        raise SettingsError(_message(name, problems))
    return settings


def flag(name: str, key: str) -> bool:
    """Return one yes-or-no setting of ``name``, whatever is wrong with its others.

    What cannot be read counts as no; :func:`load` says what is wrong with it.
    """
    try:
        found = find(Name(name, key.upper()), current())
        return found is not None and bool(convert(found.raw, bool))
    except (SettingsError, ValueError, TypeError):
        return False


def only_on(name: str, sources: Sources | None = None) -> tuple[Condition, ...]:
    """Return ``ONLY_ON`` of ``name``, whatever is wrong with its other settings.

    Raises:
        SettingsError: it is no list of conditions.
    """
    setting, kind = Name(name, "ONLY_ON"), tuple[Condition, ...]
    found = find(setting, sources or current())
    return () if found is None else _converted(setting, found, kind, secret=False)


def given(name: str, key: str) -> Any:
    """Return what somebody has set for a key that every integration has, ``None`` if nobody has.

    What cannot be read counts as not set; :func:`load` says what is wrong with it.
    """
    kinds = {field.name: field.type for field in msgspec.structs.fields(IntegrationSettings)}
    try:
        found = find(Name(name, key.upper()), current())
        return None if found is None else convert(found.raw, kinds[key])
    except (SettingsError, ValueError, TypeError):
        return None


@contextmanager
def noting_loads() -> Iterator[list[str]]:
    """Note the names under which integrations load their settings while the block runs."""
    names: list[str] = []
    before = _noting.set((*_noting.get(), names))
    try:
        yield names
    finally:
        _noting.reset(before)


#: of each thread, for integrations may be started at the same time
_noting: ContextVar[tuple[list[str], ...]] = ContextVar("noting", default=())


def missing(name: str, key: str) -> str:
    """Word the problem that ``KEY`` of ``NAME`` is needed and not set, for ``problems()``."""
    return f"{name} {key} is not set: looked for {_looked_for(Name(name, key))}"


def _message(name: str, problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return f"{len(problems)} settings of {name} are wrong:{lines}"


def _values(name: str, model: type[Settings], sources: Sources) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: dict[str, None] = {}
    # Secrets first: from then on no message about another field can show one by mistake.
    fields = msgspec.structs.fields(model)
    for field in sorted(fields, key=lambda field: not holds_secret(field.type)):
        setting = Name(name, field.name.upper())
        try:
            _read(setting, field, sources, values)
        except SettingsError as error:
            problems[str(error)] = None
    problems.update(dict.fromkeys(_plain_http(name, values, sources)))
    return values, list(problems)


def _read(
    setting: Name, field: msgspec.structs.FieldInfo, sources: Sources, values: dict[str, Any]
) -> None:
    secret = holds_secret(field.type)
    found = _find_secret(setting, sources) if secret else find(setting, sources)
    if found is not None:
        values[field.name] = _converted(setting, found, field.type, secret=secret)
    elif field.required:
        where = _looked_for(setting, secret=secret)
        raise SettingsError(f"{setting} is not set: looked for {where}; {_needed(field.type)}")


def _converted(setting: Name, found: Found, kind: Any, *, secret: bool) -> Any:
    try:
        return convert(found.raw, kind)
    except (ValueError, TypeError) as error:
        value = "" if secret else f" is {shown(found.raw)}"
        reason = f" ({mask_setting(str(error))})" if str(error) else ""
        raise SettingsError(
            f"{setting} from {found.place}{value or ' is wrong'}{reason}; {_needed(kind)}"
        ) from None


def _needed(kind: Any) -> str:
    return f"needed: {expected(kind)}"


def _looked_for(setting: Name, *, secret: bool = False) -> str:
    sources = current()
    where = places(setting, sources)
    if secret:
        where.append(f"a file named by {setting.full}_FILE")
    return ", ".join(where)


def _find_secret(setting: Name, sources: Sources) -> Found | None:
    found = find(setting, sources)
    named = find(replace(setting, key=f"{setting.key}_FILE"), sources)
    if named is None:
        return found
    if found is not None:
        raise SettingsError(f"{setting} is given twice: {found.place} and {named.place}")
    return Found(f"the file named by {named.place}", read_secret_file(setting, named))


def read_secret_file(setting: Name, named: Found) -> str:
    """Return what a file of a secret holds.

    Raises:
        SettingsError: it cannot be read, is empty or too large.
    """
    try:
        with Path(named.raw).expanduser().open("rb") as file:
            content = file.read(_MAX_SECRET_FILE + 1)
        text = content.decode("utf-8-sig").strip()
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError(f"{setting}: cannot read {_file(named)}: {reason}") from None
    if not text or len(content) > _MAX_SECRET_FILE:
        size = "too large for a secret" if text else "empty"
        raise SettingsError(f"{setting}: {_file(named)} is {size}")
    return text


def _file(named: Found) -> str:
    return f"the file {mask_setting(str(named.raw))!r} named by {named.place}"


def _plain_http(name: str, values: dict[str, Any], sources: Sources) -> Iterable[str]:
    for key, value in values.items():
        if not isinstance(value, Url | SecretUrl) or not value.is_plain():
            continue
        setting = f"{name} {key.upper()}"
        if values.get("allow_http"):
            sources.warn_once(f"{setting} is plain http: what is sent can be read on the way")
        else:
            yield f"{setting} is plain http to another host: use https, or set {name}_ALLOW_HTTP"


def _warn_unknown(name: str, model: type[Settings], sources: Sources) -> None:
    known = _known_keys(name, model)
    for key in section_of(name, sources):
        if Name(name, str(key)).short not in known:
            meant = nearest(str(key).removeprefix(f"{name}_"), known)
            hint = f": did you mean {meant[0]!r}?" if meant else ""
            sources.warn_once(
                f"{module_label(sources)} {name}[{key!r}] is not a setting of {name}{hint}"
            )
    for message in _near_misses(name, known, sources):
        sources.warn_once(message)


def _near_misses(name: str, known: list[str], sources: Sources) -> Iterable[str]:
    """Other programs own names that begin alike, so only what looks like a typo is told."""
    prefix = f"{name}_"
    full_names = {prefix + key for key in known}
    for variable in sources.environ:
        if not variable.startswith(prefix) or variable in full_names:
            continue
        meant = nearest(variable.removeprefix(prefix), known, cutoff=_NEAR_MISS)
        if meant and prefix + meant[0] not in sources.environ:
            yield (
                f"environment variable {variable} is not a setting of {name}: "
                f"did you mean {prefix}{meant[0]}?"
            )


def _known_keys(name: str, model: type[Settings]) -> list[str]:
    keys = []
    for field in msgspec.structs.fields(model):
        short = Name(name, field.name.upper()).short
        keys += [short, f"{short}_FILE"] if holds_secret(field.type) else [short]
    return keys
