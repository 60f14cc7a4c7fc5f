"""A page worth waking for, in the sizes that PagerDuty takes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._pagerduty._page import page
from qlty.classes.integrations._pagerduty._policy import wanted
from qlty.classes.integrations._pagerduty._requests import details, rest_incident, trigger_event
from qlty.classes.integrations._pagerduty._tag import Tag
from qlty.classes.integrations._pagerduty._text import MAX_EVENT, MAX_TITLE, middle_cut, size_of
from qlty.classes.integrations._pagerduty._trend import Trend
from qlty.results import read_failure

RUN = {
    "id": "R7",
    "host": "agent-1",
    "project": "shop",
    "environment": "staging",
    "branch": "main",
    "commit": "abc123",
    "ci_url": "https://ci.test/7",
}


@pytest.fixture(scope="session")
def pages(facts):
    """Return the pages of a service's failures."""

    def make(*observations, cap=10):
        known = facts.known(*observations)
        return [
            page(incident, facts.scope, RUN, known.judged)
            for incident in wanted(known, facts.scope, cap)
        ]

    return make


def text_of(one):
    return details(one, MAX_EVENT)


def test_the_title_names_error_test_and_environment(facts, pages):
    (one,) = pages(facts.seen("a.py::t", error="ValueError: no money"))
    assert one["title"] == "Test failure: a.py::t [staging]: ValueError: no money"


def test_the_title_counts_other_failing_parameters(facts, pages):
    (one,) = pages(facts.seen("a.py::t[1]"), facts.seen("a.py::t[2]"))
    assert "a.py::t[1] (and 1 more of its parameters)" in one["title"]


def test_the_details_say_where_in_what_run_and_since_when(facts, pages):
    trend = Trend.of(["passed", "failed", "failed"])
    (one,) = pages(facts.seen("a.py::t", trend=trend, attempts=3))
    text = text_of(one)
    for line in (
        "Defined at: a.py:7",
        "Failed at: tests/test_shop.py:9",
        "Attempts: 3, all failed",
        "CI job: https://ci.test/7",
        "Environment: staging",
        "Branch: main",
        "Commit: abc123",
        "Run: R7 on agent-1",
        "First failing run: 2 runs before this one",
        "Lately: failed in 2 of the 3 runs before this one",
    ):
        assert line in text.splitlines()


def test_the_owner_is_named(facts, pages):
    seen = facts.seen("a.py::t")
    (one,) = pages(replace(seen, routing=replace(seen.routing, owner="payments")))
    assert "Owner: payments" in text_of(one).splitlines()


def test_the_key_line_can_be_read_back(facts, pages):
    (one,) = pages(facts.seen("a.py::t"))
    tag = Tag.find(text_of(one))
    assert (tag.key, tag.kind, tag.place) == (one["key"], "test", "ci")


@pytest.mark.parametrize("text", [None, "", "QLTY key line: ", "QLTY key line: {", "words"])
def test_details_of_others_have_no_key_line(text):
    assert Tag.find(text) is None


def test_a_storm_tells_of_the_most_frequent_error_and_lists_tests(facts, pages):
    tests = [facts.seen(f"a.py::t{n}", error="OSError: no db") for n in range(30)]
    (one,) = pages(*tests)
    assert one["title"] == "Test storm: 30 of 30 tests fail [staging]: OSError: no db"
    assert "- a.py::t19: OSError: no db" in text_of(one)
    assert "- and 10 more" in text_of(one)


def test_an_incident_about_several_tests_goes_to_nobody_in_person(facts, pages):
    tests = []
    for n in range(30):
        seen = facts.seen(f"a.py::t{n}", error="OSError: no db")
        tests.append(replace(seen, routing=replace(seen.routing, assignee_id="PUSER")))
    (one,) = pages(*tests)
    assert "assignments" not in rest_incident(one)


def test_assignee_and_policy_are_never_sent_together(facts, pages):
    (one,) = pages(facts.seen("a.py::t"))
    incident = rest_incident({**one, "assignee_id": "PUSER", "escalation_policy_id": "PESC"})
    assert "assignments" in incident
    assert "escalation_policy" not in incident


@pytest.mark.parametrize(
    ("urgency", "severity"), [("high", "critical"), ("low", "warning"), (None, "error")]
)
def test_severity_follows_urgency(facts, pages, urgency, severity):
    (one,) = pages(facts.seen("a.py::t", urgency=urgency))
    assert trigger_event(one)["payload"]["severity"] == severity


def test_both_ways_carry_the_same_key_title_and_details(facts, pages):
    (one,) = pages(facts.seen("a.py::t"))
    incident, event = rest_incident(one), trigger_event(one)
    assert incident["incident_key"] == event["dedup_key"]
    assert incident["title"] == event["payload"]["summary"]
    assert incident["body"]["details"] == event["payload"]["custom_details"]["details"]


def test_an_event_links_the_ci_job(facts, pages):
    (one,) = pages(facts.seen("a.py::t"))
    assert trigger_event(one)["links"] == [{"href": "https://ci.test/7", "text": "CI job"}]


@pytest.mark.parametrize("character", ["x", "ä", "\U0001f525", "\x00"])
def test_details_of_two_megabytes_shrink_and_the_page_stays(facts, pages, character):
    (one,) = pages(facts.seen("a.py::t"))
    huge = {**one, "sections": [["", "Words."], ["Failure", character * 2_000_000 + "the end"]]}
    for request in ({"incident": rest_incident(huge)}, trigger_event(huge)):
        assert size_of(request) <= MAX_EVENT
    text = details(huge, MAX_EVENT)
    assert text.startswith("Words.")
    assert "characters cut" in text
    assert "the end" in text
    assert Tag.find(text).key == one["key"]


texts = st.text(st.characters(codec=None), max_size=3000)


@given(texts, st.integers(0, 3000))
def test_cut_text_is_never_longer_than_asked_for(text, limit):
    cut = middle_cut(text, limit)
    assert len(cut) <= limit
    assert cut == text or len(text) > limit


@given(text=texts, limit=st.integers(600, 4000))
def test_details_fit_and_keep_the_key_line(facts, pages, text, limit):
    (one,) = pages(facts.seen("a.py::t"))
    fitted = details({**one, "sections": [["Failure", text]]}, limit)
    assert len(json.dumps(fitted)) <= limit
    assert Tag.find(fitted).key == one["key"]


@given(texts)
def test_any_error_makes_a_title_of_one_line_within_the_limit(facts, pages, error):
    (one,) = pages(facts.seen(f"a.py::t[{error}]", error=error))
    assert 0 < len(one["title"]) <= MAX_TITLE
    assert "\n" not in one["title"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (">       assert a == b\nE       assert 201 == 502\n\ntests/test_shop.py:9: AssertionError",
         "66c21565"),
        ("E       ValueError: order 17 at 0x7f01\n\ntests/test_shop.py:9: ValueError", "230dd6db"),
        ("shop/pay.py:3: in pay\n    raise ValueError\nE   ValueError: no bank", "5bde2a8a"),
    ],
)  # fmt: skip
def test_an_error_keeps_the_signature_that_stands_in_open_incidents(facts, pages, message, error):
    seen = facts.seen("a.py::t")
    (one,) = pages(replace(seen, failure=read_failure(message)))
    assert Tag.find(one["tag"]).error == error
