"""The key line: what a later run reads of an incident, whoever has written there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._pagerduty._tag import Tag

TIMES = st.dictionaries(
    st.text("0123456789abcdef", min_size=10, max_size=10), st.floats(1, 1e10), max_size=4
)
TAGS = st.builds(
    Tag,
    key=st.just("qlty-1"),
    kind=st.just("test"),
    scope=st.sampled_from(["a", "b", ""]),
    place=st.just("ci"),
    failed_at=st.floats(1, 1e10),
    tests=TIMES,
    keys=TIMES,
    more=st.booleans(),
    size=st.integers(0, 100),
    error=st.text("0123456789abcdef", max_size=8),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)
FIELDS = st.sampled_from(["key", "kind", "scope", "place", "failed_at", "tests", "keys"])


@given(tag=TAGS, before=st.text(), after=st.text())
def test_a_key_line_is_found_behind_any_text(tag, before, after):
    assert Tag.find(f"{before}\n\n{tag.line()}\n{after}") == tag


@given(st.dictionaries(FIELDS, JSON) | JSON)
def test_what_is_no_key_line_of_ours_is_none_and_never_an_error(values):
    found = Tag.find(f"QLTY key line: {json.dumps(values)}")
    assert found is None or isinstance(found.failed_at, float)


@pytest.mark.parametrize("details", [None, "", "by hand", "QLTY key line: ", {"details": 1}])
def test_details_without_one_have_none(details):
    assert Tag.find(details) is None


_GOOD = '{"key":"qlty-1","kind":"test","place":"ci","failed_at":1'


@pytest.mark.parametrize(
    "line",
    [
        "[" * 20_000 + "]" * 20_000,
        f'{_GOOD},"tests":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}",
        f'{_GOOD},"more":' + "[" * 20_000,
        _GOOD + ',"error":"' + "x" * 1_000_000 + '"}',
        '{"key":"qlty-1","kind":["test"],"place":"ci","failed_at":1}',
        '{"key":"qlty-1","kind":"test","place":"ci","failed_at":1e999}',
        '{"key":"qlty-1","kind":"test","place":"ci","failed_at":NaN}',
        '{"key":"qlty-1","kind":"test","place":"ci"}',
        _GOOD + ',"size":"big"}',
        _GOOD,
        "",
    ],
)
def test_a_key_line_that_cannot_be_read_is_ignored_and_said(line):
    told: list[str] = []
    assert Tag.find(f"QLTY key line: {line}", lambda: told.append("broken")) is None
    assert told == ["broken"]


def test_what_a_later_version_adds_to_a_key_line_is_no_mistake():
    found = Tag.find(f'QLTY key line: {_GOOD},"colour":"red"}}', pytest.fail)
    assert found is not None
    assert found.failed_at == 1.0


@given(TAGS, TAGS)
def test_two_lines_together_forget_nothing(one, other):
    both = one.joined(other)
    assert both.tests.keys() == one.tests.keys() | other.tests.keys()
    assert all(both.tests[n] >= t for tag in (one, other) for n, t in tag.tests.items())
    assert both.failed_at == max(one.failed_at, other.failed_at)
    assert both.joined(other) == both


@given(TAGS, TAGS)
def test_of_two_scopes_no_run_can_speak_for_both(one, other):
    assert one.joined(other).scope in {"", one.scope}
    assert (one.joined(other).scope == one.scope) is (one.scope in {"", other.scope})
