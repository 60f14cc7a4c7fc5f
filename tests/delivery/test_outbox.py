from __future__ import annotations

import sqlite3
import stat
import time

import pytest

from qlty.delivery import Masker, Outbox
from qlty.errors import OutboxError


def test_enqueue_commits_before_it_returns(outbox, put):
    put("a")
    other = sqlite3.connect(outbox.path)
    assert other.execute("SELECT key, state FROM delivery").fetchall() == [("key-a", "waiting")]
    other.close()


def test_the_same_key_is_the_same_delivery(outbox, put):
    assert put("a").id == put("a").id
    assert put("a", payload={"text": "changed"}).id == put("a").id
    assert len(outbox.rows()) == 1


def test_the_same_key_at_another_target_is_another_delivery(put):
    assert put("a").id != put("a", target="elsewhere").id


def test_a_newer_state_replaces_an_undelivered_older_one(put):
    old = put("a", payload={"text": "old"})
    new = put("a", payload={"text": "new"}, supersedes=True)
    assert (old.state, new.state) == ("superseded", "waiting")


def test_the_same_state_of_the_same_run_is_not_superseded_by_its_replay(put):
    assert put("a").id == put("a", supersedes=True).id


def test_a_key_of_ten_thousand_characters_is_kept_whole(outbox, put):
    key = "k" * 10_000
    assert put("a", key=key).id == put("a", key=key).id
    assert put("a", key=key + "x").id != put("a", key=key).id
    assert outbox.rows()[0].key == key


def test_lone_surrogates_survive_in_the_payload(outbox, put):
    put("a", payload={"text": "odd \ud800 one"}, key="odd \ud800 key")
    assert outbox.rows()[0].payload == {"text": "odd \ud800 one"}


@pytest.mark.parametrize("payload", [{"a": object()}, {"a": float("nan")}, {"a": b"raw"}])
def test_a_payload_that_is_not_json_is_refused_with_the_culprit(put, payload):
    with pytest.raises(TypeError, match="web: a delivery's payload must be JSON"):
        put("a", payload=payload)


def test_the_payload_is_masked_and_the_key_of_a_secret_becomes_a_hash(tmp_path):
    outbox = Outbox.open(tmp_path / "o.sqlite3", Masker(["s3cr3t-v4lue"]))
    outbox.enqueue(
        integration="web",
        target="t",
        key="a s3cr3t-v4lue",
        kind="",
        payload={"text": "it is s3cr3t-v4lue"},
        run_id="r",
        class_path=None,
    )
    row = outbox.rows()[0]
    outbox.close()
    assert row.payload == {"text": "it is ***"}
    assert row.key.startswith("a ***#")
    assert b"s3cr3t" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_files_are_readable_by_their_owner_alone(outbox, put):
    put("a")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in outbox.path.parent.iterdir()}
    assert modes == {0o600}


def test_a_healthy_outbox_is_durable(outbox):
    assert outbox.durable
    assert outbox.trouble is None


def test_a_damaged_file_gives_an_outbox_in_memory_that_says_so(tmp_path):
    path = tmp_path / "outbox.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    outbox = Outbox.open(path, Masker())
    assert not outbox.durable
    assert "damaged" in outbox.trouble
    assert path.read_bytes().startswith(b"no database")
    outbox.close()


def test_a_missing_folder_gives_an_outbox_in_memory_that_says_so(tmp_path):
    outbox = Outbox.open(tmp_path / "missing" / "outbox.sqlite3", Masker())
    assert not outbox.durable
    assert "No such file" in outbox.trouble
    outbox.close()


def test_an_outbox_that_cannot_be_written_gives_one_in_memory(tmp_path):
    (tmp_path / "outbox.sqlite3").mkdir()
    outbox = Outbox.open(tmp_path / "outbox.sqlite3", Masker())
    assert not outbox.durable
    assert "cannot be made" in outbox.trouble
    outbox.close()


def test_a_newer_schema_is_left_alone_and_the_needed_version_is_named(tmp_path):
    path = tmp_path / "newer.sqlite3"
    Outbox.open(path, Masker()).close()
    file = sqlite3.connect(path)
    file.execute("UPDATE meta SET value = '7.5.0' WHERE name = 'written_by'")
    file.execute("PRAGMA user_version = 99")
    file.commit()
    file.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match=r"schema 99.*QLTY Framework 7\.5\.0 or newer"):
        Outbox.open_existing(path)
    outbox = Outbox.open(path, Masker())
    assert "7.5.0" in outbox.trouble
    outbox.close()
    assert path.read_bytes() == before


def test_a_disk_that_fills_up_moves_further_deliveries_to_memory(outbox, put):
    put("a")
    outbox.stores[0]._execute("PRAGMA max_page_count = 1", [])
    big = put("b", payload={"text": "x" * 200_000})
    assert big.state == "waiting"
    assert not outbox.durable
    assert "full" in outbox.trouble
    assert outbox.counts() == {"waiting": 2}


def test_what_the_full_disk_holds_already_is_not_enqueued_again_in_memory(outbox, put):
    first = put("a")
    outbox.stores[0]._execute("PRAGMA max_page_count = 1", [])
    put("b", payload={"text": "x" * 200_000})
    assert put("a").id == first.id
    assert outbox.counts() == {"waiting": 2}


def test_wait_for_returns_none_when_nobody_sends(put):
    started = time.monotonic()
    assert put("a").wait_for("answer", timeout=0.1) is None
    assert time.monotonic() - started < 5


def test_dropped_deliveries_do_not_keep_anybody_waiting(outbox, put):
    delivery = put("a")
    outbox.drop(delivery.id)
    assert delivery.wait_for("answer", timeout=60) is None


def test_asking_for_an_unknown_number_names_it(outbox):
    with pytest.raises(OutboxError, match="no delivery 77"):
        outbox.retry(77)


def test_prune_forgets_what_is_settled_and_keeps_what_waits(outbox, put):
    outbox.drop(put("a").id)
    put("b")
    assert outbox.prune(older_than=0) == 1
    assert [row.key for row in outbox.rows()] == ["key-b"]


def test_what_was_settled_a_month_ago_is_forgotten_when_a_run_begins(outbox, put):
    old, new = put("old"), put("new")
    for delivery in (old, new):
        outbox.drop(delivery.id)
    outbox.stores[0]._execute("UPDATE delivery SET settled_at = 1 WHERE id = ?", [old.id])
    put("waits")
    again = Outbox.open(outbox.path, Masker())
    assert [row.key for row in again.rows()] == ["key-new", "key-waits"]
    again.close()


def test_open_existing_says_that_there_is_none(tmp_path):
    with pytest.raises(OutboxError, match="there is no outbox"):
        Outbox.open_existing(tmp_path / "outbox.sqlite3")


def test_the_same_state_twice_is_one_delivery_also_where_json_has_no_such_type(outbox, put):
    states = [put("a", payload={1: ("x", 2.0)}, supersedes=True).id for _ in range(2)]
    assert states[0] == states[1]
    assert outbox.get(states[0]).payload == {"1": ["x", 2.0]}


def test_no_statement_has_numbered_placeholders():
    """Python 3.12 warns of them where values are a list, and suites make warnings errors."""
    import re
    from pathlib import Path

    import qlty.delivery

    texts = {p.name: p.read_text() for p in Path(qlty.delivery.__file__).parent.rglob("*.py")}
    assert "_store.py" in texts
    assert [name for name, text in texts.items() if re.search(r"[=(] ?[?:]\d", text)] == []
