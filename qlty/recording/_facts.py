"""What is known of a test, carried from where it runs to where it is reported.

Under pytest-xdist these are two processes. The facts travel on the setup report as one ASCII
string: an object or a lone surrogate on a report ends the whole run, and only the setup report
has left the worker when a test crashes it.
"""

from __future__ import annotations

from json import dumps, loads
from os import getcwd
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import pytest

from qlty.results import Marker, TestCase, case_ids, clean
from qlty.runtime import contained

if TYPE_CHECKING:
    from collections.abc import Callable

ATTRIBUTE = "qlty_facts"
#: the folder that a test has changed to, on the reports of an xdist worker
FOLDER = "qlty_folder"

#: characters of one marker's arguments: what is long is shortened until they fit, as it would be
#: carried for every single test
MARKER_LIMIT = 4_000

#: their arguments are the whole parameter table or live objects, and say nothing about one test
_WITHOUT_ARGUMENTS = frozenset({"parametrize", "usefixtures", "filterwarnings"})

#: marks that pytest and QLTY act on; all others are a project's own words for its tests
_NO_TAGS = (
    _WITHOUT_ARGUMENTS | {"skip", "skipif", "xfail", "testrail"} | {"pagerduty_trigger_incident"}
)

#: values that are the same after a way through JSON; nearly all marker arguments are
_PLAIN = frozenset({int, bool, type(None)})
_FEW, _SHORT = 8, 400

#: shown by their names: an address tells nobody anything
_NAMED = (BuiltinFunctionType, FunctionType, MethodType, type)


class FactsPlugin:
    """Puts the facts on the setup report, in an xdist worker."""

    def __init__(self) -> None:
        self._item: pytest.Item | None = None
        self._started_in = current_folder()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._item = item

    @pytest.hookimpl(tryfirst=True)
    @contained
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "setup" and self._item is not None:
            setattr(report, ATTRIBUTE, encode(self._item))
        if report.user_properties and (folder := current_folder()) != self._started_in:
            setattr(report, FOLDER, clean(folder))


def current_folder() -> str:
    """Return the working folder; ``""`` where a test has removed it."""
    try:
        return getcwd()  # noqa: PTH109 -- a reference that no test replaces
    except OSError:
        return ""


def encode(item: pytest.Item) -> str:
    """Return the facts of a collected test as ASCII JSON."""
    return dumps(_facts(item))


def decode(nodeid: str, encoded: str) -> TestCase:
    """Return the test case of ``encode``'s answer."""
    return _test_case(nodeid, loads(encoded))


def describe(item: pytest.Item) -> TestCase:
    """Return what another process would be told of a collected test."""
    return _test_case(item.nodeid, _facts(item))


def _facts(item: pytest.Item) -> dict[str, Any]:
    """Return the facts as plain JSON values, whatever stands on the test."""
    path, line, _ = item.location
    marks = list(item.iter_markers_with_node())
    return {
        "name": item.name,
        "class": _class_name(item),
        "module": getattr(getattr(item, "module", None), "__name__", None),
        "path": path.replace("\\", "/"),
        "line": None if line is None else line + 1,
        "doc": _docstring(item),
        "fixtures": list(getattr(item, "fixturenames", ())),
        "markers": [_marker(mark) for _, mark in marks],
        "levels": [_level(item, node) for node, _ in marks],
        "parameters": _parameters(item),
    }


def _test_case(nodeid: str, facts: dict[str, Any]) -> TestCase:
    markers = tuple(Marker(name, tuple(args), kwargs) for name, args, kwargs in facts["markers"])
    name = clean(facts["name"])
    return TestCase(
        nodeid=nodeid,
        name=name,
        class_name=facts["class"],
        module=facts["module"],
        path=facts["path"],
        line=facts["line"],
        docstring=None if facts["doc"] is None else clean(facts["doc"]),
        markers=markers,
        fixtures=tuple(facts["fixtures"]),
        case_ids=case_ids(name, markers, facts["levels"]),
        tags=tuple(dict.fromkeys(one.name for one in markers if one.name not in _NO_TAGS)),
        parameters=facts["parameters"],
    )


def _parameters(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return {}
    return {clean(str(name)): _parameter(value) for name, value in callspec.params.items()}


def _parameter(value: object) -> Any:
    return value if _is_plain(value) else _shown(value)[:_SHORT]


def _level(item: pytest.Item, node: Any) -> int:
    """Return how far from the test a marker stands: 0 is on the test itself."""
    return 0 if node is item else item.listchain()[::-1].index(node)


def _class_name(item: pytest.Item) -> str | None:
    parent = item.parent
    return parent.obj.__qualname__ if isinstance(parent, pytest.Class) else None


def _docstring(item: pytest.Item) -> str | None:
    doc = getattr(getattr(item, "obj", None), "__doc__", None)
    return doc if isinstance(doc, str) else None


def _marker(mark: pytest.Mark) -> list[Any]:
    if mark.name in _WITHOUT_ARGUMENTS or not (mark.args or mark.kwargs):
        return [mark.name, [], {}]
    values = (*mark.args, *mark.kwargs, *mark.kwargs.values())
    if len(values) <= _FEW and all(map(_is_plain, values)):
        return [mark.name, list(mark.args), dict(mark.kwargs)]
    args = [_as_json(value) for value in mark.args]
    kwargs = {clean(name): _as_json(value) for name, value in mark.kwargs.items()}
    fitted = iter(_fitted([*args, *kwargs.values()], MARKER_LIMIT))
    return [mark.name, [next(fitted) for _ in args], {name: next(fitted) for name in kwargs}]


def _is_plain(value: object) -> bool:
    if type(value) is str:
        return len(value) <= _SHORT and value.isascii() and value.isprintable()
    return type(value) in _PLAIN


def _as_json(value: object) -> Any:
    try:
        return _clean(loads(dumps(value, default=_shown)))
    except Exception:  # noqa: BLE001 - keys that are no names, a value that contains itself
        return _shown(value)


def _shown(value: object) -> str:
    """Return what stands for an object that is no JSON."""
    if isinstance(value, _NAMED):
        return clean(value.__qualname__)
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a test's own object may do anything
        text = f"<{type(value).__name__}: its repr() raises {type(error).__name__}>"
    return clean(text[:MARKER_LIMIT])


def _fitted(values: list[Any], room: int) -> list[Any]:
    """Shorten those of several JSON values that are long until all fit; the others stay whole."""
    sizes = [len(dumps(value)) for value in values]
    if sum(sizes) <= room:
        return values
    limit = max(_fair_limit(sizes, room), _SHORT)
    pairs = zip(values, sizes, strict=True)
    return [value if size <= limit else _cut(value, limit) for value, size in pairs]


def _fair_limit(sizes: list[int], room: int) -> int:
    """Return the size to which what is longer must shrink so that all fit."""
    left, many = max(room, 0), len(sizes)
    for size in sorted(sizes):
        if size > left // many:
            break
        left, many = left - size, many - 1
    return left // max(many, 1)


def _cut(value: Any, limit: int) -> Any:
    """Return the beginning of a long value; whoever reads it sees that something is missing."""
    if isinstance(value, dict):
        return dict(_front(list(value.items()), limit, lambda n: ("…", f"and {n} more")))
    if isinstance(value, list):
        return _front(value, limit, lambda n: f"… and {n} more")
    return _front_of_text(str(value), limit)


def _front(values: list[Any], limit: int, rest: Callable[[int], Any]) -> list[Any]:
    kept: list[Any] = []
    size = 0
    for value in _fitted(values, limit):
        size += len(dumps(value))
        if size > limit:
            return [*kept, rest(len(values) - len(kept))]
        kept.append(value)
    return kept


def _front_of_text(text: str, limit: int) -> str:
    # it travels as ASCII JSON, in which a character takes up to twelve
    room = min(len(text), limit)
    while (size := len(dumps(text[:room]))) > limit:
        room = min(room - 1, room * limit // size)
    return f"{text[: max(room - 1, 0)]}…"


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {clean(key): _clean(part) for key, part in value.items()}
    return value
