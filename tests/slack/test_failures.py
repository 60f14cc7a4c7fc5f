"""Reading failures out of results: error, place, groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._slack.failures import Failure, describe, group
from qlty.classes.integrations._slack.report import Report, source_of
from qlty.results import VALUE, count

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


NATIVE = """Traceback (most recent call last):
  File "/home/ci/.venv/lib/python3.12/site-packages/_pytest/python.py", line 159, in call
    result = testfunction(**testargs)
             ^^^^^^^^^^^^^^^^^^^^^^^^
  File "/app/tests/test_cart.py", line 5, in test_total
    check(3)
  File "/app/shop/checks.py", line 9, in check
    assert total == 2, "wrong total"
  File "/usr/lib/python3.12/unittest/case.py", line 866, in fail
    raise self.failureException(msg)
AssertionError: wrong total
assert 3 == 2
 +  where 3 = total()"""


def test_a_native_traceback_is_read_from_below_its_last_frame(make):
    found = describe(make.result("tests/test_cart.py::test_total", "failed", NATIVE))
    assert found.error == "AssertionError: wrong total"
    assert found.excerpt == "AssertionError: wrong total\nassert 3 == 2\n +  where 3 = total()"


def test_the_place_is_the_innermost_one_in_the_projects_own_code(make):
    found = describe(make.result("tests/test_cart.py::test_total", "failed", NATIVE))
    assert found.place == "shop/checks.py:9"


def test_a_place_in_a_package_is_not_shown_where_the_project_has_one(make):
    message = (
        "tests/test_cart.py:5: \n_ _ _\n.venv/lib/site-packages/requests/api.py:59: \n"
        "_ _ _\nE   ConnectionError: refused\n\n../../lib/requests/adapters.py:7: ConnectionError"
    )
    found = describe(make.result("tests/test_cart.py::test_total", "failed", message))
    assert found.place == "tests/test_cart.py:5"


def test_lines_without_the_mark_belong_to_the_error_before_them(make):
    message = "E   AssertionError: x is 1\n    assert 1 > 10"  # --tb=line
    found = describe(make.result("a.py::test", "failed", message))
    assert found.excerpt == "AssertionError: x is 1\nassert 1 > 10"


def test_the_error_of_java_and_javascript_is_above_the_frames(make):
    message = "Error: no price\n\nexpected 3\n    at total (cart.js:7:3)\n    at run (x.js:1:1)"
    found = describe(make.result("cart.js::total", "failed", message))
    assert (found.error, found.excerpt) == ("Error: no price", "Error: no price\n\nexpected 3")


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
        ("no page 7 after 2.5 s", "no page 12 after 31 s"),
        ("no user_17 in 'order-9'", "no user_4 in 'order-10'"),
        ("<Cart at 0x7f01>", "<Cart at 0x7f99>"),
        (
            "no order 0f8fad5b-d9cb-469f-a165-70867728950e",
            "no order 7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
    ],
)
def test_errors_that_differ_in_numbers_ids_and_addresses_are_the_same(one, other):
    assert len(group([failure(one, "a.py:1"), failure(other, "b.py:9")])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'sku'", "ValueError: 'sku'"),
        ("KeyError: 'sku'", "KeyError: 'price'"),
        ("AppError: cannot load the profile", "AppError: cannot load the orders"),
    ],
)
def test_errors_of_other_kinds_or_with_other_words_are_not(one, other):
    assert len(group([failure(one, "a.py:1"), failure(other, "a.py:1")])) == 2


def failure(error, place="a.py:1"):
    return Failure(nodeid="a.py::test", error=error, excerpt="", place=place)


@pytest.mark.parametrize("form", ["assert {} == {}", "AssertionError: {} != '{}'"])
def test_comparisons_of_mere_values_are_one_error_only_where_they_stand_in_one_line(form):
    one, two = form.format(1975, 2475), form.format(1024, 1023)
    assert len(group([failure(one, "a.py:1"), failure(two, "b.py:9")])) == 2
    assert len(group([failure(one, "a.py:1"), failure(two, "a.py:1")])) == 1
    assert len(group([failure(one, "a.py:1"), failure(one, "b.py:9")])) == 1


def test_the_error_of_a_group_has_an_ellipsis_for_what_differs():
    (found,) = group([failure("no item 7 in 'cart'"), failure("no item 8 in 'cart'")])
    assert found.error == "no item … in 'cart'"


FAILURES = st.lists(
    st.builds(
        Failure,
        nodeid=st.uuids().map(str),
        error=st.sampled_from(["AA", "BB", "CC 1", "CC 2", "1 == 2", "2 == 2", "'a' == 2"]),
        excerpt=st.just(""),
        place=st.sampled_from(["a.py:1", "b.py:2"]),
        new=st.booleans(),
    ),
    max_size=30,
)


@given(FAILURES)
def test_grouping_loses_and_doubles_nothing(failures):
    grouped = [failure for one in group(failures) for failure in one.failures]
    assert sorted(one.nodeid for one in grouped) == sorted(one.nodeid for one in failures)


@given(FAILURES)
def test_every_group_has_an_error_that_all_its_failures_share(failures):
    for one in group(failures):
        assert {VALUE.sub("#", each.error) for each in one.failures} == {
            VALUE.sub("#", one.failures[0].error)
        }
        assert one.error.replace("…", "") or len(one.failures) > 1


def test_a_sign_that_stands_for_a_number_elsewhere_is_no_number():
    assert len(group([failure("no item # in it"), failure("no item 7 in it")])) == 2


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


def test_the_link_to_the_source_is_relative_to_the_repository():
    job = "https://github.com/a/b/actions/runs/1/attempts/2"
    run = {"commit": "c0ffee", "folder": "backend", "ci_url": job}
    report = Report(run, count({}), 1.0, source=source_of(run))
    failure = Failure("tests/my test.py::t", "no", "", "tests/my test.py:7")
    link = "https://github.com/a/b/blob/c0ffee/backend/tests/my%20test.py#L7"
    assert report.source_link(failure) == link
