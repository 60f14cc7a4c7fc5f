"""What the outbox reads does not grow with what lies in it."""

from __future__ import annotations

import pytest

from qlty.delivery import Outbox, Sent, drain
from qlty.runtime import clock


@pytest.fixture
def statements(outbox, put):
    """Run something, and return how SQLite carries out each statement of it."""
    put("first")

    def trace(act):
        seen, plans = [], {}
        with outbox.stores[0]._file.opened() as connection:
            connection.set_trace_callback(seen.append)
            act()
            connection.set_trace_callback(None)
            for statement in seen:
                if statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}:
                    plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}")
                    plans[statement] = [row[3] for row in plan]
        return plans

    return trace


def scans(plans):
    """Return the statements that read every row of the deliveries."""
    whole = ("SCAN delivery", "SCAN TABLE delivery")
    return [
        statement
        for statement, steps in plans.items()
        if any(step.startswith(whole) and "INDEX" not in step for step in steps)
    ]


class Elsewhere:
    def target(self):
        return "elsewhere"


class Team:
    def get(self, integration, class_path):
        return Elsewhere()


@pytest.mark.parametrize(
    "act",
    [
        lambda outbox: outbox.prune(1.0),
        lambda outbox: outbox.left(),
        lambda outbox: outbox.rows(run_id="run"),
        lambda outbox: outbox.rows(settled_since=1.0),
        lambda outbox: outbox.payloads("web", "remote", "post"),
        lambda outbox: drain(outbox, Team(), deadline=clock.monotonic() + 1),
    ],
    ids=["prune", "left", "rows of a run", "settled", "payloads", "drain"],
)
def test_no_statement_reads_every_row(outbox, statements, act):
    plans = statements(lambda: act(outbox))
    assert plans
    assert scans(plans) == []


def test_the_newest_of_very_many_payloads_are_read(outbox, put, monkeypatch):
    monkeypatch.setattr("qlty.delivery._store.MOST_READ", 2)
    for text in "abc":
        put(text)
    assert [one["text"] for one in outbox.payloads("web", "remote", "")] == ["b", "c"]


def test_why_a_lane_is_blocked_is_written_once_for_all_of_it(outbox, put):
    rows = [put(str(number)) for number in range(5)]
    drain(outbox, Team(), deadline=clock.monotonic() + 5)
    assert {outbox.get(row.id).reason for row in rows} == {
        "this is for remote; web is now set up for elsewhere"
    }
    (left,) = outbox.left()
    assert (left.elsewhere, left.number) == (True, 5)


def test_a_lane_that_is_open_again_is_not_called_blocked(outbox, put, deliver):
    class Back:
        def target(self):
            return "remote"

        def find(self, job):
            return None

        def send(self, job):
            return Sent()

    put("a")
    drain(outbox, Team(), deadline=clock.monotonic() + 5)
    deliver(web=Back())
    put("b")
    (left,) = outbox.left()
    assert (left.elsewhere, left.reason) == (False, "")


def test_what_has_arrived_leaves_its_payload_behind_and_is_still_known(outbox, put):
    row = put("a", supersedes=True)
    store = outbox.stores[0]
    store.lease("web", "remote", "me")
    store.settle_delivered(row.id, "me", None)
    assert outbox.get(row.id).payload == {}
    assert put("a", supersedes=True).id == row.id
    assert put("a", payload={"text": "newer"}, supersedes=True).id != row.id


def test_an_outbox_of_the_first_schema_is_taken_over(tmp_path, monkeypatch):
    path = tmp_path / "outbox.sqlite3"
    monkeypatch.setattr("qlty.delivery._database.SCHEMA_VERSION", 1)
    import qlty.delivery._database as database

    database.connect(path).close()
    monkeypatch.setattr("qlty.delivery._database.SCHEMA_VERSION", 2)
    outbox = Outbox.open(path)
    assert outbox.trouble is None
    assert outbox.left() == []
    outbox.close()
