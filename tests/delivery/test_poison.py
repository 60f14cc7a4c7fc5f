"""A delivery that kills whoever sends it costs the others nothing."""

from __future__ import annotations

import subprocess
import sys
import threading

from qlty.delivery import identity
from qlty.delivery._lane import Turns

#: a process of this machine that is none any more
DEAD = "|".join([*identity().split("|")[:3], str(2**22 - 1), "1"])

SENDING = """
import os, sys, time
from pathlib import Path
from qlty.delivery import Outbox, Sent, drain
from qlty.runtime import clock

class Sender:
    def __init__(self, target): self._target = target
    def target(self): return self._target
    def find(self, job): return None
    def send(self, job):
        with open(sys.argv[2], "a") as log:
            log.write(job.payload["text"] + "\\n")
        if job.payload["text"] == "poison":
            os.kill(os.getpid(), 9)
        if job.payload["text"] == "slow":
            time.sleep(0.5)
        return Sent()

class Senders:
    def get(self, integration, class_path): return Sender(integration)

outbox = Outbox.open(Path(sys.argv[1]))
drain(outbox, Senders(), deadline=clock.monotonic() + float(sys.argv[3]))
os._exit(0)
"""


def send(outbox, log, seconds=20):
    command = [sys.executable, "-c", SENDING, str(outbox.path), str(log), str(seconds)]
    return subprocess.run(command, check=False, timeout=120).returncode


def put(outbox, lane, text):
    return outbox.enqueue(
        integration=lane,
        target=lane,
        key=text,
        kind="",
        payload={"text": text},
        run_id="run",
        class_path=None,
    )


def test_what_kills_its_sender_three_times_is_refused_and_the_others_are_sent(outbox, tmp_path):
    log = tmp_path / "log"
    poison = put(outbox, "one", "poison")
    behind = put(outbox, "one", "behind it")
    beside = [put(outbox, "two", "slow"), put(outbox, "three", "beside it")]
    assert [send(outbox, log) for _ in range(4)] == [-9, -9, -9, 0]
    assert outbox.get(poison.id).state == "refused"
    assert "its sender died 3 times" in outbox.get(poison.id).reason
    assert {outbox.get(one.id).state for one in (behind, *beside)} == {"delivered"}
    assert log.read_text().split("\n").count("poison") == 3


def test_a_sender_that_ends_at_its_deadline_has_not_died(outbox, tmp_path):
    log = tmp_path / "log"
    slow = put(outbox, "one", "slow")
    for _ in range(4):
        assert send(outbox, log, seconds=0.2) == 0
        assert outbox.get(slow.id).state in {"waiting", "sending"}
    assert send(outbox, log) == 0
    assert outbox.get(slow.id).state == "delivered"


def test_what_was_refused_for_its_sender_can_be_sent_again_by_hand(outbox, tmp_path):
    poison = put(outbox, "one", "poison")
    assert [send(outbox, tmp_path / "log") for _ in range(4)][-1] == 0
    outbox.retry(poison.id)
    assert send(outbox, tmp_path / "log") == -9


def die(store, row, **checkpoint):
    """Take the row, note something, and die."""
    (taken,) = [store.lease("one", "one", f"{DEAD}|x")]
    assert taken.id == row.id
    if checkpoint:
        store.save_checkpoint(row.id, f"{DEAD}|x", checkpoint)
    return taken.deaths


def test_who_died_after_a_new_step_is_not_suspect(outbox):
    row, store = put(outbox, "one", "a"), outbox.stores[0]
    assert [die(store, row, step=step) for step in range(8)] == [0, 1, 1, 1, 1, 1, 1, 1]


def test_who_died_at_the_same_step_is_suspect_whatever_time_it_noted(outbox):
    row, store = put(outbox, "one", "a"), outbox.stores[0]
    counts = [die(store, row, pending={"part": "x", "since": 1.5 + n}) for n in range(5)]
    assert counts == [0, 1, 2, 3, 4]


def test_who_is_alone_is_alone():
    turns, inside, most = Turns(), [], []

    def work(*, alone):
        for _ in range(200):
            with turns.take(alone=alone):
                inside.append(alone)
                most.append((alone, len(inside)))
                assert not (True in inside and len(inside) > 1)
                inside.remove(alone)

    threads = [threading.Thread(target=work, kwargs={"alone": n % 2 == 0}) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 800
    assert all(number == 1 for alone, number in most if alone)
