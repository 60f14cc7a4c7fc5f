"""TestRail's link, added to a message that did not wait for it."""

from __future__ import annotations

import pytest

URL = "https://acme.testrail.io/index.php?/runs/view/12"


@pytest.fixture
def late(slack):
    """A run whose TestRail delivery was made and not answered yet."""
    slack.testrail = slack.courier.outbox.enqueue(
        integration="testrail",
        target="https://acme.testrail.io",
        key="run",
        kind="run",
        payload={},
        run_id=slack.run["id"],
        class_path=None,
    )

    def set_row(state, checkpoint="{}"):
        slack.courier.outbox.stores[0]._execute(
            "UPDATE delivery SET state = ?, checkpoint = ?, due_at = due_at + 3600 WHERE id = ?",
            [state, checkpoint, slack.testrail.id],
        )

    slack.testrail_is = set_row
    set_row("waiting")
    return slack


def retry_at_once(slack):
    for row in slack.rows:
        if row.integration == "slack" and row.state == "waiting":
            slack.courier.outbox.retry(row.id)
    return slack


def test_the_message_is_posted_without_the_link(late, make):
    late.end(make.result("a.py::test_one"), context={"testrail_delivery": late.testrail})
    (message,) = late.drain(5).messages
    assert "TestRail" not in make.text(message)


def test_the_link_is_added_once_testrail_has_answered(late, make):
    late.end(make.result("a.py::test_one"), context={"testrail_delivery": late.testrail})
    late.drain(5)
    late.testrail_is("delivered", f'{{"testrail_run_id": 12, "testrail_run_url": "{URL}"}}')
    (message,) = retry_at_once(late).drain(5).messages
    assert f"<{URL}|TestRail run 12>" in make.text(message)
    assert [row.state for row in late.rows if row.integration == "slack"] == ["delivered"] * 2


def test_it_ends_where_testrail_refused(late, make):
    late.end(make.result("a.py::test_one"), context={"testrail_delivery": late.testrail})
    late.testrail_is("refused")
    late.drain(5)
    assert late.rows[-1].sent.text == "no link to TestRail: it has no run"


def test_it_ends_where_slack_refused_the_message(late, make):
    late.set(CHANNEL_ID="C0GENERAL")
    late.end(make.result("a.py::test_one"), context={"testrail_delivery": late.testrail})
    late.drain(5)
    assert late.rows[-1].sent.text == "no link to TestRail: there is no message"


def test_nothing_is_added_where_testrail_answered_in_time(slack, make):
    slack.post(make.result("a.py::test_one"), context={"testrail_run_id": 12})
    assert [row.kind for row in slack.rows] == ["run"]
