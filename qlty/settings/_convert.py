"""From what stands in a source to the type that a field has, and words for what it should be."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from qlty.masking import mask_setting
from qlty.settings._values import Condition, Secret, Url

_WORDS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_EXPECTED = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "text",
    Path: "a path",
    Condition: "'ci', 'environment:PATTERN', 'branch:PATTERN' or 'tag:PATTERN'",
    Url: "an address that begins with https://",
}
_MAX_SHOWN = 60

#: about 30 years in seconds; clocks, timers and locks raise on numbers that are much larger
_MAX_NUMBER = 1e9


def convert(raw: Any, kind: Any) -> Any:
    """Return ``raw`` as a value of type ``kind``; text is read as its type asks.

    Raises:
        ValueError: it is no such value. The message never repeats the value.
    """
    inner = plain_type(kind)
    if isinstance(raw, str):
        raw = _from_text(raw.strip(), inner)
    elif _is_list(inner) and not isinstance(raw, list | tuple | set | frozenset):
        raw = [raw]
    try:
        value = msgspec.convert(raw, _without_none(kind), strict=False, dec_hook=_build)
    except msgspec.ValidationError as error:
        raise ValueError(_place_in(error)) from None
    if isinstance(value, float) and not abs(value) <= _MAX_NUMBER:
        raise ValueError("it is too large" if math.isfinite(value) else "it is not finite")
    return value


def plain_type(kind: Any) -> Any:
    """Return the type without ``None`` and without annotations."""
    kind = _without_none(kind)
    return plain_type(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def expected(kind: Any) -> str:
    """Say in words what a right value looks like."""
    metas = _metas(kind)
    words = next((meta.description for meta in metas if meta.description), None)
    words = (words or _describe(plain_type(kind))) + "".join(_bounds(meta) for meta in metas)
    examples = [str(example) for meta in metas for example in meta.examples or ()]
    return f"{words}, such as {examples[0]}" if examples else words


def holds_secret(kind: Any) -> bool:
    """Say whether a value of this type is a secret or holds one."""
    if isinstance(kind, type) and issubclass(kind, Secret):
        return True
    return any(holds_secret(part) for part in get_args(kind))


def shown(raw: Any) -> str:
    """Return a value as an error may show it: masked, short, never the inside of a collection."""
    if not isinstance(raw, str | int | float):
        return f"a {type(raw).__name__}"
    text = repr(mask_setting(raw)) if isinstance(raw, str) else mask_setting(repr(raw))
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _from_text(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.casefold() not in _WORDS:
            raise ValueError("")
        return _WORDS[text.casefold()]
    if _is_list(kind):
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(kind) in {dict, Mapping} or kind is dict:
        return _from_json(text)
    return text


def _from_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise ValueError("it is not JSON") from None


def _build(kind: type, raw: Any) -> Any:
    """Build the types that msgspec does not know; what they raise becomes a ValidationError."""
    if isinstance(raw, kind):
        return raw
    if hasattr(kind, "from_raw"):
        return kind.from_raw(raw)
    if not isinstance(raw, str):
        raise ValueError(f"it is a {type(raw).__name__}")
    return kind(raw)


def _place_in(error: msgspec.ValidationError) -> str:
    """Keep our own reasons and msgspec's positions, but not its words: they may hold values."""
    reason = str(error.__cause__) if error.__cause__ else ""
    _, _, position = str(error).rpartition(" - at `$")
    return f"{reason} at {position.rstrip('`')}".strip() if " - at `$" in str(error) else reason


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    rest = tuple(part for part in get_args(kind) if part is not type(None))
    return Union[rest]  # noqa: UP007 - built at run time


def _is_list(kind: Any) -> bool:
    return (get_origin(kind) or kind) in {list, tuple, set, frozenset}


def _metas(kind: Any) -> list[msgspec.Meta]:
    kind = _without_none(kind)
    if get_origin(kind) is not Annotated:
        return []
    inner, *extras = get_args(kind)
    return [*_metas(inner), *(extra for extra in extras if isinstance(extra, msgspec.Meta))]


def _bounds(meta: msgspec.Meta) -> str:
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    given = [(word, getattr(meta, key)) for key, word in words.items()]
    return "".join(f" {word} {bound}" for word, bound in given if bound is not None)


def _describe(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Secret):
        return "text in one line" if kind is Secret else _EXPECTED[Url]
    if _is_list(kind):
        return f"a list (in text separated by commas); each entry {_entry(kind)}"
    if get_origin(kind) in {dict, Mapping} or kind is dict:
        return "a dict (in text a JSON object)"
    return _EXPECTED.get(kind) or f"a value for {getattr(kind, '__name__', kind)}"


def _entry(kind: Any) -> str:
    parts = get_args(kind)
    return expected(parts[0]) if parts else "text"
