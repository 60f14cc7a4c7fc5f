"""Suites that nobody here wrote: the plugin changes nothing, and misses nothing."""

from collections import Counter

import pytest

from .conftest import NOT_OURS, OURS, SUITES, run

MODES = {"serial": (), "xdist": ("-n", "2")}


@pytest.fixture(
    scope="module",
    params=[(suite, mode) for suite in SUITES for mode in MODES],
    ids=lambda pair: f"{pair[0].name}-{pair[1]}",
)
def pair(request, corpus, tmp_path_factory):
    """The same suite, without and with the plugin."""
    suite, mode = request.param
    folder = tmp_path_factory.mktemp("corpus")
    without = run(suite, folder / "without", *NOT_OURS, *MODES[mode])
    with_plugin = run(suite, folder / "with", *OURS, *MODES[mode])
    assert without.root == suite.name, without.output
    return without, with_plugin


def test_a_foreign_suite_runs(pair):
    without, _ = pair
    assert len(without.statuses()) > 10, without.output
    assert without.spied is None


def test_pytest_reports_the_same(pair):
    without, with_plugin = pair
    assert with_plugin.facts() == without.facts()


def test_every_result_reaches_the_end_of_the_run(pair):
    without, with_plugin = pair
    told = {result["nodeid"]: result["status"] for result in with_plugin.spied["results"]}
    assert told == without.statuses()
    assert len(with_plugin.spied["results"]) == len(told)


def test_every_test_is_told_once_when_it_ends(pair):
    without, with_plugin = pair
    assert Counter(with_plugin.spied["ended"]) == Counter(without.statuses().keys())
