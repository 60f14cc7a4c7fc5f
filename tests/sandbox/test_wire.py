"""Reading JSON as strictly as the vendors do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.sandbox._wire import MAX_DEPTH, parse_json

BAD = {
    "NaN": "NaN",
    "Infinity": "[-Infinity]",
    "a number beyond a float": '{"a": 1e999}',
    "half a pair": '"\\ud800"',
    "half a pair as a key": '{"\\udfff": 1}',
    "too deep": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
    "far too deep": "[" * 100_000,
    "a huge number": "1" * 10_000,
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_what_no_vendor_stores_is_no_json(name: str) -> None:
    with pytest.raises(ValueError):
        parse_json(BAD[name])


def test_a_whole_pair_is_one_character() -> None:
    assert parse_json('"\\ud83d\\ude80"') == "🚀"


def test_the_deepest_that_is_taken() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None


@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_whatever_is_taken_can_be_written_and_sent(text: str) -> None:
    try:
        data = parse_json(text)
    except ValueError:
        return
    again = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert json.loads(again) == data
