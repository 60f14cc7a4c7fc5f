"""What merging, cutting and cleaning promise for any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.results import Attempts, PhaseReport, TestCase, clean, merge, shorten, split_nodeid

ANY_TEXT = st.text(st.characters(codec=None, categories=None))

PHASES = st.builds(
    PhaseReport,
    phase=st.sampled_from(["setup", "call", "teardown"]),
    verdict=st.sampled_from(["passed", "failed", "skipped"]),
    message=st.none() | st.text(max_size=20),
    start=st.floats(0, 2e9),
    stop=st.floats(0, 2e9),
    duration=st.floats(0, 1e5),
    expected_failure=st.booleans(),
)


def merged(phases, **how):
    return merge(Attempts(TestCase("t.py::test_a", "test_a"), phases=phases), **how)


@given(st.lists(PHASES, min_size=1, max_size=6))
def test_one_failed_phase_makes_a_failed_result_that_says_where(phases):
    failed = [report for report in phases if report.verdict == "failed"]
    result = merged(phases)
    assert (result["status"] == "failed") == bool(failed)
    assert result["phase"] == (failed[0].phase if failed else None)
    for report in failed:
        assert (report.message or "") in (result["message"] or "")


@given(st.lists(PHASES, max_size=6))
def test_an_interrupted_test_never_passes(phases):
    result = merged(phases, interrupted=True, now=1.0)
    assert result["status"] == "failed"
    assert result["interrupted"]


@given(st.lists(PHASES, max_size=6), st.integers(1, 5))
def test_flaky_is_a_pass_after_more_than_one_attempt(phases, count):
    result = merge(Attempts(TestCase("t.py::test_a", "test_a"), count=count, phases=phases))
    assert result["flaky"] == (result["status"] == "passed" and count > 1)


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_cut_text_keeps_its_ends_and_its_limit(text, limit):
    cut = shorten(text, limit)
    assert len(cut) <= max(limit, min(len(text), limit))
    if len(text) <= limit:
        assert cut == text
    elif limit > 100:
        assert text.startswith(cut[:10])
        assert text.endswith(cut[-10:])
        assert "characters cut" in cut


@given(ANY_TEXT)
def test_clean_text_is_utf_8_without_control_characters_and_stays_as_it_is(text):
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert not any(ord(char) < 32 and char not in "\t\n\r" for char in cleaned)
    assert clean(cleaned) == cleaned


@given(
    st.sampled_from(["t.py", "a/[id]/t.py"]),
    st.sampled_from(["", "TestA", "TestA::TestB"]),
    st.sampled_from(["test_a", "test_b"]),
    st.text(max_size=20),
)
def test_keys_put_together_are_the_node_id(path, classes, name, parameters):
    test = f"{name}[{parameters}]" if parameters else name
    nodeid = "::".join(part for part in (path, classes, test) if part)
    class_key, test_key = split_nodeid(nodeid)
    assert f"{class_key}::{test_key}" == nodeid
    assert test_key == test


@pytest.mark.parametrize("nodeid", ["t.py", "a/[id]/t.py"])
def test_a_file_alone_is_its_collection(nodeid):
    assert split_nodeid(nodeid) == (nodeid, "<collection>")
