import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._testrail.merging import Manner, by_case, merge, results, token_in
from qlty.classes.integrations._testrail.tests import Test, from_json

IDS = {"passed": 1, "blocked": 2, "retest": 4, "failed": 5, "custom_flaky": 6}
WORST_FIRST = ["failed", "retest", "blocked", "custom_flaky", "passed"]
MANNER = Manner("20260304-050607-abcdef", IDS)

TESTS = st.lists(
    st.builds(
        Test,
        nodeid=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
        outcome=st.just("passed"),
        status=st.sampled_from([*WORST_FIRST, None]),
        case_ids=st.lists(st.integers(1, 6), max_size=3).map(tuple),
        duration=st.floats(0, 100),
        defects=st.lists(st.sampled_from(["A-1", "A-2", "B-1"]), max_size=2).map(tuple),
    ),
    max_size=20,
)


def merged(tests, manner=MANNER):
    return {result.case_id: result for result in results(by_case(tests), manner)}


@given(TESTS)
def test_every_case_with_a_status_has_exactly_one_result(tests):
    wanted = {case_id for test in tests if test.status for case_id in test.case_ids}
    assert set(merged(tests)) == wanted
    assert len(list(results(by_case(tests), MANNER))) == len(wanted)


@given(TESTS)
def test_a_case_has_the_worst_status_of_its_tests(tests):
    for case_id, result in merged(tests).items():
        statuses = [t.status for t in tests if case_id in t.case_ids and t.status]
        assert result.body["status_id"] == IDS[min(statuses, key=WORST_FIRST.index)]


@given(TESTS, st.randoms())
def test_the_order_of_tests_changes_neither_status_nor_token(tests, random):
    mixed = random.sample(tests, len(tests))
    one, other = merged(tests), merged(mixed)
    assert {c: (r.body["status_id"], r.token) for c, r in one.items()} == {
        c: (r.body["status_id"], r.token) for c, r in other.items()
    }


@given(TESTS)
def test_untested_and_zero_seconds_are_never_sent(tests):
    for result in merged(tests).values():
        assert result.body["status_id"] != 3
        assert not result.body.get("elapsed", "1s").startswith("0")


@given(TESTS)
def test_every_defect_of_a_case_is_named_once(tests):
    for case_id, result in merged(tests).items():
        named = {d for t in tests if case_id in t.case_ids for d in t.defects}
        given_defects = [d for d in result.body.get("defects", "").split(", ") if d]
        assert sorted(given_defects) == sorted(named)


@given(TESTS)
def test_a_test_is_the_same_after_its_way_through_json(tests):
    assert [from_json(test.to_json()) for test in tests] == tests


def test_a_case_whose_tests_are_all_left_out_has_no_result(make_test):
    assert merged([make_test(status=None)]) == {}


def test_a_case_that_was_sent_before_is_not_sent_again(make_test):
    assert merged([make_test(old=True)]) == {}


def test_an_earlier_failure_still_counts_when_a_later_test_of_its_case_passes(make_test):
    tests = [make_test("a", "failed", old=True), make_test("b", "passed")]
    assert merged(tests)[1].body["status_id"] == 5


def test_a_result_carries_what_marker_and_settings_say(make_test):
    manner = Manner("r", IDS, version="2.0", values={"custom_browser": "chrome", "custom_os": "x"})
    test = make_test(
        version="2.1", defects=("A-1", "A-2"), values={"custom_os": "linux"}, files=("/a",)
    )
    result = merge(1, [test], manner)
    assert result.files == ("/a",)
    assert {k: v for k, v in result.body.items() if k != "comment"} == {
        "case_id": 1,
        "status_id": 1,
        "elapsed": "1s",
        "version": "2.1",
        "defects": "A-1, A-2",
        "custom_browser": "chrome",
        "custom_os": "linux",
    }


def test_the_token_is_read_back_from_the_comment(make_test):
    result = merge(1, [make_test()], MANNER)
    assert token_in(result.body["comment"] + "\r\n") == result.token


@pytest.mark.parametrize("text", [None, "", "a person's words", "QLTY run 1\nand more"])
def test_a_result_of_others_has_no_token(text):
    assert token_in(text) is None


def test_two_outcomes_of_one_test_have_different_tokens(make_test):
    first, second = merge(1, [make_test()], MANNER), merge(1, [make_test(status="failed")], MANNER)
    assert first.token != second.token
