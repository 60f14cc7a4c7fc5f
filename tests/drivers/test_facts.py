"""What is known of a marker is the same in the process that ran the test and in any other."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.recording._facts import MARKER_LIMIT, _marker

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=500),
    st.floats(allow_nan=False),
    st.lists(st.integers(), max_size=3),
    st.binary(max_size=5),
)


@given(args=st.lists(VALUES, max_size=10), kwargs=st.dictionaries(st.text(), VALUES, max_size=5))
def test_a_marker_is_the_same_after_a_way_through_json(args, kwargs):
    shown = _marker(pytest.mark.testrail.with_args(*args, **kwargs).mark)
    assert json.loads(json.dumps(shown)) == shown


@given(text=st.text())
def test_a_marker_holds_nothing_that_cannot_be_written(text):
    shown = _marker(pytest.mark.testrail.with_args(text, **{text: text}).mark)
    assert "\x00" not in json.dumps(shown, ensure_ascii=False)
    json.dumps(shown, ensure_ascii=False).encode("utf-8")


def test_a_long_marker_is_cut():
    shown = _marker(pytest.mark.testrail.with_args("x" * 2 * MARKER_LIMIT).mark)
    assert len(shown[1][0]) <= MARKER_LIMIT
