"""What is known of a test, carried from where it runs to where it is reported.

Under pytest-xdist these are two processes. The facts travel on the setup report as one ASCII
string: an object or a lone surrogate on a report ends the whole run, and only the setup report
has left the worker when a test crashes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qlty.results import Marker, TestCase, case_ids, clean

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTRIBUTE = "qlty_facts"

#: characters of one marker's arguments; more would be carried for every single test
MARKER_LIMIT = 4_000

#: their arguments are the whole parameter table or live objects, and say nothing about one test
_WITHOUT_ARGUMENTS = frozenset({"parametrize", "usefixtures", "filterwarnings"})


class FactsPlugin:
    """Puts the facts on the setup report, where the test runs."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        report = yield
        if call.when == "setup":
            setattr(report, ATTRIBUTE, encode(item))
        return report


def encode(item: pytest.Item) -> str:
    """Return the facts of a collected test as ASCII JSON."""
    path, line, _ = item.location
    facts = {
        "name": item.name,
        "class": _class_name(item),
        "module": getattr(getattr(item, "module", None), "__name__", None),
        "path": path.replace("\\", "/"),
        "line": None if line is None else line + 1,
        "doc": _docstring(item),
        "fixtures": getattr(item, "fixturenames", ()),
        "markers": [_marker(mark) for mark in item.iter_markers()],
        "levels": [_level(item, node) for node, _ in item.iter_markers_with_node()],
    }
    return json.dumps(facts, default=_repr)


def decode(nodeid: str, encoded: str) -> TestCase:
    """Return the test case of ``encode``'s answer."""
    facts = json.loads(encoded)
    markers = tuple(
        Marker(_clean(name), tuple(_clean(args)), _clean(kwargs))
        for name, args, kwargs in facts["markers"]
    )
    name = clean(facts["name"])
    return TestCase(
        nodeid=nodeid,
        name=name,
        class_name=facts["class"],
        module=facts["module"],
        path=facts["path"],
        line=facts["line"],
        docstring=_clean(facts["doc"]),
        markers=markers,
        fixtures=tuple(facts["fixtures"]),
        case_ids=case_ids(name, markers, facts["levels"]),
    )


def _level(item: pytest.Item, node: Any) -> int:
    """Return how far from the test a marker stands: 0 is on the test itself."""
    return item.listchain()[::-1].index(node)


def _class_name(item: pytest.Item) -> str | None:
    cls = getattr(item, "cls", None)
    return cls.__qualname__ if cls is not None else None


def _docstring(item: pytest.Item) -> str | None:
    doc = getattr(getattr(item, "obj", None), "__doc__", None)
    return doc if isinstance(doc, str) else None


def _marker(mark: pytest.Mark) -> list[Any]:
    if mark.name in _WITHOUT_ARGUMENTS:
        return [mark.name, [], {}]
    try:
        if len(json.dumps([mark.args, mark.kwargs], default=_repr)) <= MARKER_LIMIT:
            return [mark.name, mark.args, mark.kwargs]
    except (TypeError, ValueError, RecursionError):
        pass
    shown = {str(key): _repr(value) for key, value in mark.kwargs.items()}
    return [mark.name, [_repr(value) for value in mark.args], shown]


def _repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a test's own object may do anything
        text = f"<{type(value).__name__}: its repr() raises {type(error).__name__}>"
    return text[:MARKER_LIMIT]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {clean(key): _clean(part) for key, part in value.items()}
    return value
