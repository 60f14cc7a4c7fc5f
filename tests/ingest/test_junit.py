"""JUnit XML: what each writer means by its elements."""

from __future__ import annotations

import pytest


def one(results):
    (result,) = results.values()
    return result


def suite(cases, attributes='name="shop"', root="<testsuites>"):
    return f"{root}<testsuite {attributes}>{cases}</testsuite></testsuites>"


def pytest_file(cases):
    return suite(cases, 'name="pytest"', '<testsuites name="pytest tests">')


BARE = '<testcase classname="tests.test_a.TestCart" name="test_pays" time="0.5"/>'
FAILED = f'{BARE[:-2]}><failure message="assert 1 == 2">E  assert 1 == 2</failure></testcase>'
TEARDOWN = (
    f'{BARE[:-2]}><error message="failed on teardown with &quot;no&quot;">no</error></testcase>'
)


def test_a_test_of_pytest_that_fails_in_all_its_attempts_is_failed_and_not_flaky(files):
    result = one(files.results(pytest_file(BARE * 3 + FAILED)))
    assert result["nodeid"] == "tests/test_a.py::TestCart::test_pays"
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("failed", 4, False)
    assert [attempt["outcome"] for attempt in result["earlier_attempts"]] == ["failed"] * 3
    assert result["error"] == "assert 1 == 2"


def test_a_test_of_pytest_that_passes_in_the_end_is_flaky(files):
    result = one(files.results(pytest_file(BARE * 3)))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 3, True)


def test_a_failure_and_the_error_of_its_teardown_are_one_result(files):
    result = one(files.results(pytest_file(FAILED + TEARDOWN)))
    assert (result["outcome"], result["phase"], result["attempts"]) == ("failed", "call", 1)
    assert "failed on teardown" in result["message"]


def test_a_call_of_pytest_that_passed_with_an_error_in_its_teardown_is_an_error(files):
    result = one(files.results(pytest_file(TEARDOWN)))
    assert (result["outcome"], result["phase"]) == ("error", "teardown")


def test_inherited_tests_of_two_classes_stay_apart(files):
    case = (
        '<testcase classname="tests.test_{0}.Test{0}" file="tests/base.py" name="test_x" time="1"/>'
    )
    results = files.results(pytest_file(case.format("A") + case.format("B")))
    assert list(results) == ["tests/test_A.py::TestA::test_x", "tests/test_B.py::TestB::test_x"]
    assert {result["attempts"] for result in results.values()} == {1}


def test_an_expected_failure_of_pytest_is_one(files):
    case = f'{BARE[:-2]}><skipped type="pytest.xfail" message="later"/></testcase>'
    assert one(files.results(pytest_file(case)))["outcome"] == "xfailed"


CASE = '<testcase classname="shop.Cart" name="pays" time="2">{}</testcase>'


def test_flaky_elements_are_the_attempts_before(files):
    inside = (
        '<flakyFailure message="no price" type="E"><stackTrace>E: no price\n at x</stackTrace>'
        "<system-out>out</system-out></flakyFailure>"
    )
    result = one(files.results(suite(CASE.format(inside))))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 2, True)
    assert result["earlier_attempts"][0]["message"] == "E: no price\n at x"


def test_rerun_elements_are_the_attempts_behind_the_first(files):
    inside = (
        '<failure message="first">first</failure><rerunFailure message="second">second'
        '</rerunFailure><rerunFailure message="third" time="7">third</rerunFailure>'
    )
    result = one(files.results(suite(CASE.format(inside))))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("failed", 3, False)
    assert [one["message"] for one in result["earlier_attempts"]] == ["first", "second"]
    assert (result["message"], result["duration"]) == ("third", 7.0)


def test_a_flaky_test_that_nextest_fails_is_failed_and_not_flaky(files):
    inside = '<failure type="flaky failure"/><flakyFailure message="no">text</flakyFailure>'
    result = one(files.results(suite(CASE.format(inside))))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("failed", 2, False)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_repeats_of_gotestsum_are_attempts_in_any_order(files, order):
    cases = [CASE.format('<failure message="Failed" type="">no</failure>'), CASE.format("")]
    version = '<properties><property name="go.version" value="go1.26"/></properties>'
    result = one(files.results(suite(version + cases[order[0]] + cases[order[1]])))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 2, True)


def test_repeats_of_gradle_are_attempts_in_their_order(files):
    attributes = (
        'name="shop.Cart" tests="2" skipped="0" failures="1" errors="0" '
        'timestamp="2026-01-02T03:04:05" hostname="ci" time="1"'
    )
    cases = CASE.format("<failure>no</failure>") + CASE.format("")
    result = one(files.results(f"<testsuite {attributes}>{cases}</testsuite>"))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 2, True)
    assert result["start_time"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_attempts_that_are_numbered_in_properties_are_attempts(files):
    case = (
        '<testcase classname="Cart" name="pays [attempt {0}]" time="1"><properties>'
        '<property name="attempt-index" value="{0}"/><property name="original-name" value="pays"/>'
        "</properties>{1}</testcase>"
    )
    cases = case.format(1, "<failure>no</failure>") + case.format(2, "")
    result = one(files.results(suite(cases)))
    assert result["nodeid"] == "shop::Cart::pays"
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 2, True)


def test_projects_of_playwright_are_parameters(files):
    text = '<testsuites id="" name="" tests="2">' + "".join(
        f'<testsuite name="cart.spec.ts" timestamp="2026-01-02T03:04:05Z" hostname="{host}">'
        '<testcase name="cart › pays" classname="cart.spec.ts" time="1"/></testsuite>'
        for host in ("chromium", "firefox")
    )
    results = files.results(f"{text}</testsuites>")
    assert list(results) == [
        "cart.spec.ts::cart › pays[chromium]",
        "cart.spec.ts::cart › pays[firefox]",
    ]


def test_other_repeats_stay_apart_are_numbered_and_never_flaky(files):
    report = files.read(suite(CASE.format("<failure>no</failure>") + CASE.format("")))
    results = [result for _, result in report.tests(0.0)]
    assert [result["nodeid"] for result in results] == [
        "shop.Cart::pays",
        "shop.Cart::pays[repeat 2]",
    ]
    assert [result["outcome"] for result in results] == ["failed", "passed"]
    assert not any(result["flaky"] for result in results)
    (warning,) = report.warnings
    assert "1 more results of names that were there before" in warning.text


def test_what_looks_like_a_number_of_a_repeat_stays_apart_too(files):
    case = '<testcase classname="C" name="{}" time="1"/>'
    names = ["pays", "pays[repeat 2]", "pays", "pays"]
    results = files.results(suite("".join(case.format(name) for name in names)))
    assert len(results) == 4


@pytest.mark.parametrize(
    "attribute", ['status="notrun"', 'status="Skipped"', 'result="suppressed"']
)
def test_a_test_that_did_not_run_is_skipped(files, attribute):
    case = f'<testcase name="pays" classname="Cart" {attribute}/>'
    assert one(files.results(suite(case)))["outcome"] == "skipped"


def test_a_status_that_says_failed_is_never_taken_for_a_pass(files):
    case = '<testcase name="pays" classname="Cart" status="failed"/>'
    assert one(files.results(suite(case)))["outcome"] == "failed"


def test_totals_that_lie_are_counted_again(files):
    report = files.read(suite(CASE.format(""), 'name="shop" tests="5" failures="0"'))
    (warning,) = report.warnings
    assert (
        warning.text == "the suite 'shop' says that it has 5 tests, and has 1: what is there counts"
    )
    assert warning.line == 1


def test_totals_of_pytest_with_reruns_are_no_lie(files):
    text = suite(BARE * 3 + FAILED, 'name="pytest" tests="1" failures="1" errors="0"')
    assert files.read(text).warnings == []


def test_totals_of_pytest_with_reruns_and_an_error_of_a_teardown_are_no_lie(files):
    cases = BARE * 3 + FAILED + TEARDOWN
    text = suite(cases, 'name="pytest" tests="2" failures="1" errors="1"')
    assert files.read(text).warnings == []


def test_a_suite_that_failed_by_itself_is_a_result(files):
    report = files.read(suite('<error message="no database">at x</error>' + CASE.format("")))
    assert [result["outcome"] for _, result in report.tests(0.0)] == ["error", "passed"]
    assert report.failed


def test_properties_say_ids_tags_and_evidence(files):
    files.write("shot.png", "png")
    inside = (
        '<properties><property name="test_id" value="C123, C456"/>'
        '<property name="tags">slow, money</property>'
        '<property name="testrail_attachment" value="shot.png"/>'
        '<property name="attachment" value="/etc/passwd"/>'
        '<property name="attachment1" value="https://example.com/a.png"/></properties>'
        "<system-out>x [[ATTACHMENT|shot.png]] [[ATTACHMENT|../../gone.png]]</system-out>"
    )
    report = files.read(suite(CASE.format(inside)))
    ((case, result),) = report.tests(0.0)
    assert case.case_ids == (123, 456)
    assert case.tags == ("slow", "money")
    assert result["attachments"] == [str(files.folder / "shot.png")]
    assert ("attachment1", "https://example.com/a.png") in result["properties"]
    assert ["/etc/passwd" in warning.text for warning in report.warnings] == [True, False]


def test_texts_have_no_colours(files):
    inside = '<failure message="#x1B[31mno#x1B[0m price">text</failure>'
    result = one(files.results(suite(CASE.format(inside))))
    assert result["message"].startswith("no price")


@pytest.mark.parametrize(
    ("first", "second"),
    [('classname="a" name="b::c"', 'classname="a::b" name="c"')],
)
def test_two_spellings_of_one_node_id_are_two_results(files, first, second):
    cases = f'<testcase {first} time="1"/><testcase {second} time="1"/>'
    assert len(files.results(suite(cases, 'name=""'))) == 2
