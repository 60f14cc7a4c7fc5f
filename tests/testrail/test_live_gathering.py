from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._testrail.live import Live
from qlty.classes.integrations._testrail.merging import Manner, by_case, merge, results

MANNER = Manner("run", {"passed": 1, "failed": 5})


def test_nothing_is_due_before_its_time(make_test):
    now = [0.0]
    live = Live(10, lambda: now[0])
    live.add(make_test())
    assert not live.is_due()
    now[0] = 10.0
    assert live.is_due()


def test_without_new_tests_nothing_is_due():
    now = [0.0]
    live = Live(10, lambda: now[0])
    now[0] = 99.0
    assert not live.is_due()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["passed", "failed"])), max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_the_last_result_of_each_case_is_that_of_all_its_tests(make_test, facts, cuts):
    tests = [make_test(f"t{n}", status, case_ids=(case,)) for n, (case, status) in enumerate(facts)]
    live = Live(0, lambda: 0.0)
    last = {}
    for test, cut in zip(tests, cuts, strict=False):
        live.add(test)
        if cut:
            last |= {r.case_id: r for r in results(by_case(live.take()), MANNER)}
    last |= {r.case_id: r for r in results(by_case(live.take()), MANNER)}
    whole = {case: merge(case, of_case, MANNER) for case, of_case in by_case(tests).items()}
    assert {c: r.body["status_id"] for c, r in last.items()} == {
        c: r.body["status_id"] for c, r in whole.items()
    }
    assert {c: r.token for c, r in last.items()} == {c: r.token for c, r in whole.items()}
