"""Which TestRail cases a test belongs to."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from qlty.errors import SettingsError
from qlty.results import no_ids_in, split_nodeid, without_repeat
from qlty.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qlty.results import Marker, TestCase

MARKER = "testrail"

#: pytest-testrail's ``@pytestrail.defect("PF-1")`` makes it, with ``defect_ids``
DEFECTS = "testrail_defects"

#: beside ``custom_...``
_KEYWORDS = ("ids", "params", "automation_id", "version", "defects")

Ids = tuple[int, ...]
Mapped = dict[str, Ids]


def case_ids(nodeid: str, own: Iterable[int], mapped: Mapping[str, Sequence[int]]) -> Ids:
    """Return the ids of a test's cases, each once.

    They are its own: what was found in its markers, name and properties. Where that is nothing,
    they are those of the mapping file's nearest entry.
    """
    return tuple(dict.fromkeys(own)) or _nearest(without_repeat(nodeid), mapped)


def automation_ids(case: TestCase) -> tuple[str, ...]:
    """Return the names by which TestRail may know the case of a test, best first.

    That of its marker's ``automation_id``; else its node id and, as in JUnit files,
    ``package.module.Class.name``, each with and without parameters.
    """
    for marker in _markers(case):
        if marker.kwargs.get("automation_id"):
            return (str(marker.kwargs["automation_id"]),)
    nodeid = without_repeat(case.nodeid)
    class_key, test = split_nodeid(nodeid)
    path, *classes = class_key.split("::")
    dotted = ".".join([path.removesuffix(".py").replace("/", "."), *classes, test])
    names = [nodeid, dotted]
    names += [name.partition("[")[0] for name in names]
    return tuple(dict.fromkeys(names))


def marked(case: TestCase, keyword: str) -> Any:
    """Return a keyword of the nearest marker that has it, ``None`` where none does."""
    found = (marker.kwargs[keyword] for marker in _markers(case) if keyword in marker.kwargs)
    return next(found, None)


def defects(case: TestCase) -> tuple[str, ...]:
    """Return the defects that the nearest marker names, also one of pytest-testrail's."""
    for marker in case.markers:
        if marker.name == MARKER and "defects" in marker.kwargs:
            return texts(marker.kwargs["defects"])
        if marker.name == DEFECTS:
            return texts([*marker.args, *texts(marker.kwargs.get("defect_ids"))])
    return ()


def mistakes(case: TestCase) -> Iterator[str]:
    """Yield what is wrong with a test's markers: otherwise its result would be missing silently."""
    for marker in _markers(case):
        yield from _mistakes(marker)


def _mistakes(marker: Marker) -> Iterator[str]:
    params = marker.kwargs.get("params", {})
    of_params = [*params.values()] if isinstance(params, dict) else [params]
    if not marker.args and not marker.kwargs:
        yield "@pytest.mark.testrail() names no case"
    for value in no_ids_in([*marker.args, marker.kwargs.get("ids", ()), of_params]):
        yield f"@pytest.mark.testrail has {value!r}, which is no case: a case is 12 or 'C12'"
    for name in marker.kwargs:
        if name not in _KEYWORDS and not name.startswith("custom_"):
            meant = nearest(name, list(_KEYWORDS))
            hint = f"did you mean {meant[0]!r}?" if meant else f"known are {', '.join(_KEYWORDS)}"
            yield f"@pytest.mark.testrail has {name!r}, which is not known: {hint}"


def texts(value: Any) -> tuple[str, ...]:
    """Return a marker's value as texts: one, a list of them, or one with commas."""
    values = value if isinstance(value, (list, tuple)) else str(value or "").split(",")
    return tuple(text for text in (str(value).strip() for value in values) if text)


def read_mapping(path: Path) -> Mapped:
    """Read a mapping file.

    JSON: ``{"tests/test_cart.py::test_add": "C1", "tests/test_pay.py::TestPay": [2, 3]}``.
    CSV: two columns, test and case. A test is a node id with or without its parameters; a class
    or a file stands for every test in it that has no entry of its own.

    Raises:
        SettingsError: it cannot be read; names the file and the entry.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        entries = list(_csv(text) if path.suffix.lower() == ".csv" else json.loads(text).items())
    except (OSError, ValueError, AttributeError, csv.Error) as error:
        raise SettingsError(f"TESTRAIL CASES_FILE {path} cannot be read: {error}") from error
    mapped: Mapped = {}
    for test, cases in entries:
        ids = tuple(_ids(cases))
        if not ids:
            raise SettingsError(
                f"TESTRAIL CASES_FILE {path}: {test!r} has {cases!r}; a case is 12 or 'C12'"
            )
        mapped[test] = (*mapped.get(test, ()), *ids)
    return mapped


def _csv(text: str) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(csv.reader(text.splitlines())):
        if not any(row):
            continue
        if len(row) < 2:
            raise ValueError(f"line {number + 1} has one column; test and case are needed")
        test, case = row[0].strip(), row[1].strip()
        if number == 0 and not any(_ids(case)):
            continue  # a heading
        yield test, case


def _ids(value: Any) -> Iterator[int]:
    """Yield the ids in ``12``, ``"C12"``, ``"C12, C13"`` and lists of these."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _ids(part)
    elif isinstance(value, bool):
        return
    else:
        for part in str(value).replace(";", ",").split(","):
            digits = part.strip().upper().removeprefix("C")
            if digits.isascii() and digits.isdigit() and int(digits):
                yield int(digits)


def _nearest(nodeid: str, mapped: Mapping[str, Sequence[int]]) -> Ids:
    return next((tuple(dict.fromkeys(mapped[key])) for key in _keys(nodeid) if key in mapped), ())


def _keys(nodeid: str) -> Iterator[str]:
    """Yield the node id, then without parameters, then its classes, then its file."""
    yield nodeid
    key = nodeid.partition("[")[0]
    while key:
        yield key
        key = key.rpartition("::")[0]


def _markers(case: TestCase) -> Iterable[Marker]:
    return (marker for marker in case.markers if marker.name == MARKER)
