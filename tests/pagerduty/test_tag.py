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
