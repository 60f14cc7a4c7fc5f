"""Reading failures out of results: error, place, groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._slack.failures import Failure, describe, group, signature
from qlty.classes.integrations._slack.report import source_of

PYTHON = """Traceback (most recent call last):
  File "/app/shop/cart.py", line 7, in total
    raise ValueError("no price")
ValueError: no price"""


def test_the_error_is_the_first_line_that_pytest_marks(make):
    assert describe(make.failed("a.py::test", got=3)).error == "assert 3 == 2"


def test_the_excerpt_has_the_lines_that_pytest_marks(make):
    assert (
        describe(make.failed("a.py::test", got=3)).excerpt == "assert 3 == 2\n +  where 3 = total()"
    )


def test_the_error_of_another_tool_is_the_last_line(make):
    found = describe(make.result("a.py::test", "failed", PYTHON))
    assert found.error == "ValueError: no price"
    assert found.place == "/app/shop/cart.py:7"


def test_a_failure_without_a_message_has_its_outcome_and_its_file(make):
    found = describe(make.result("a.py::test", "error", None))
    assert (found.error, found.place) == ("error", "a.py")


def test_a_place_that_the_message_does_not_name_is_where_the_test_stands(make):
    found = describe(make.result("a.py::test", "failed", "boom"), {"a.py::test": "a.py:40"})
    assert found.place == "a.py:40"


def test_ten_megabytes_are_not_read_to_find_the_error(make):
    message = "x" * 10_000_000 + "\nE   last words"
    assert describe(make.result("a.py::test", "failed", message)).error == "last words"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("assert 1 == 2", "assert 30 == 2"),
        ("KeyError: 'a'", "KeyError: 'b'"),
        ("<Cart at 0x7f01>", "<Cart at 0x7f99>"),
        (
            "no order 0f8fad5b-d9cb-469f-a165-70867728950e",
            "no order 7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
    ],
)
def test_errors_that_differ_in_values_only_are_the_same(one, other):
    assert signature(one) == signature(other)


def test_errors_of_other_kinds_are_not():
    assert signature("KeyError: 'a'") != signature("ValueError: 'a'")


FAILURES = st.lists(
    st.builds(
        Failure,
        nodeid=st.uuids().map(str),
        error=st.sampled_from(["A", "B", "C 1", "C 2"]),
        excerpt=st.just(""),
        place=st.just("a.py"),
        new=st.booleans(),
    ),
    max_size=30,
)


@given(FAILURES)
def test_grouping_loses_and_doubles_nothing(failures):
    grouped = [failure for one in group(failures) for failure in one.failures]
    assert sorted(one.nodeid for one in grouped) == sorted(one.nodeid for one in failures)


@given(FAILURES)
def test_groups_with_new_failures_come_first_then_the_largest(failures):
    groups = group(failures)
    rank = [(not one.new, -one.new, -len(one.failures)) for one in groups]
    assert rank == sorted(rank)


@pytest.mark.parametrize(
    ("job", "template"),
    [
        (
            "https://github.com/a/b/actions/runs/1",
            "https://github.com/a/b/blob/{commit}/{path}#L{line}",
        ),
        (
            "https://gitlab.com/a/b/-/jobs/1",
            "https://gitlab.com/a/b/-/blob/{commit}/{path}#L{line}",
        ),
        ("https://jenkins.test/job/1", None),
        (None, None),
    ],
)
def test_the_address_of_the_source_is_made_of_that_of_the_job(job, template):
    assert source_of({"ci_url": job}) == template
