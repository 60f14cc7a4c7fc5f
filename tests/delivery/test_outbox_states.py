"""The outbox under any order of events, against a remote that counts its effects.

The model is the remote's own memory: which states of which keys were carried out, and how often.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qlty.delivery import Masker, Outbox, Row
from qlty.delivery._process import identity
from qlty.delivery._rows import ANSWER_LOST, FINAL_STATES

KEYS = st.sampled_from(["a", "b", "c"])
ALIVE = f"{identity()}|lane"
DEAD = f"{identity().rpartition('|')[0]}|1|lane"


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.outbox = Outbox.open(Path(self.folder.name) / "outbox.sqlite3", Masker())
        self.enqueued: dict[int, tuple[str, int]] = {}
        self.effects: list[int] = []
        self.newest: dict[str, int] = {}
        self.version = 0

    def teardown(self):
        self.outbox.close()
        self.folder.cleanup()

    @property
    def store(self):
        return self.outbox.stores[0]

    def put(self, key, version, *, supersedes):
        delivery = self.outbox.enqueue(
            integration="web",
            target="remote",
            key=key,
            kind="",
            payload={"version": version},
            run_id="run",
            class_path=None,
            supersedes=supersedes,
        )
        # a key that is known keeps its payload
        self.enqueued.setdefault(delivery.id, (key, version))
        return delivery

    @rule(key=KEYS)
    def enqueue(self, key):
        known = self.newest.get(key)
        delivery = self.put(key, 0, supersedes=False)
        assert known is None or delivery.id == known
        self.newest[key] = delivery.id

    @rule(key=KEYS)
    def supersede(self, key):
        self.version += 1
        delivery = self.put(key, self.version, supersedes=True)
        assert delivery.id != self.newest.get(key)
        self.newest[key] = delivery.id

    @rule(key=KEYS)
    def replay_the_newest_state(self, key):
        if key in self.newest:
            newest = self.newest[key]
            again = self.put(key, self.enqueued[newest][1], supersedes=True)
            assert again.id == newest

    def lease(self, owner=ALIVE):
        # due times are the business of other tests: here everything is due
        self.store._execute("UPDATE delivery SET due_at = 0 WHERE state = 'waiting'", [])
        found = self.store.lease("web", "remote", owner)
        return found if isinstance(found, Row) else None

    def carry_out(self, row):
        """What a correct sender does: ask after a lost answer, then send."""
        if row.doubt != ANSWER_LOST or row.id not in self.effects:
            self.effects.append(row.id)

    @rule()
    def deliver(self):
        row = self.lease()
        if row is not None:
            self.carry_out(row)
            self.store.settle_delivered(row.id, ALIVE, None)

    @rule(committed=st.booleans())
    def lose_the_answer(self, committed):
        row = self.lease()
        if row is not None:
            if committed:
                self.carry_out(row)
            self.store.put_back(row.id, ALIVE, wait=0, reason="silence", doubt=ANSWER_LOST)

    @rule(committed=st.booleans())
    def die_while_sending(self, committed):
        row = self.lease(DEAD)
        if row is not None and committed:
            self.carry_out(row)

    @rule()
    def fail_without_doubt(self):
        row = self.lease()
        if row is not None:
            doubt = row.doubt if row.id in self.effects else 0
            self.store.put_back(row.id, ALIVE, wait=0, reason="busy", doubt=doubt)

    @rule()
    def refuse(self):
        row = self.lease()
        if row is not None:
            self.store.settle_failed(row.id, ALIVE, "refused", "no", row.doubt)

    @rule(key=KEYS)
    def drop(self, key):
        if key in self.newest:
            self.store.drop(self.newest[key])

    @rule(key=KEYS)
    def retry(self, key):
        if key in self.newest:
            self.store.retry(self.newest[key])

    @rule()
    def expire(self):
        self.store._execute("UPDATE delivery SET expires_at = 1 WHERE state = 'waiting'", [])
        self.store.give_up_expired()

    @rule()
    def late_answer_of_somebody_who_lost_the_row(self):
        for row in self.outbox.rows():
            assert not self.store.save_checkpoint(row.id, "somebody else", {"x": 1})
            self.store.settle_delivered(row.id, "somebody else", None)

    @rule()
    def reopen(self):
        path = self.outbox.path
        self.outbox.close()
        self.outbox = Outbox.open(path, Masker())

    @precondition(lambda self: self.enqueued)
    @rule()
    def two_senders_never_hold_one_row(self):
        one = self.lease()
        other = self.lease(f"{ALIVE}2")
        assert one is None or other is None
        for row, owner in ((one, ALIVE), (other, f"{ALIVE}2")):
            if row is not None:
                self.store.put_back(row.id, owner, wait=0, reason="", doubt=row.doubt)

    @invariant()
    def nothing_has_vanished(self):
        assert {row.id for row in self.outbox.rows()} == set(self.enqueued)

    @invariant()
    def nothing_was_carried_out_twice(self):
        assert len(self.effects) == len(set(self.effects))

    @invariant()
    def what_is_delivered_was_carried_out(self):
        for row in self.outbox.rows(state="delivered"):
            assert row.id in self.effects

    @invariant()
    def only_older_states_of_a_key_are_superseded(self):
        newest = set(self.newest.values())
        assert not any(row.id in newest for row in self.outbox.rows(state="superseded"))

    @invariant()
    def what_is_settled_has_no_owner(self):
        for row in self.outbox.rows():
            if row.state in FINAL_STATES:
                assert row.owner is None
                assert row.settled_at is not None


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestOutboxMachine = OutboxMachine.TestCase
