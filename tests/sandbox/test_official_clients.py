"""The vendors' own clients, unchanged, against the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.sandbox import Sandbox


@pytest.fixture
def slack(sandbox: Sandbox) -> Any:
    from slack_sdk import WebClient

    return WebClient(sandbox.env["SLACK_AUTH_TOKEN"], base_url=sandbox.env["SLACK_API_URL"])


@pytest.fixture
def testrail(sandbox: Sandbox) -> Any:
    from testrail_api import TestRailAPI

    env = sandbox.env
    return TestRailAPI(
        env["TESTRAIL_BASE_URL"],
        env["TESTRAIL_USERNAME"],
        env["TESTRAIL_API_KEY"],
        warn_ignore=True,
    )


@pytest.fixture
def pagerduty(sandbox: Sandbox) -> Iterator[Any]:
    from pagerduty import RestApiV2Client

    env = sandbox.env
    with RestApiV2Client(
        env["PAGERDUTY_API_KEY"], default_from=env["PAGERDUTY_DEFAULT_FROM"]
    ) as client:
        client._url = env["PAGERDUTY_API_URL"]
        yield client


@pytest.fixture
def events(sandbox: Sandbox) -> Iterator[Any]:
    from pagerduty import EventsApiV2Client

    with EventsApiV2Client(sandbox.more["PAGERDUTY_ROUTING_KEY"]) as client:
        client._url = sandbox.env["PAGERDUTY_EVENTS_URL"]
        yield client


CHANNEL = "C0SANDBOX"


def test_slack_says_who_the_token_is(slack: Any) -> None:
    assert slack.auth_test()["bot_id"] == "B0QLTYBOT"


def test_slack_shows_whether_the_bot_is_in_a_channel(slack: Any) -> None:
    info = slack.conversations_info(channel="C0GENERAL")
    assert info["channel"]["is_member"] is False


def test_a_slack_post_answers_with_channel_id_and_ts(slack: Any, sandbox: Sandbox) -> None:
    answer = slack.chat_postMessage(channel="#qa-results", text="hello")
    assert answer["channel"] == CHANNEL
    assert sandbox.slack.messages[0]["ts"] == answer["ts"]


def test_a_slack_reply_hangs_on_its_parent(slack: Any) -> None:
    parent = slack.chat_postMessage(channel=CHANNEL, text="run")["ts"]
    slack.chat_postMessage(channel=CHANNEL, text="details", thread_ts=parent)
    texts = [
        each["text"] for each in slack.conversations_replies(channel=CHANNEL, ts=parent)["messages"]
    ]
    assert texts == ["run", "details"]


def test_slack_metadata_comes_back_in_the_history(slack: Any) -> None:
    metadata = {"event_type": "qlty_run", "event_payload": {"run": "7"}}
    slack.chat_postMessage(channel=CHANNEL, text="run", metadata=metadata)
    found = slack.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"]
    assert found[0]["metadata"] == metadata


def test_slack_metadata_stays_hidden_unless_asked_for(slack: Any) -> None:
    metadata = {"event_type": "qlty_run", "event_payload": {}}
    slack.chat_postMessage(channel=CHANNEL, text="run", metadata=metadata)
    assert "metadata" not in slack.conversations_history(channel=CHANNEL)["messages"][0]


def test_a_slack_update_changes_the_message_in_place(slack: Any, sandbox: Sandbox) -> None:
    ts = slack.chat_postMessage(channel=CHANNEL, text="running")["ts"]
    slack.chat_update(channel=CHANNEL, ts=ts, text="done")
    [message] = sandbox.slack.messages
    assert (message["text"], message["versions"][0]["text"]) == ("done", "running")


def test_slack_history_pages_with_a_cursor(slack: Any) -> None:
    for number in range(5):
        slack.chat_postMessage(channel=CHANNEL, text=str(number))
    pages = [page["messages"] for page in slack.conversations_history(channel=CHANNEL, limit=2)]
    assert [[each["text"] for each in page] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]


def test_a_slack_upload_is_shared_in_the_thread(slack: Any, sandbox: Sandbox) -> None:
    parent = slack.chat_postMessage(channel=CHANNEL, text="run")["ts"]
    slack.files_upload_v2(
        channel=CHANNEL,
        content="trace",
        filename="trace.txt",
        thread_ts=parent,
        initial_comment="log",
    )
    reply = sandbox.slack.messages[1]
    assert (reply["thread_ts"], reply["files"][0]["name"]) == (parent, "trace.txt")


def test_a_slack_webhook_takes_a_message(sandbox: Sandbox) -> None:
    from slack_sdk.webhook import WebhookClient

    answer = WebhookClient(sandbox.more["SLACK_WEBHOOK_URL"]).send(text="by webhook")
    assert (answer.status_code, answer.body) == (200, "ok")
    assert sandbox.slack.messages[0]["text"] == "by webhook"


def test_testrail_lists_at_least_sixty_cases(testrail: Any) -> None:
    cases = [testrail.cases.get_cases(1, suite_id=suite)["cases"] for suite in (1, 2)]
    assert sum(map(len, cases)) >= 60


def test_testrail_pages_bulk_reads(testrail: Any) -> None:
    assert len(testrail.cases.get_cases_bulk(1, suite_id=1)) == 34


def test_testrail_has_two_statuses_of_its_own(testrail: Any) -> None:
    own = [each["name"] for each in testrail.statuses.get_statuses() if not each["is_system"]]
    assert own == ["skipped", "known_issue"]


def test_a_testrail_run_takes_results_in_request_order(testrail: Any, sandbox: Sandbox) -> None:
    run = testrail.runs.add_run(
        1, suite_id=1, name="Nightly", include_all=False, case_ids=[1, 2, 3]
    )
    given = [{"case_id": case, "status_id": status} for case, status in ((3, 1), (1, 5), (2, 6))]
    results = testrail.results.add_results_for_cases(run["id"], given)
    tests = {each["id"]: each["case_id"] for each in testrail.tests.get_tests(run["id"])["tests"]}
    assert [tests[each["test_id"]] for each in results] == [3, 1, 2]


def test_a_testrail_run_counts_its_statuses(testrail: Any, sandbox: Sandbox) -> None:
    run = testrail.runs.add_run(
        1, suite_id=1, name="Nightly", include_all=False, case_ids=[1, 2, 3]
    )
    testrail.results.add_results_for_cases(
        run["id"], [{"case_id": 1, "status_id": 5}, {"case_id": 2, "status_id": 6}]
    )
    [shown] = sandbox.testrail.runs
    counts = [shown[f"{name}_count"] for name in ("failed", "custom_status1", "untested", "passed")]
    assert counts == [1, 1, 1, 0]


def test_a_testrail_attachment_comes_back_byte_for_byte(testrail: Any, tmp_path: Path) -> None:
    run = testrail.runs.add_run(1, suite_id=1, name="Nightly")
    result = testrail.results.add_result_for_case(run["id"], 1, status_id=5, comment="boom")
    source, target = tmp_path / "shot.png", tmp_path / "back.png"
    source.write_bytes(bytes(range(256)) * 20)
    number = testrail.attachments.add_attachment_to_result(result["id"], source)["attachment_id"]
    testrail.attachments.get_attachment(number, target)
    assert target.read_bytes() == source.read_bytes()


def test_a_testrail_plan_makes_a_run_for_each_configuration(testrail: Any) -> None:
    plan = testrail.plans.add_plan(1, name="Release")
    entry = testrail.plans.add_plan_entry(
        plan["id"], 1, config_ids=[1, 2], runs=[{"config_ids": [1]}, {"config_ids": [2]}]
    )
    assert [run["config"] for run in entry["runs"]] == ["Chrome", "Firefox"]


def test_a_testrail_run_closes_for_good(testrail: Any) -> None:
    from testrail_api import StatusCodeError

    run = testrail.runs.add_run(1, suite_id=1, name="Nightly")
    assert testrail.runs.close_run(run["id"])["is_completed"] is True
    with pytest.raises(StatusCodeError):
        testrail.results.add_results_for_cases(run["id"], [{"case_id": 1, "status_id": 1}])


def _incident(**more: Any) -> dict[str, Any]:
    service = {"id": "XIXOOXZ", "type": "service_reference"}
    return {"type": "incident", "title": "Checkout is down", "service": service, **more}


def test_pagerduty_opens_an_incident(pagerduty: Any, sandbox: Sandbox) -> None:
    made = pagerduty.rpost("/incidents", json=_incident(urgency="low"))
    [kept] = sandbox.pagerduty.incidents
    assert (kept["id"], kept["urgency"], kept["status"]) == (made["id"], "low", "triggered")


def test_pagerduty_refuses_a_second_open_incident_with_the_same_key(pagerduty: Any) -> None:
    pagerduty.rpost("/incidents", json=_incident(incident_key="k"))
    answer = pagerduty.post("/incidents", json={"incident": _incident(incident_key="k")})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "message": "Arguments Caused Error",
            "code": 2002,
            "errors": ["Open incident with matching dedup key already exists on this service"],
        }
    }


def test_pagerduty_finds_an_incident_by_its_key(pagerduty: Any) -> None:
    made = pagerduty.rpost("/incidents", json=_incident(incident_key="k"))
    found = pagerduty.list_all(
        "incidents",
        params={"incident_key": "k", "service_ids": ["XIXOOXZ"], "statuses": ["triggered"]},
    )
    assert [each["id"] for each in found] == [made["id"]]


def test_pagerduty_resolves_and_takes_notes(pagerduty: Any, sandbox: Sandbox) -> None:
    made = pagerduty.rpost("/incidents", json=_incident())
    pagerduty.rpost(f"/incidents/{made['id']}/notes", json={"note": {"content": "green again"}})
    pagerduty.rput(
        "/incidents", json=[{"id": made["id"], "type": "incident_reference", "status": "resolved"}]
    )
    [kept] = sandbox.pagerduty.incidents
    assert [each["type"] for each in kept["log"]] == ["trigger", "annotate", "resolve"]


def test_pagerduty_tells_an_account_key_from_a_user_key(pagerduty: Any) -> None:
    assert pagerduty.api_key_access == "account"


def test_pagerduty_lists_abilities(pagerduty: Any) -> None:
    assert "priorities" in pagerduty.rget("/abilities")


def test_pagerduty_shows_the_state_of_a_service(pagerduty: Any) -> None:
    states = {each["id"]: each["status"] for each in pagerduty.list_all("services")}
    assert (states["XIXOOXZ"], states["PDISABL"], states["PMAINTN"]) == (
        "active",
        "disabled",
        "maintenance",
    )


def test_events_deduplicate_until_they_resolve(events: Any, sandbox: Sandbox) -> None:
    key = events.trigger("Checkout is down", "ci", dedup_key="d")
    events.trigger("Checkout is down", "ci", dedup_key=key)
    events.resolve(key)
    [incident] = sandbox.pagerduty.incidents
    assert [each["type"] for each in incident["log"]] == ["trigger", "deduplicate", "resolve"]


def test_a_change_event_opens_no_incident(events: Any, sandbox: Sandbox) -> None:
    events.send_change_event(payload={"summary": "deployed", "source": "ci"})
    assert (len(sandbox.pagerduty.events), sandbox.pagerduty.incidents) == (1, [])
