"""What a line of a record looks like, in both directions."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from json import dumps, loads
from typing import TYPE_CHECKING, Any, cast

import msgspec

from qlty.results import Attempt, Marker, TestCase, TestResult, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.delivery import Masker

#: the version of the format that is written here
RECORD_VERSION = 2

#: what a result has where its line does not say otherwise
_DEFAULTS: dict[str, Any] = {
    "message": None,
    "error": None,
    "phase": None,
    "attempts": 1,
    "flaky": False,
    "interrupted": False,
    "feature_name": None,
    "test_target": None,
    "results_dir": None,
    "attachments": [],
    "earlier_attempts": [],
    "properties": [],
    "captured": {},
}

#: what a line of version 1 may lack
_NEW_IN_VERSION_2: dict[str, Callable[[], Any]] = {
    "error": lambda: None,
    "earlier_attempts": list,
    "properties": list,
    "tags": list,
    "parameters": dict,
    "captured": dict,
}

#: what a finish line never has: the line itself, the facts of the test and lines before have it
_SAID_ELSEWHERE = frozenset({"nodeid", "status", "test_case_ids", "tags", "parameters"}) | {
    "earlier_attempts"
}

_CASE_FIELDS = {one.name: one.default for one in fields(TestCase)}


def encode(record: dict[str, Any], masker: Masker, texts: Any = None) -> tuple[bytes, bool]:
    """Return a record as one line of JSON without secrets, and whether it never held one.

    Args:
        record: what is written.
        masker: what takes secrets out.
        texts: all of it that can hold a secret; by default everything. Most of the line of a test
            that passed are names of fields, and looking through those costs more than all else.
    """
    line = to_json(record)
    is_plain = texts == () or not masker.suspects(
        (line if texts is None else to_json(texts)).decode()
    )
    if not is_plain:
        line = to_json(masker.mask_json(loads(line)))
    return line + b"\n", is_plain


def to_json(value: Any) -> bytes:
    """Return any value as JSON: what JSON cannot hold as its ``repr``."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # lone surrogates: only the standard library writes them, as escapes
        plain = msgspec.to_builtins(value, enc_hook=_odd_value)
        return dumps(plain, ensure_ascii=True, separators=(",", ":")).encode()


def _odd_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else repr(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_odd_value)


def parse(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a line, ``None`` where it is none."""
    try:
        record = loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def short_case(case: TestCase) -> dict[str, Any]:
    """Return the facts of a test, without those that say nothing."""
    return {
        name: value
        for name, value in vars(case).items()
        if value != _CASE_FIELDS[name] and not (isinstance(value, dict) and not value)
    }


def whole_case(record: dict[str, Any]) -> TestCase:
    """Return the test of its facts; an unknown field is left out, a missing one is empty."""
    values = {name: value for name, value in record.items() if name in _CASE_FIELDS}
    values["markers"] = tuple(
        Marker(one["name"], tuple(one.get("args", ())), dict(one.get("kwargs", {})))
        for one in values.get("markers", ())
    )
    for name in ("fixtures", "case_ids", "tags"):
        values[name] = tuple(values.get(name, ()))
    values["parameters"] = dict(values.get("parameters", {}))
    return TestCase(**values)


def short_result(result: TestResult) -> dict[str, Any]:
    """Return what a finish line says of a result."""
    return {
        name: value
        for name, value in result.items()
        if name not in _SAID_ELSEWHERE and not (name in _DEFAULTS and value == _DEFAULTS[name])
    }


def whole_result(case: TestCase, record: dict[str, Any], earlier: list[Attempt]) -> TestResult:
    """Return the result of a finish line.

    Raises:
        KeyError: it has no outcome, or no times.
    """
    defaults = {name: _copy(value) for name, value in _DEFAULTS.items()}
    times = {name: time_of(record[name]) for name in ("start_time", "end_time")}
    own = {
        "status": status_of(record["outcome"]),
        "duration": record["duration"],
        "nodeid": case.nodeid,
        "test_case_ids": list(case.case_ids),
        "tags": list(case.tags),
        "parameters": dict(case.parameters),
    }
    found = {**defaults, **own, **record, **times, "earlier_attempts": earlier}
    found["properties"] = [tuple(one) for one in found["properties"]]
    return cast("TestResult", found)


def result_of_version_1(record: dict[str, Any]) -> TestResult:
    """Return the result of a finish line of version 1, which holds all of it.

    Raises:
        KeyError: something is missing.
    """
    times = {name: time_of(record[name]) for name in ("start_time", "end_time")}
    new: dict[str, Any] = {
        name: {} if name in {"parameters", "captured"} else [] for name in _NEW_IN_VERSION_2
    }
    missing = TestResult.__required_keys__ - record.keys() - new.keys()
    if missing:
        raise KeyError(*missing)
    return cast("TestResult", {**new, **record, **times})


def attempt_of(record: dict[str, Any]) -> Attempt:
    """Return an attempt of its line.

    Raises:
        KeyError: it has no outcome, or no times.
    """
    times = {name: time_of(record[name]) for name in ("start_time", "end_time")}
    return cast("Attempt", {**record, "status": status_of(record["outcome"]), **times})


def time_of(text: str) -> datetime:
    """Return an aware time."""
    # Python 3.10 does not read the Z that other versions and msgspec write
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, (list, dict)) else value
