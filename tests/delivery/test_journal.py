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

from qlty.delivery import Journal, Masker, StateDir, dead_journals, read_journal, recover
from qlty.delivery._journal import encode
from qlty.delivery._process import identity
from qlty.errors import JournalError
from qlty.results import Marker, TestCase


def result_of(nodeid="tests/test_a.py::test_x", **changes):
    now = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)
    values = {
        "status": "passed",
        "outcome": "passed",
        "message": None,
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
    }
    return TestCase(**{**values, **changes})


@pytest.fixture
def state_dir(tmp_path):
    state_dir = StateDir(tmp_path / "state")
    assert state_dir.ensure() is None
    return state_dir


@pytest.fixture
def journal(state_dir):
    journal = Journal.create(state_dir, "run-1", {"id": "run-1"}, Masker())
    yield journal
    journal.close()


def test_what_is_written_is_read_again(journal):
    journal.start(case_of("tests/test_a.py::test_x"))
    journal.finish(case_of(), result_of())
    run = read_journal(journal.path)
    assert run.run_id == "run-1"
    assert run.info == {"id": "run-1"}
    assert run.finished == [(case_of(), result_of())]
    assert run.in_flight == {}
    assert not run.ended


def test_a_test_in_flight_is_an_interrupted_error(journal):
    journal.start(case_of("tests/test_a.py::test_x[a::b]"))
    results = read_journal(journal.path).results
    result = results["tests/test_a.py"]["test_x[a::b]"]
    assert (result["status"], result["outcome"]) == ("failed", "error")
    assert result["interrupted"]


def test_a_test_in_flight_keeps_what_is_known_of_it(journal):
    journal.start(case_of())
    ((test_case, result),) = read_journal(journal.path).interrupted()
    assert test_case == case_of()
    assert result["test_case_ids"] == [1, 2]


def test_a_second_start_tells_more_and_keeps_the_time_of_the_first(journal):
    journal.start(case_of(docstring=None))
    begun = read_journal(journal.path).interrupted()[0][1]["start_time"]
    journal.start(case_of())
    ((test_case, result),) = read_journal(journal.path).interrupted()
    assert (test_case, result["start_time"]) == (case_of(), begun)


def test_a_start_of_an_older_journal_tells_the_node_id_alone(journal):
    with journal.path.open("a") as file:
        file.write('{"event":"start","nodeid":"a.py::test","time":"2026-11-23T08:00:00Z"}\n')
    ((test_case, _),) = read_journal(journal.path).interrupted()
    assert test_case == TestCase("a.py::test", "test", path="a.py")


def test_a_rerun_is_not_in_flight_after_its_final_outcome(journal):
    journal.start(case_of("tests/test_a.py::test_x"))
    journal.start(case_of("tests/test_a.py::test_x"))
    journal.finish(case_of(), result_of(attempts=2))
    assert read_journal(journal.path).in_flight == {}


def test_a_torn_last_line_is_left_out(journal):
    journal.finish(case_of(), result_of())
    with journal.path.open("ab") as file:
        file.write(b'{"event":"finish","test_case":{"node')
    run = read_journal(journal.path)
    assert len(run.finished) == 1
    assert run.damaged == 0


def test_a_damaged_line_is_counted_and_the_rest_is_read(journal):
    with journal.path.open("ab") as file:
        file.write(b"garbage\n")
    journal.finish(case_of(), result_of())
    run = read_journal(journal.path)
    assert (len(run.finished), run.damaged) == (1, 1)


@given(cut=st.integers(min_value=0))
@settings(max_examples=60, deadline=None)
def test_a_journal_cut_anywhere_gives_what_was_whole(tmp_path_factory, cut):
    state_dir = StateDir(tmp_path_factory.mktemp("cut"))
    state_dir.ensure()
    journal = Journal.create(state_dir, "run-1", {}, Masker())
    for number in range(3):
        nodeid = f"tests/test_a.py::test_{number}"
        journal.start(case_of(nodeid))
        journal.finish(case_of(nodeid), result_of(nodeid))
    journal.close()
    content = journal.path.read_bytes()
    header = content.index(b"\n") + 1
    kept = content[: header + cut % (len(content) - header + 1)]
    journal.path.write_bytes(kept)
    whole = [line for line in kept.split(b"\n")[1:-1] if b'"finish"' in line]
    run = read_journal(journal.path)
    # a last line without its newline may be whole or not
    assert len(run.finished) - len(whole) in {0, 1}
    assert run.damaged == 0


@pytest.mark.parametrize("version", [2, 99, 0, -1, True, 1.5, "two", None])
def test_another_version_is_refused_and_named(state_dir, version):
    path = state_dir.runs / "run-9.jsonl"
    path.write_text(json.dumps({"event": "run", "version": version, "run_id": "run-9"}) + "\n")
    with pytest.raises(JournalError, match=f"version {version}"):
        read_journal(path)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]\n", b'{"event":"start"}\n'])
def test_a_file_without_a_header_is_no_journal(state_dir, content):
    path = state_dir.runs / "run-9.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="no journal"):
        read_journal(path)


@given(text=st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_any_text_survives_lone_surrogates_too(tmp_path_factory, text):
    state_dir = StateDir(tmp_path_factory.mktemp("text"))
    state_dir.ensure()
    journal = Journal.create(state_dir, "run-1", {}, Masker())
    journal.finish(case_of(docstring=text), result_of(message=text))
    journal.close()
    ((test_case, result),) = read_journal(journal.path).finished
    assert (test_case.docstring, result["message"]) == (text, text)


def test_odd_values_become_their_repr():
    line = encode({"value": {1, 2}.__class__, "when": complex(1, 2)}, Masker())
    assert json.loads(line)["when"] == "(1+2j)"


def test_secrets_are_masked_and_ids_stay_identities(state_dir):
    masker = Masker(["s3cr3t-v4lue"])
    journal = Journal.create(state_dir, "run-1", {"url": "https://x/s3cr3t-v4lue"}, masker)
    nodeid = "tests/test_a.py::test_x[s3cr3t-v4lue]"
    journal.start(case_of(nodeid))
    journal.finish(case_of(nodeid), result_of(nodeid, message="it was s3cr3t-v4lue"))
    journal.close()
    assert b"s3cr3t" not in journal.path.read_bytes()
    run = read_journal(journal.path)
    assert run.in_flight == {}
    assert run.finished[0][1]["message"] == "it was ***"


@pytest.mark.parametrize(
    "field", ["name", "class_name", "module", "path", "docstring", "markers", "fixtures"]
)
def test_a_secret_is_masked_wherever_a_test_holds_it(state_dir, field):
    secret = "s3cr3t-v4lue"
    held = {"markers": (Marker("owner", kwargs={"token": secret}),), "fixtures": (secret,)}
    journal = Journal.create(state_dir, "run-1", {}, Masker([secret]))
    journal.finish(case_of(**{field: held.get(field, secret)}), result_of())
    journal.close()
    assert b"s3cr3t" not in journal.path.read_bytes()


@pytest.mark.parametrize(
    "field", ["message", "feature_name", "test_target", "results_dir", "attachments"]
)
def test_a_secret_is_masked_wherever_a_result_holds_it(state_dir, field):
    secret = "s3cr3t-v4lue"
    held = [secret] if field == "attachments" else secret
    journal = Journal.create(state_dir, "run-1", {}, Masker([secret]))
    journal.finish(case_of(), result_of(**{field: held}))
    journal.close()
    assert b"s3cr3t" not in journal.path.read_bytes()


def test_the_folder_is_private_and_hidden_from_git_and_backups(state_dir):
    assert stat.S_IMODE(state_dir.path.stat().st_mode) == 0o700
    assert (state_dir.path / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE((state_dir.path / ".gitignore").stat().st_mode) == 0o600
    tag = (state_dir.path / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_the_journal_is_private(journal):
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_said_and_stops_nothing(tmp_path):
    (tmp_path / "file").touch()
    state_dir = StateDir(tmp_path / "file" / "state")
    assert "cannot be used" in state_dir.ensure()
    journal = Journal.create(state_dir, "run-1", {}, Masker())
    assert "cannot be written" in journal.trouble
    journal.start(case_of("tests/test_a.py::test_x"))
    journal.end()
    journal.close()


def test_prune_keeps_the_newest_and_what_nobody_reported(state_dir):
    for number in range(5):
        journal = Journal.create(state_dir, f"run-{number}", {}, Masker())
        (state_dir.runs / f"run-{number}.log").touch()
        if number != 1:
            journal.end()
        journal.close()
    state_dir.prune(keep=2)
    kept = sorted(path.name for path in state_dir.runs.iterdir())
    assert kept == [f"run-{n}.{end}" for n in (1, 3, 4) for end in ("jsonl", "log")]


def test_prune_does_not_unlock_a_living_run(state_dir, journal):
    state_dir.prune(keep=0)
    assert journal.path.exists()
    assert lock_is_held(journal.path)


def test_a_living_run_is_not_dead_to_itself(state_dir, journal):
    assert dead_journals(state_dir) == []
    assert lock_is_held(journal.path)


def lock_is_held(path):
    code = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    found = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False)
    return found.returncode != 0


def start_run(state_dir, script):
    """Run ``script`` in another process that has begun a journal; it prints "ready" first."""
    code = f"""
        import os, sys, time
        from pathlib import Path
        from qlty.delivery import Journal, Masker, StateDir
        from qlty.results import TestCase
        journal = Journal.create(StateDir(Path(sys.argv[1])), "other", {{}}, Masker())
        journal.start(TestCase("tests/test_a.py::test_x", "test_x"))
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
        assert dead_journals(state_dir) == []
    finally:
        process.kill()
        process.communicate()
    assert [path.stem for path in dead_journals(state_dir)] == ["other"]


def test_a_run_that_lost_its_lock_by_reading_its_own_file_is_not_dead(state_dir):
    process = start_run(
        state_dir, "journal.path.read_bytes(); print('ready', flush=True); time.sleep(60)"
    )
    try:
        assert dead_journals(state_dir) == []
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
        assert [path.stem for path in dead_journals(state_dir)] == ["other"]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_writes_nothing(journal):
    before = journal.path.read_bytes()
    child = os.fork()
    if not child:
        journal.start(case_of("tests/test_a.py::test_x"))
        journal.end()
        os._exit(0)
    os.waitpid(child, 0)
    assert journal.path.read_bytes() == before


def fill_the_disk(journal):
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file)
    os.close(full)


def test_a_reported_run_whose_disk_was_full_is_not_found_as_a_killed_one(state_dir, journal):
    fill_the_disk(journal)
    journal.finish(case_of(), result_of())
    assert "No space left" in journal.trouble
    journal.end()
    assert not journal.path.exists()


def test_a_file_that_was_there_before_is_left_alone(state_dir, journal):
    second = Journal.create(state_dir, journal.path.stem, {}, Masker())
    second.end()
    assert "exists" in second.trouble
    assert journal.path.exists()


def abandon(state_dir, run_id="run-1"):
    """Leave a journal as a dead process leaves it."""
    journal = Journal.create(state_dir, run_id, {"id": run_id}, Masker())
    journal.finish(case_of(), result_of())
    journal.start(case_of("tests/test_a.py::test_y"))
    journal.close()
    name_process(journal.path, "host|boot|ns|1|2")
    return journal.path


def name_process(path, process):
    lines = path.read_text().splitlines(keepends=True)
    header = {**json.loads(lines[0]), "process": process}
    path.write_text(json.dumps(header) + "\n" + "".join(lines[1:]))


def test_a_dead_run_is_found_with_all_that_it_did(state_dir):
    abandon(state_dir)
    (found,) = [dead.run for dead in recover(state_dir)]
    statuses = {key: one["outcome"] for key, one in found.results["tests/test_a.py"].items()}
    assert statuses == {"test_x": "passed", "test_y": "error"}


def test_a_recovered_run_is_not_found_again(state_dir):
    abandon(state_dir)
    for dead in recover(state_dir):
        dead.done()
    assert list(recover(state_dir)) == []


def test_a_recovery_that_dies_is_found_again_but_not_for_ever(state_dir):
    abandon(state_dir)
    assert [len(list(recover(state_dir))) for _ in range(5)] == [1, 1, 1, 0, 0]


def test_a_run_that_is_being_recovered_is_not_recovered_twice(state_dir):
    path = abandon(state_dir)
    for _ in recover(state_dir):
        assert lock_is_held(path)
        assert dead_journals(state_dir) == []


@pytest.fixture
def no_locks(monkeypatch):
    """A file system such as some network ones."""

    def lockf(*args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", lockf)


def test_without_locks_a_dead_run_of_this_machine_is_found(state_dir, no_locks):
    path = abandon(state_dir)
    name_process(path, identity().rpartition("|")[0] + "|1")
    assert [dead.run.run_id for dead in recover(state_dir)] == ["run-1"]


def test_without_locks_a_run_that_may_live_elsewhere_is_not_dead(state_dir, no_locks):
    abandon(state_dir)
    assert dead_journals(state_dir) == []


def test_a_run_of_somebody_else_is_left_as_it_is(state_dir):
    path = abandon(state_dir)
    before = path.read_bytes()
    assert list(recover(state_dir, lambda run: run.run_id != "run-1")) == []
    assert path.read_bytes() == before


def test_a_journal_of_a_newer_version_is_left_for_the_newer_version(state_dir, caplog):
    path = state_dir.runs / "run-9.jsonl"
    path.write_text('{"event":"run","version":9,"run_id":"run-9","process":""}\n')
    os.utime(path, (time.time() - 60, time.time() - 60))
    before = path.read_bytes()
    assert list(recover(state_dir)) == []
    assert path.read_bytes() == before
    assert "a newer one is needed" in caplog.text
