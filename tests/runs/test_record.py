from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlty.delivery import Masker, identity
from qlty.errors import JournalError
from qlty.results import Marker, TestCase
from qlty.runs import RecordWriter, StateDir, dead_records, dead_runs, read_record
from qlty.runs._format import encode


def result_of(nodeid="tests/test_a.py::test_x", **changes):
    now = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)
    values = {
        "status": "passed",
        "outcome": "passed",
        "message": None,
        "error": None,
        "phase": None,
        "start_time": now,
        "end_time": now,
        "duration": 0.25,
        "attempts": 1,
        "flaky": False,
        "interrupted": False,
        "test_case_ids": [1, 2],
        "feature_name": None,
        "test_target": None,
        "results_dir": None,
        "attachments": [],
        "nodeid": nodeid,
        "earlier_attempts": [],
        "properties": [],
        "tags": ["slow"],
        "parameters": {"size": 3},
        "captured": {},
    }
    return {**values, **changes}


def case_of(nodeid="tests/test_a.py::test_x", **changes):
    values = {
        "nodeid": nodeid,
        "name": nodeid.rpartition("::")[2],
        "path": "tests/test_a.py",
        "line": 3,
        "docstring": "What it is for.",
        "markers": (Marker("slow", (1, "a"), {"why": None}),),
        "fixtures": ("tmp_path",),
        "case_ids": (1, 2),
        "tags": ("slow",),
        "parameters": {"size": 3},
    }
    return TestCase(**{**values, **changes})


@pytest.fixture
def state_dir(tmp_path):
    state_dir = StateDir(tmp_path / "state")
    assert state_dir.ensure() is None
    return state_dir


@pytest.fixture
def record(state_dir):
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker())
    yield record
    record.close()


def test_what_is_written_is_read_again(record):
    record.start(case_of("tests/test_a.py::test_x"))
    record.finish(case_of(), result_of())
    run = read_record(record.path)
    assert run.run_id == "run-1"
    assert run.info == {"run": {"id": "run-1"}, "integrations": []}
    assert run.finished == [(case_of(), result_of())]
    assert run.in_flight == {}
    assert not run.ended


def test_a_test_in_flight_is_an_interrupted_error(record):
    record.start(case_of("tests/test_a.py::test_x[a::b]"))
    results = read_record(record.path).results
    result = results["tests/test_a.py"]["test_x[a::b]"]
    assert (result["status"], result["outcome"]) == ("failed", "error")
    assert result["interrupted"]


def test_a_test_in_flight_keeps_what_is_known_of_it(record):
    record.start(case_of())
    ((test_case, result),) = read_record(record.path).interrupted()
    assert test_case == case_of()
    assert result["test_case_ids"] == [1, 2]


def test_a_second_start_tells_more_and_keeps_the_time_of_the_first(record):
    record.start(case_of(docstring=None))
    begun = read_record(record.path).interrupted()[0][1]["start_time"]
    record.start(case_of())
    ((test_case, result),) = read_record(record.path).interrupted()
    assert (test_case, result["start_time"]) == (case_of(), begun)


def test_a_start_of_an_older_record_tells_the_node_id_alone(record):
    with record.path.open("a") as file:
        file.write('{"event":"start","nodeid":"a.py::test","time":"2026-11-23T08:00:00Z"}\n')
    ((test_case, _),) = read_record(record.path).interrupted()
    assert test_case == TestCase("a.py::test", "test", path="a.py")


def test_a_rerun_is_not_in_flight_after_its_final_outcome(record):
    record.start(case_of("tests/test_a.py::test_x"))
    record.start(case_of("tests/test_a.py::test_x"))
    record.finish(case_of(), result_of(attempts=2))
    assert read_record(record.path).in_flight == {}


def test_a_torn_last_line_is_left_out(record):
    record.finish(case_of(), result_of())
    with record.path.open("ab") as file:
        file.write(b'{"event":"finish","test_case":{"node')
    run = read_record(record.path)
    assert len(run.finished) == 1
    assert run.damaged == 0


def test_a_damaged_line_is_counted_and_the_rest_is_read(record):
    with record.path.open("ab") as file:
        file.write(b"garbage\n")
    record.finish(case_of(), result_of())
    run = read_record(record.path)
    assert (len(run.finished), run.damaged) == (1, 1)


@given(cut=st.integers(min_value=0))
@settings(max_examples=60, deadline=None)
def test_a_record_cut_anywhere_gives_what_was_whole(tmp_path_factory, cut):
    state_dir = StateDir(tmp_path_factory.mktemp("cut"))
    state_dir.ensure()
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker())
    for number in range(3):
        nodeid = f"tests/test_a.py::test_{number}"
        record.start(case_of(nodeid))
        record.finish(case_of(nodeid), result_of(nodeid))
    record.close()
    content = record.path.read_bytes()
    header = content.index(b"\n") + 1
    kept = content[: header + cut % (len(content) - header + 1)]
    record.path.write_bytes(kept)
    whole = [line for line in kept.split(b"\n")[1:-1] if b'"finish"' in line]
    run = read_record(record.path)
    # a last line without its newline may be whole or not
    assert len(run.finished) - len(whole) in {0, 1}
    assert run.damaged == 0


@pytest.mark.parametrize("version", [3, 99, 0, -1, True, 1.5, "two", None])
def test_another_version_is_refused_and_named(state_dir, version):
    path = state_dir.runs / "run-9.jsonl"
    path.write_text(json.dumps({"event": "run", "version": version, "run_id": "run-9"}) + "\n")
    with pytest.raises(JournalError, match=f"version {version}"):
        read_record(path)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]\n", b'{"event":"start"}\n'])
def test_a_file_without_a_header_is_no_record(state_dir, content):
    path = state_dir.runs / "run-9.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="no record"):
        read_record(path)


@given(text=st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_any_text_survives_lone_surrogates_too(tmp_path_factory, text):
    state_dir = StateDir(tmp_path_factory.mktemp("text"))
    state_dir.ensure()
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker())
    record.finish(case_of(docstring=text), result_of(message=text))
    record.close()
    ((test_case, result),) = read_record(record.path).finished
    assert (test_case.docstring, result["message"]) == (text, text)


def test_odd_values_become_their_repr():
    line, _ = encode({"value": {1, 2}.__class__, "when": complex(1, 2)}, Masker())
    assert json.loads(line)["when"] == "(1+2j)"


def test_secrets_are_masked_and_ids_stay_identities(state_dir):
    masker = Masker(["s3cr3t-v4lue"])
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), masker)
    nodeid = "tests/test_a.py::test_x[s3cr3t-v4lue]"
    record.start(case_of(nodeid))
    record.finish(case_of(nodeid), result_of(nodeid, message="it was s3cr3t-v4lue"))
    record.close()
    assert b"s3cr3t" not in record.path.read_bytes()
    run = read_record(record.path)
    assert run.in_flight == {}
    assert run.finished[0][1]["message"] == "it was ***"


@pytest.mark.parametrize(
    "field", ["name", "class_name", "module", "path", "docstring", "markers", "fixtures"]
)
def test_a_secret_is_masked_wherever_a_test_holds_it(state_dir, field):
    secret = "s3cr3t-v4lue"
    held = {"markers": (Marker("owner", kwargs={"token": secret}),), "fixtures": (secret,)}
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker([secret]))
    record.finish(case_of(**{field: held.get(field, secret)}), result_of())
    record.close()
    assert b"s3cr3t" not in record.path.read_bytes()


@pytest.mark.parametrize(
    "field", ["message", "feature_name", "test_target", "results_dir", "attachments"]
)
def test_a_secret_is_masked_wherever_a_result_holds_it(state_dir, field):
    secret = "s3cr3t-v4lue"
    held = [secret] if field == "attachments" else secret
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker([secret]))
    record.finish(case_of(), result_of(**{field: held}))
    record.close()
    assert b"s3cr3t" not in record.path.read_bytes()


def test_the_folder_is_private_and_hidden_from_git_and_backups(state_dir):
    assert stat.S_IMODE(state_dir.path.stat().st_mode) == 0o700
    assert (state_dir.path / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE((state_dir.path / ".gitignore").stat().st_mode) == 0o600
    tag = (state_dir.path / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_the_record_is_private(record):
    assert stat.S_IMODE(record.path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_said_and_stops_nothing(tmp_path):
    (tmp_path / "file").touch()
    state_dir = StateDir(tmp_path / "file" / "state")
    assert "cannot be used" in state_dir.ensure()
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), Masker())
    assert "cannot be written" in record.trouble
    record.start(case_of("tests/test_a.py::test_x"))
    record.end()
    record.close()


def test_prune_keeps_the_newest_and_what_nobody_reported(state_dir):
    for number in range(5):
        record = RecordWriter.create(state_dir, {"id": f"run-{number}"}, (), Masker())
        (state_dir.runs / f"run-{number}.log").touch()
        if number != 1:
            record.end()
        record.close()
    state_dir.prune(keep=2)
    kept = sorted(path.name for path in state_dir.runs.iterdir())
    assert kept == [f"run-{n}.{end}" for n in (1, 3, 4) for end in ("jsonl", "log")]


def test_prune_does_not_unlock_a_living_run(state_dir, record):
    state_dir.prune(keep=0)
    assert record.path.exists()
    assert lock_is_held(record.path)


def test_a_living_run_is_not_dead_to_itself(state_dir, record):
    assert dead_records(state_dir) == []
    assert lock_is_held(record.path)


def lock_is_held(path):
    code = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    found = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False)
    return found.returncode != 0


def start_run(state_dir, script):
    """Run ``script`` in another process that has begun a record; it prints "ready" first."""
    code = f"""
        import os, sys, time
        from pathlib import Path
        from qlty.delivery import Masker
        from qlty.runs import RecordWriter, StateDir
        from qlty.results import TestCase
        record = RecordWriter.create(StateDir(Path(sys.argv[1])), {{"id": "other"}}, (), Masker())
        record.start(TestCase("tests/test_a.py::test_x", "test_x"))
        {script}
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), state_dir.path],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_living_run_of_another_process_is_not_dead(state_dir):
    process = start_run(state_dir, "print('ready', flush=True); time.sleep(60)")
    try:
        assert dead_records(state_dir) == []
    finally:
        process.kill()
        process.communicate()
    assert [path.stem for path in dead_records(state_dir)] == ["other"]


def test_a_run_that_lost_its_lock_by_reading_its_own_file_is_not_dead(state_dir):
    process = start_run(
        state_dir, "record.path.read_bytes(); print('ready', flush=True); time.sleep(60)"
    )
    try:
        assert dead_records(state_dir) == []
    finally:
        process.kill()
        process.communicate()


def test_a_child_that_outlives_its_run_does_not_make_it_look_alive(state_dir):
    process = start_run(
        state_dir,
        "child = os.fork(); "
        "child or (sys.stdout.close(), os.close(1), time.sleep(60), os._exit(0)); "
        "Path(sys.argv[1], 'child').write_text(str(child)); print('ready', flush=True); "
        "time.sleep(60)",
    )
    child = int((state_dir.path / "child").read_text())
    try:
        process.kill()
        process.communicate()
        assert [path.stem for path in dead_records(state_dir)] == ["other"]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_writes_nothing(record):
    before = record.path.read_bytes()
    child = os.fork()
    if not child:
        record.start(case_of("tests/test_a.py::test_x"))
        record.end()
        os._exit(0)
    os.waitpid(child, 0)
    assert record.path.read_bytes() == before


def test_a_reported_run_whose_disk_was_full_is_not_found_as_a_killed_one(
    state_dir, record, monkeypatch
):
    monkeypatch.setattr("qlty.runtime._descriptors.write", lambda number, data: len(data) - 1)
    record.finish(case_of(), result_of())
    assert "disk is full" in record.trouble
    record.end()
    assert not record.path.exists()


def test_a_file_that_was_there_before_is_left_alone(state_dir, record):
    second = RecordWriter.create(state_dir, {"id": record.path.stem}, (), Masker())
    second.end()
    assert "exists" in second.trouble
    assert record.path.exists()


def abandon(state_dir, run_id="run-1"):
    """Leave a record as a dead process leaves it."""
    record = RecordWriter.create(state_dir, {"id": run_id}, (), Masker())
    record.finish(case_of(), result_of())
    record.start(case_of("tests/test_a.py::test_y"))
    record.close()
    name_process(record.path, "host|boot|ns|1|2")
    return record.path


def name_process(path, process):
    lines = path.read_text().splitlines(keepends=True)
    header = {**json.loads(lines[0]), "process": process}
    path.write_text(json.dumps(header) + "\n" + "".join(lines[1:]))


def test_a_dead_run_is_found_with_all_that_it_did(state_dir):
    abandon(state_dir)
    (found,) = [dead.run for dead in dead_runs(state_dir)]
    statuses = {key: one["outcome"] for key, one in found.results["tests/test_a.py"].items()}
    assert statuses == {"test_x": "passed", "test_y": "error"}


def test_a_recovered_run_is_not_found_again(state_dir):
    abandon(state_dir)
    for dead in dead_runs(state_dir):
        dead.done()
    assert list(dead_runs(state_dir)) == []


def test_a_recovery_that_dies_is_found_again_but_not_for_ever(state_dir):
    abandon(state_dir)
    assert [len(list(dead_runs(state_dir))) for _ in range(5)] == [1, 1, 1, 0, 0]


def test_a_run_that_is_being_recovered_is_not_recovered_twice(state_dir):
    path = abandon(state_dir)
    for _ in dead_runs(state_dir):
        assert lock_is_held(path)
        assert dead_records(state_dir) == []


@pytest.fixture
def no_locks(monkeypatch):
    """A file system such as some network ones."""

    def lockf(*args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("qlty.runs._alive.lockf", lockf)


def test_without_locks_a_dead_run_of_this_machine_is_found(state_dir, no_locks):
    path = abandon(state_dir)
    name_process(path, identity().rpartition("|")[0] + "|1")
    assert [dead.run.run_id for dead in dead_runs(state_dir)] == ["run-1"]


def test_without_locks_a_run_that_may_live_elsewhere_is_not_dead(state_dir, no_locks):
    abandon(state_dir)
    assert dead_records(state_dir) == []


def test_a_run_of_somebody_else_is_left_as_it_is(state_dir):
    path = abandon(state_dir)
    before = path.read_bytes()
    assert list(dead_runs(state_dir, lambda run: run.run_id != "run-1")) == []
    assert path.read_bytes() == before


def test_a_record_of_a_newer_version_is_left_for_the_newer_version(state_dir, caplog):
    path = state_dir.runs / "run-9.jsonl"
    path.write_text('{"event":"run","version":9,"run_id":"run-9","process":""}\n')
    os.utime(path, (time.time() - 60, time.time() - 60))
    before = path.read_bytes()
    assert list(dead_runs(state_dir)) == []
    assert path.read_bytes() == before
    assert "a newer one is needed" in caplog.text


def test_the_attempts_before_the_last_one_survive_a_kill(record):
    failed = {
        "status": "failed",
        "outcome": "failed",
        "message": "no answer",
        "phase": "call",
        "start_time": datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc),
        "end_time": datetime(2026, 11, 23, 8, 1, tzinfo=timezone.utc),
        "duration": 60.0,
    }
    record.start(case_of())
    record.attempt(case_of(), failed)
    record.start(case_of())
    record.finish(case_of(), result_of(attempts=2, flaky=True, earlier_attempts=[failed]))
    ((_, result),) = read_record(record.path).finished
    assert result == result_of(attempts=2, flaky=True, earlier_attempts=[failed])
    assert record.path.read_bytes().count(b"no answer") == 1


def test_the_facts_of_a_test_are_written_once(record):
    for _ in range(2):
        record.start(case_of())
    record.finish(case_of(), result_of())
    assert record.path.read_bytes().count(b"What it is for.") == 1


def test_what_was_expected_is_read_again_and_holds_no_secret(state_dir):
    masker = Masker(["s3cr3t-v4lue"])
    record = RecordWriter.create(state_dir, {"id": "run-1"}, (), masker)
    record.expect(["a.py::test_x", "a.py::test_y[s3cr3t-v4lue]"], {"by.name": ["a.py::test_z"]})
    record.close()
    run = read_record(record.path)
    assert run.expected == ["a.py::test_x", masker.key("a.py::test_y[s3cr3t-v4lue]")]
    assert run.left_out == {"by.name": ["a.py::test_z"]}


VERSION_1 = """\
{"event":"run","version":1,"run_id":"r","process":"","info":{"run":{"id":"r"},"integrations":["a.B"]}}
{"event":"start","nodeid":"a.py::test_x","time":"2026-11-23T08:00:00Z","test_case":{"nodeid":"a.py::test_x","name":"test_x","line":3,"markers":[{"name":"slow","args":[1],"kwargs":{}}],"fixtures":["tmp_path"],"case_ids":[7]}}
{"event":"finish","test_case":{"nodeid":"a.py::test_x","name":"test_x","line":3,"markers":[],"fixtures":[],"case_ids":[7]},"result":{"status":"failed","outcome":"failed","message":"no","phase":"call","start_time":"2026-11-23T08:00:00Z","end_time":"2026-11-23T08:00:01Z","duration":1.0,"attempts":1,"flaky":false,"interrupted":false,"test_case_ids":[7],"feature_name":null,"test_target":null,"results_dir":null,"attachments":[],"nodeid":"a.py::test_x"}}
{"event":"start","nodeid":"a.py::test_y","time":"2026-11-23T08:00:02Z"}
"""


def test_a_record_of_version_1_is_still_read(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(VERSION_1)
    run = read_record(path)
    ((case, result),) = run.finished
    assert (run.info["run"], run.info["integrations"]) == ({"id": "r"}, ["a.B"])
    assert (case.case_ids, result["message"], result["earlier_attempts"]) == ((7,), "no", [])
    assert [case.nodeid for case, _ in run.interrupted()] == ["a.py::test_y"]
    assert run.damaged == 0
