"""From markers and settings to where an incident goes; a slip never costs a page."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._pagerduty._marker import Routes, check, is_asked_for, routing
from qlty.classes.integrations._pagerduty._settings import Route
from qlty.results import Marker


@pytest.fixture
def route(facts):
    """Merge markers, nearest first; what is said on the way is in ``route.said``."""

    def merge(*markers, services=None, default=None):
        merge.said = []
        case = facts.case("tests/test_shop.py::test_pay", *markers)
        return routing(case, Routes(services or {}), default, merge.said.append)

    return merge


def test_the_documented_parameters_may_be_given_by_position(facts, route):
    found = route(facts.asks("P1", "PRIO", None, "low", "key", "words", "PUSER"))
    assert (found.service_id, found.priority_id, found.urgency) == ("P1", "PRIO", "low")
    assert (found.incident_key, found.details, found.assignee_id) == ("key", "words", "PUSER")


def test_the_nearest_marker_wins_and_the_farther_ones_fill_in(facts, route):
    found = route(
        facts.asks(urgency="low"), facts.asks(service_id="P1", urgency="high", details="class")
    )
    assert (found.service_id, found.urgency, found.details) == ("P1", "low", "class")


def test_an_unknown_argument_is_said_with_the_nearest_known_one(facts, route):
    found = route(facts.asks(service_id="P1", urgencey="high"))
    assert found.service_id == "P1"
    assert "did you mean 'urgency'" in route.said[0]


def test_an_unknown_urgency_is_said_and_left_to_the_service(facts, route):
    assert route(facts.asks(service_id="P1", urgency="critical")).urgency is None
    assert "'high' or 'low' is needed" in route.said[0]


def test_urgency_in_capitals_is_understood(facts, route):
    assert route(facts.asks(service_id="P1", urgency="High")).urgency == "high"
    assert route.said == []


def test_of_assignee_and_escalation_policy_the_assignee_is_used(facts, route):
    found = route(facts.asks(service_id="P1", assignee_id="PUSER", escalation_policy_id="PESC"))
    assert (found.assignee_id, found.escalation_policy_id) == ("PUSER", None)
    assert "assignee_id is used" in route.said[0]


def test_without_a_service_there_is_no_incident_and_that_is_said(facts, route):
    assert route(facts.asks(urgency="high")) is None
    assert "PAGERDUTY_SERVICE_ID" in route.said[0]


def test_the_default_service_stands_in(facts, route):
    assert route(facts.asks(urgency="high"), default="PDEF").service_id == "PDEF"


def test_values_of_other_types_become_text(facts, route):
    assert route(facts.asks(service_id=17, details=["a"])).details == "['a']"


def test_the_owner_marker_names_the_owner(facts, route):
    found = route(facts.asks(service_id="P1"), Marker("owner", ("payments",)))
    assert found.owner == "payments"


@pytest.mark.parametrize(
    "pattern",
    ["tests/", "tests/test_shop.py", "*::test_pay", "tests/*.py", "marker:smoke"],
)
def test_the_map_finds_a_test_by_path_or_marker(facts, pattern):
    case = facts.case("tests/test_shop.py::test_pay", Marker("smoke"))
    routes = Routes({"elsewhere/": "P2", pattern: Route("P1", urgency="low"), "*": "P3"})
    assert is_asked_for(case, routes, marker_is_enough=True)
    found = routing(case, routes, None, print)
    assert (found.service_id, found.urgency) == ("P1", "low")
    assert routes.unused == ["elsewhere/", "*"]


def test_a_marker_wins_over_the_map(facts, route):
    found = route(facts.asks(service_id="P1"), services={"tests/": Route("P2", urgency="low")})
    assert (found.service_id, found.urgency) == ("P1", None)


def test_the_map_fills_in_what_a_marker_for_the_same_service_leaves_out(facts, route):
    found = route(facts.asks(service_id="P1"), services={"tests/": Route("P1", urgency="low")})
    assert (found.service_id, found.urgency) == ("P1", "low")


def test_the_owner_marker_wins_over_the_map(facts, route):
    services = {"tests/": Route("P1", owner="all")}
    found = route(facts.asks(), Marker("owner", ("payments",)), services=services)
    assert found.owner == "payments"


def test_the_nearest_marker_says_who_is_called(facts, route):
    near, far = facts.asks("P1", escalation_policy_id="E1"), facts.asks(assignee_id="U1")
    found = route(near, far)
    assert (found.escalation_policy_id, found.assignee_id) == ("E1", None)


@pytest.mark.parametrize(
    ("value", "meant"),
    [("false", False), ("False", False), (0, False), ("yes", True), (True, True)],
)
def test_resolve_on_pass_is_read_as_it_is_meant(facts, route, value, meant):
    assert route(facts.asks("P1", resolve_on_pass=value)).resolve_on_pass is meant


@pytest.mark.parametrize(
    ("fixtures", "marker_is_enough", "asked"),
    [((), True, True), ((), False, False), (("pagerduty_fixture",), False, True)],
)
def test_the_marker_alone_is_enough_where_the_run_reports_here(
    facts, fixtures, marker_is_enough, asked
):
    case = facts.case("a.py::t", facts.asks(service_id="P1"), fixtures=fixtures)
    assert is_asked_for(case, Routes({}), marker_is_enough=marker_is_enough) is asked


def test_the_fixture_without_the_marker_asks_for_nothing(facts):
    case = facts.case("a.py::t", fixtures=("pagerduty_fixture",))
    assert not is_asked_for(case, Routes({}), marker_is_enough=True)


def test_too_many_arguments_by_position_are_said():
    assert "takes 7 arguments" in check(("x",) * 8, {})[0]


def test_a_right_marker_has_no_problems():
    assert check((), {"service_id": "P1", "urgency": "high", "resolve_on_pass": False}) == []
