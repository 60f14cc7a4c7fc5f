from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from qlty.delivery import History


def result(nodeid="t.py::test_a", outcome="passed", **changes):
    facts = {"flaky": False, "interrupted": False, "end_time": datetime.now(timezone.utc)}
    return {"nodeid": nodeid, "outcome": outcome, **facts, **changes}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def save(path, run_id, *results, **scope):
    history = History.load(path, **scope)
    history.record(results, run_id=run_id)
    history.save()
    assert history.trouble is None


def test_without_a_file_nothing_is_known(path):
    history = History.load(path)
    assert not history.known
    assert history.outcomes("t.py::test_a") == ()
    assert history.trouble is None


def test_its_folder_is_made(tmp_path):
    path = tmp_path / "kept" / "by-ci" / "history.jsonl"
    save(path, "r1", result())
    assert History.load(path).outcomes("t.py::test_a") == ("passed",)


def test_outcomes_are_kept_oldest_first(path):
    save(path, "r1", result(outcome="failed"))
    save(path, "r2", result(outcome="passed", flaky=True))
    assert History.load(path).outcomes("t.py::test_a") == ("failed", "flaky")
    assert History.load(path).known


def test_the_last_twenty_are_kept(path):
    for number in range(25):
        save(path, f"r{number}", result(outcome="failed" if number < 5 else "passed"))
    assert History.load(path).outcomes("t.py::test_a") == ("passed",) * 20


def test_a_replay_of_a_run_counts_once(path):
    save(path, "r1", result(outcome="failed"))
    save(path, "r1", result(outcome="failed"))
    assert History.load(path).outcomes("t.py::test_a") == ("failed",)


def test_interrupted_tests_say_nothing(path):
    save(path, "r1", result(outcome="error", interrupted=True))
    assert not History.load(path).known


@pytest.mark.parametrize("scope", [{"suite": "s"}, {"environment": "e"}, {"branch": "b"}])
def test_other_suites_environments_and_branches_are_kept_apart(path, scope):
    save(path, "r1", result(outcome="failed"))
    save(path, "r1", result(outcome="passed"), **scope)
    assert History.load(path).outcomes("t.py::test_a") == ("failed",)
    assert History.load(path, **scope).outcomes("t.py::test_a") == ("passed",)


def test_two_runs_at_once_lose_nothing(path):
    histories = [History.load(path) for _ in range(8)]
    for number, history in enumerate(histories):
        history.record([result(f"t.py::test_{number}")], run_id=f"r{number}")
    for history in histories:
        history.save()
    loaded = History.load(path)
    assert all(loaded.outcomes(f"t.py::test_{number}") for number in range(8))


def test_damaged_lines_are_left_out(path):
    save(path, "r1", result())
    with path.open("ab") as file:
        file.write(b'\xff\xfe not json\n[]\n{"nodeid": 3}\n')
    assert History.load(path).outcomes("t.py::test_a") == ("passed",)


def test_another_version_is_not_used_and_not_overwritten(path):
    path.write_text(json.dumps({"version": 99}) + "\n")
    history = History.load(path)
    history.record([result()], run_id="r1")
    history.save()
    assert "another version" in history.trouble
    assert path.read_text() == '{"version": 99}\n'


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    history = History.load(tmp_path / "file" / "history.jsonl")
    history.record([result()], run_id="r1")
    history.save()
    assert "cannot be written" in str(history.trouble)


def test_odd_node_ids_survive(path):
    nodeid = "t.py::test_a[\ud800 \n é]"
    save(path, "r1", result(nodeid))
    assert History.load(path).outcomes(nodeid) == ("passed",)


def test_a_test_that_ran_shows_that_its_files_and_classes_were_collected(path):
    save(path, "r1", *(result(n, "error") for n in ("shop", "shop/t.py", "shop/t.py::TestA")))
    save(path, "r2", result("shop/t.py::TestA::TestB::test_c", "failed"))
    history = History.load(path)
    for nodeid in ("shop", "shop/t.py", "shop/t.py::TestA"):
        assert history.outcomes(nodeid) == ("error", "passed")


@pytest.mark.parametrize("other", [("shop/t.py::test_a", "skipped"), ("shop/u.py", "error")])
def test_neither_a_skipped_test_nor_another_file_shows_that(path, other):
    save(path, "r1", result("shop/t.py", "error"))
    save(path, "r2", result(*other))
    assert History.load(path).outcomes("shop/t.py") == ("error",)


def test_what_failed_once_is_known_with_a_time_before_its_pass(path):
    then = datetime.now(timezone.utc) - timedelta(hours=1)
    save(path, "r1", *(result(f"t.py::test_{name}", "failed") for name in "ab"))
    later = result("t.py::test_c", end_time=then + timedelta(minutes=5))
    save(path, "r2", result("t.py::test_a", end_time=then), later)
    failed_once = History.load(path).failed_once()
    assert failed_once == {
        "t.py::test_a": pytest.approx(then.timestamp(), abs=0.01),
        "t.py::test_b": 0.0,
    }


def test_a_time_that_cannot_be_read_is_no_pass(path):
    save(path, "r1", result(outcome="failed"))
    save(path, "r2", result())
    path.write_text(path.read_text().replace('"time":"20', '"time":"noon 20'))
    assert History.load(path).failed_once() == {"t.py::test_a": 0.0}


NOW = {"suite": "acme/shop/backend", "branch": "feature/login"}
THEN = {"suite": "backend", "branch": "login"}
FORMER = ("backend", "login")


def test_what_was_recorded_under_the_folders_name_is_still_known(path):
    save(path, "r1", result(outcome="failed"), **THEN)
    assert History.load(path, **NOW, former=FORMER).outcomes("t.py::test_a") == ("failed",)


def test_what_was_recorded_under_the_folders_name_becomes_the_projects(path):
    save(path, "r1", result(outcome="failed"), result("t.py::test_b"), **THEN)
    save(path, "r2", result(outcome="passed"), **NOW, former=FORMER)
    assert History.load(path, **NOW).outcomes("t.py::test_a") == ("failed", "passed")
    assert History.load(path, **NOW).outcomes("t.py::test_b") == ("passed",)
    assert not History.load(path, **THEN).known


def test_what_an_older_version_writes_meanwhile_is_not_counted_twice(path):
    save(path, "r1", result(outcome="failed"), **NOW, former=FORMER)
    save(path, "r2", result(outcome="passed"), **THEN)
    save(path, "r3", result(outcome="passed"), **NOW, former=FORMER)
    assert History.load(path, **NOW).outcomes("t.py::test_a") == ("failed", "passed")
    assert len(path.read_text().splitlines()) == 2


def test_two_projects_in_folders_of_one_name_are_kept_apart(path):
    run = {"project": "acme/shop/tests", "rootdir": "/w/shop/tests", "former_branch": "main"}
    other = run | {"project": "acme/web/tests", "rootdir": "/w/web/tests"}
    history = History.of_run(path, run)
    history.record([result(outcome="failed")], run_id="r1")
    history.save()
    assert History.of_run(path, run).known
    assert not History.of_run(path, other).known
