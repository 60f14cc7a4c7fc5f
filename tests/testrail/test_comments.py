from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._testrail.comments import comment, cut, cut_lines
from qlty.classes.integrations._testrail.limits import COMMENT

TOKEN = "QLTY run 20260304-050607-abcdef, result 0123456789ab"


@given(st.text(max_size=600), st.integers(0, 300))
def test_a_cut_text_is_never_longer_than_the_limit(text, limit):
    assert len(cut(text, limit)) <= limit


@given(st.text(max_size=600), st.integers(0, 800))
def test_a_text_that_fits_is_not_touched(text, limit):
    assert len(text) > limit or cut(text, limit) == text


def test_a_cut_text_keeps_its_head_and_more_of_its_tail():
    lines = [f"line {number}" for number in range(500)]
    shown = cut("\n".join(lines), 600)
    head, _, tail = shown.partition("\n[... 4389 characters in all, cut here ...]\n")
    assert lines[: len(head.splitlines())] == head.splitlines()
    assert lines[-len(tail.splitlines()) :] == tail.splitlines()
    assert len(tail) > len(head) > 100


@given(
    st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=60),
    st.integers(20, 400),
)
def test_cut_lines_fit_and_say_how_many_are_left_out(lines, limit):
    shown = cut_lines(lines, limit)
    assert len(shown) <= limit
    if "\n".join(lines) != shown:
        kept = shown.split("\n")[:-1]
        assert lines[: len(kept)] == kept
        assert shown.split("\n")[-1] == f"... and {len(lines) - len(kept)} more"[:limit]


NODEIDS = st.text(
    st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=300
)


@given(
    st.lists(st.tuples(NODEIDS, st.text(max_size=9000)), min_size=1, max_size=8, unique=True),
    st.sampled_from([None, "https://ci.example.com/job/7"]),
)
def test_a_comment_is_never_too_long_and_always_ends_with_its_token(make_test, tests, ci_url):
    told = [make_test(nodeid, "failed", message=message) for nodeid, message in tests]
    written = comment(told, TOKEN, ci_url)
    assert len(written) <= COMMENT
    assert written.split("\n")[-1] == TOKEN
    assert ci_url is None or ci_url in written


def test_a_comment_names_test_failure_and_ci_job(make_test):
    test = make_test("t.py::test_pay", "failed", message="E  assert 1 == 2\nt.py:3", attempts=2)
    assert comment([test], TOKEN, "https://ci/7") == (
        "failed: t.py::test_pay (1.00 s, 2 attempts)\n\n"
        "    E  assert 1 == 2\n    t.py:3\n\n"
        f"CI job: https://ci/7\n{TOKEN}"
    )


def test_a_case_with_several_tests_has_a_line_for_each(make_test):
    tests = [
        make_test("t.py::a[1]", "failed"),
        make_test("t.py::a[2]"),
        make_test("t.py::a[3]", None),
    ]
    assert comment(tests, TOKEN, None).splitlines()[:4] == [
        "1 of 3 tests failed:",
        "- failed: t.py::a[1] (1.00 s)",
        "- passed: t.py::a[2] (1.00 s)",
        "- skipped: t.py::a[3] (1.00 s)",
    ]


def test_of_a_thousand_parameters_the_comment_says_how_many_are_left_out(make_test):
    tests = [make_test(f"t.py::a[{number}]") for number in range(1000)]
    written = comment(tests, TOKEN, None)
    assert "1000 tests:" in written
    assert "... and 875 more" in written
