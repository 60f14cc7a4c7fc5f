import json

from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._testrail.chunks import chunks

RESULTS = st.lists(
    st.fixed_dictionaries({"case_id": st.integers(1, 10**6), "comment": st.text(max_size=200)})
)


def cut(results, most, most_bytes):
    return [list(chunk) for chunk in chunks(results, lambda result: result, most, most_bytes)]


@given(RESULTS, st.integers(1, 20), st.integers(50, 2000))
def test_nothing_is_lost_and_the_order_is_kept(results, most, most_bytes):
    assert [row for chunk in cut(results, most, most_bytes) for row in chunk] == results


@given(RESULTS, st.integers(1, 20), st.integers(50, 2000))
def test_no_chunk_has_more_entries_than_allowed_and_none_is_empty(results, most, most_bytes):
    assert all(1 <= len(chunk) <= most for chunk in cut(results, most, most_bytes))


@given(RESULTS, st.integers(1, 20), st.integers(50, 2000))
def test_no_body_is_larger_than_allowed_unless_one_result_alone_is(results, most, most_bytes):
    for chunk in cut(results, most, most_bytes):
        body = json.dumps({"results": chunk})
        assert len(chunk) == 1 or len(body) <= most_bytes


def test_without_results_there_is_no_call():
    assert cut([], 5, 100) == []
