"""A record is played in one way: while it is written, after a kill, once or twice."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qlty.classes.integrations.base_integration import Integration
from qlty.classes.integrations.registry import Registry
from qlty.delivery import Masker, Outbox
from qlty.lifecycle import RunCourier
from qlty.lifecycle._play import Player, killed_run_info, play
from qlty.results import Attempts, PhaseReport, TestCase, merge
from qlty.runs import RecordFollower, RecordWriter, StateDir, read_record

START = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)
RUN = {"id": "20261123-080000-abcdef", "start": START, "project": "shop"}
RUN |= {"environment": None, "branch": None, "rootdir": "/shop"}


class Paging(Integration):
    """Delivers while tests run and at the end, with keys and without."""

    def on_test_end(self, test_case, result):
        if result["status"] == "failed":
            first = [attempt["message"] for attempt in result["earlier_attempts"]]
            self.deliver({"page": result["message"], "first": first}, key=test_case.nodeid)

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        counts = {name: len(tests) for name, tests in test_results.items()}
        self.deliver({"counts": counts, "cut": context["run"].get("cut_short", False)})

    def send(self, job):
        raise NotImplementedError


class Place:
    """An outbox and what is needed to hand deliveries to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outbox = Outbox.open(None, Masker())

    def connect(self, info):
        registry = Registry()
        registry.register(Paging(), "tests.Paging")
        courier = RunCourier(
            info, registry, lambda: self.outbox, self.folder / "history.jsonl", lambda: None
        )
        registry.connect(courier)
        return registry, courier

    def deliveries(self):
        return sorted((row.key, str(row.payload)) for row in self.outbox.rows())


def record_of(folder, outcomes):
    state = StateDir(folder)
    state.ensure()
    record = RecordWriter.create(state, RUN, ["tests.Paging"], Masker())
    for number, attempts in enumerate(outcomes):
        case = TestCase(f"test_a.py::test_{number}", f"test_{number}", path="test_a.py")
        running = Attempts(case)
        for last, passes in enumerate(attempts, 1 - len(attempts)):
            record.start(case)
            verdict, message = ("passed", None) if passes else ("failed", f"no {number} {last}")
            at = START.timestamp() + number
            running.phases.append(PhaseReport("call", verdict, message, at, at + 0.5, 0.5))
            if last:
                running.again()
                running.restart()
                record.attempt(case, running.earlier[-1])
        record.finish(case, merge(running))
    record.close()
    return record.path


def followed(place, path):
    """Follow a record line by line to where it was cut, and tell the rest as a reporter does."""
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(lines[0] + b"\n")
    follower = RecordFollower(path)
    registry, _ = place.connect(info := killed_run_info(follower.run))
    player = Player(registry, info)
    for line in lines[1:]:
        with path.open("ab") as file:
            file.write(line + (b"\n" if line is not lines[-1] else b""))
        for case, result in follower.follow():
            player.test_ended(case, result)
    for case, result in follower.run.interrupted():
        player.test_ended(case, result)
    player.run_ended(player.elapsed(), None, {})


def played(place, path):
    run = read_record(path)
    registry, courier = place.connect(killed_run_info(run))
    play(run, registry, courier.history)


@given(
    outcomes=st.lists(st.lists(st.booleans(), min_size=1, max_size=3), max_size=6),
    cut=st.integers(min_value=0),
)
@settings(max_examples=40, deadline=None)
def test_live_after_a_kill_at_any_line_and_twice_give_the_same(tmp_path_factory, outcomes, cut):
    folder = tmp_path_factory.mktemp("play")
    path = record_of(folder / "state", outcomes)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: 1 + cut % len(lines)]))
    live, late, twice = (Place(folder) for _ in range(3))
    followed(live, path)
    played(late, path)
    played(twice, path)
    played(twice, path)
    assert live.deliveries() == late.deliveries() == twice.deliveries()
    assert live.deliveries()
