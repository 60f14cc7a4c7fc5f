"""Which tests the runner runs: by name and by tag, in one process and in several."""

from __future__ import annotations

import json

import pytest

from qlty.runner_plugin import Order, Selection

SUITE = """
    import unittest
    import pytest

    class TestCart:
        def test_add(self): pass
        @pytest.mark.smoke
        def test_remove(self): pass
        @pytest.mark.parametrize("item", ["a.b", "c::d"])
        def test_each(self, item): pass

        class TestNested:
            def test_deep(self): pass

    class TestLegacy(unittest.TestCase):
        tags = {"slow"}
        def test_old(self): pass
        def test_older(self): pass
        test_older.tags = ["nightly", "smoke"]

    def test_alone(): pass
"""


@pytest.fixture
def suite(pytester):
    """Return a function that runs the suite and gives the names of the tests that passed."""
    pytester.makeini("[pytest]\nmarkers = smoke\n")
    pytester.mkpydir("shop")
    (pytester.path / "shop" / "test_cart.py").write_text("def test_add(): pass\n")
    pytester.makepyfile(test_shop=SUITE)

    def run(*arguments, **selection):
        order = Order(Selection(**selection)).to_argument()
        plugins = ["-p", "qlty.runner_plugin", "-p", "xdist"]
        return pytester.runpytest_subprocess(*plugins, order, "-rA", *arguments)

    return run


def passed(result):
    return {
        line.removeprefix("PASSED ")
        for line in result.outlines
        if line.startswith("PASSED ") and "::" in line
    }


CART = "test_shop.py::TestCart::"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TestCart.test_add", {f"{CART}test_add"}),
        ("test_shop.TestCart.test_add", {f"{CART}test_add"}),
        ("TestCart::test_add", {f"{CART}test_add"}),
        ("TestNested", {f"{CART}TestNested::test_deep"}),
        ("TestCart.TestNested.test_deep", {f"{CART}TestNested::test_deep"}),
        ("TestLegacy.test_old", {"test_shop.py::TestLegacy::test_old"}),
        ("TestCart.test_each", {f"{CART}test_each[a.b]", f"{CART}test_each[c::d]"}),
        ("TestCart.test_each[a.b]", {f"{CART}test_each[a.b]"}),
        ("TestCart.test_each[c::d]", {f"{CART}test_each[c::d]"}),
        ("test_alone", {"test_shop.py::test_alone"}),
        ("shop.test_cart", {"shop/test_cart.py::test_add"}),
        ("shop.test_cart.test_add", {"shop/test_cart.py::test_add"}),
        ("test_add", {f"{CART}test_add", "shop/test_cart.py::test_add"}),
    ],
)
def test_a_test_is_chosen_by_the_end_of_its_name(suite, name, expected):
    assert passed(suite(tests=[name])) == expected


def test_a_class_name_chooses_all_its_tests(suite):
    result = suite(tests=["TestCart"])
    assert len(passed(result)) == 5
    result.assert_outcomes(passed=5, deselected=4)


def test_several_names_add_up(suite):
    assert len(passed(suite(tests=["test_alone", "TestLegacy"]))) == 3


def test_excluded_names_are_taken_away(suite):
    chosen = passed(suite(tests=["TestCart"], exclude=["TestCart.test_each", "TestNested"]))
    assert chosen == {f"{CART}test_add", f"{CART}test_remove"}


def test_a_tag_is_a_mark_or_the_tags_of_a_class_or_function(suite):
    older, old = "test_shop.py::TestLegacy::test_older", "test_shop.py::TestLegacy::test_old"
    assert passed(suite(tags=["smoke"])) == {f"{CART}test_remove", older}
    assert passed(suite(tags=["nightly", "slow"])) == {older, old}
    assert passed(suite(tags=["smoke"], exclude_tags=["nightly"])) == {f"{CART}test_remove"}


@pytest.mark.parametrize("kind", ["tests", "exclude"])
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_name_of_no_test_is_a_usage_error_with_the_nearest(suite, kind, workers):
    result = suite(*workers, **{kind: ["TestKart.test_add"]})
    assert result.ret == 4
    assert not passed(result)
    text = result.stdout.str() + result.stderr.str()
    assert "no test is named 'TestKart.test_add'" in text
    assert "Nearest: TestCart.test_add" in text


def test_workers_choose_the_same_tests(suite):
    assert len(passed(suite("-n", "2", tests=["TestCart"]))) == 5


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_flags_are_set_in_every_process_before_its_conftest(pytester, workers):
    pytester.makeconftest(
        """
        import json, pathlib, os
        from qlty import config
        path = pathlib.Path(__file__).parent / f"flags-{os.getpid()}"
        path.write_text(json.dumps([config.CURRENT_PLATFORM, config.EXAMPLE_INTEGRATION]))
        """
    )
    pytester.makepyfile("def test_a(): pass")
    order = Order(flags={"CURRENT_PLATFORM": "ios", "EXAMPLE_INTEGRATION": True})
    result = pytester.runpytest_subprocess(
        "-p", "qlty.runner_plugin", "-p", "xdist", order.to_argument(), *workers
    )
    assert result.ret == 0
    written = [json.loads(path.read_text()) for path in pytester.path.glob("flags-*")]
    assert written == [["ios", True]] * len(written)
    assert len(written) == (2 if workers else 1)


def test_without_an_order_nothing_is_changed(pytester):
    pytester.makepyfile("def test_a(): pass\ndef test_b(): pass")
    pytester.runpytest_subprocess("-p", "qlty.runner_plugin").assert_outcomes(passed=2)


def test_the_option_stays_out_of_pytests_help(pytester):
    result = pytester.runpytest_subprocess("-p", "qlty.runner_plugin", "--help")
    assert result.ret == 0
    assert "--qlty-runner" not in result.stdout.str()
