"""CTRF, pytest's report log and our own records; which one a file is tells its content."""

from __future__ import annotations

import gzip
import io
import json
import sys

import pytest

from qlty.ingest import read
from qlty.results import Attempts, PhaseReport, TestCase, merge
from qlty.runs import RecordWriter, StateDir
from tests.ingest.conftest import results_of

ATTEMPT = {"attempt": 1, "status": "failed", "message": "no price", "duration": 10}


def ctrf(*tests, **summary):
    results = {"tool": {"name": "any"}, "summary": summary, "tests": list(tests)}
    return json.dumps({"reportFormat": "CTRF", "results": results})


def a_test(**more):
    return {"name": "pays", "status": "passed", "duration": 1500, "suite": ["shop", "cart"], **more}


def one(results):
    (result,) = results.values()
    return result


def test_ctrf_is_read(files):
    failed = a_test(status="failed", message="no price", trace="Error: no price\n at x", start=1000)
    result = one(files.results(ctrf(failed)))
    assert result["nodeid"] == "shop::cart::pays"
    assert (result["outcome"], result["duration"]) == ("failed", 1.5)
    assert result["message"] == "Error: no price\n at x"
    assert result["start_time"].timestamp() == 1.0


@pytest.mark.parametrize("again", [[], [{"attempt": 2, "status": "passed", "duration": 1500}]])
def test_attempts_of_ctrf_are_those_before_the_last_as_written_today_and_before(files, again):
    test = a_test(retries=1, retryAttempts=[ATTEMPT, *again], flaky=True)
    result = one(files.results(ctrf(test)))
    assert (result["attempts"], result["flaky"]) == (2, True)
    assert result["earlier_attempts"][0]["message"] == "no price"


def test_a_test_of_ctrf_that_never_passed_is_not_flaky(files):
    test = a_test(status="failed", retries=1, retryAttempts=[ATTEMPT], flaky=True)
    result = one(files.results(ctrf(test)))
    assert (result["attempts"], result["flaky"]) == (2, False)


def test_an_unknown_status_of_ctrf_is_never_a_pass(files):
    report = files.read(ctrf(a_test(status="other")))
    assert report.failed
    assert "neither passed, failed nor skipped" in report.warnings[0].text


def test_a_test_of_ctrf_with_a_wrong_shape_costs_no_other_one(files):
    report = files.read(ctrf(a_test(), {"name": 7}, a_test(name="adds"), tests=3))
    assert len(report.rows) == 2
    assert "test 2 of the report cannot be read" in report.holes[0].text


def line(when, outcome="passed", **more):
    return {
        "$report_type": "TestReport",
        "nodeid": "tests/test_a.py::test_pays",
        "location": ["tests/test_a.py", 6, "test_pays"],
        "when": when,
        "outcome": outcome,
        "duration": 0.5,
        "start": 10.0,
        "stop": 10.5,
        **more,
    }


START, FINISH = {"$report_type": "SessionStart"}, {"$report_type": "SessionFinish", "exitstatus": 1}


def log(*lines):
    return "\n".join(map(json.dumps, [START, *lines])) + "\n"


def test_attempts_of_a_report_log_are_those_that_were_announced(files):
    text = log(
        *(line("setup"), line("call", "rerun", longrepr="E  no price"), line("teardown")),
        *(line("setup"), line("call"), line("teardown")),
        FINISH,
    )
    result = one(files.results(text))
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 2, True)
    assert result["earlier_attempts"][0]["message"] == "E  no price"


def test_a_report_log_without_its_end_is_incomplete_and_its_last_test_interrupted(files):
    report = files.read(log(line("setup")))
    assert not report.complete
    result = one(results_of(report))
    assert (result["outcome"], result["interrupted"]) == ("error", True)


def test_a_traceback_of_a_report_log_is_put_together(files):
    longrepr = {
        "reprcrash": {"path": "a.py", "lineno": 7, "message": "assert 1 == 2"},
        "reprtraceback": {
            "reprentries": [
                {
                    "data": {
                        "lines": [">   assert 1 == 2", "E   assert 1 == 2"],
                        "reprfileloc": {"path": "a.py", "lineno": 7, "message": "AssertionError"},
                    }
                }
            ]
        },
    }
    text = log(line("setup"), line("call", "failed", longrepr=longrepr), line("teardown"), FINISH)
    result = one(files.results(text))
    assert result["message"].endswith("a.py:7: AssertionError")
    assert result["error"] == "assert 1 == 2"


def test_a_collection_error_of_a_report_log_is_a_result(files):
    failed = {
        "$report_type": "CollectReport",
        "nodeid": "tests/test_a.py",
        "outcome": "failed",
        "longrepr": "ImportError: no",
    }
    result = one(files.results(log(failed, FINISH)))
    assert (result["nodeid"], result["phase"]) == ("tests/test_a.py", "collect")


@pytest.fixture
def record(tmp_path):
    """Write a record of one test that passed; return its lines."""
    state = StateDir(tmp_path / "state")
    state.ensure()
    writer = RecordWriter.create(state, {"id": "run-1"}, ())
    case = TestCase(nodeid="tests/test_a.py::test_pays", name="test_pays", path="tests/test_a.py")
    phase = PhaseReport("call", "passed", None, 10.0, 10.5, 0.5)
    writer.expect([case.nodeid, "tests/test_a.py::test_adds"], {})
    writer.start(case)
    writer.finish(case, merge(Attempts(case, phases=[phase])))
    writer.end()
    writer.close()
    return writer.path.read_bytes()


def test_a_record_of_ours_is_read_and_a_test_that_never_ran_is_missing(files, record):
    report = files.read(record)
    assert list(results_of(report)) == ["tests/test_a.py::test_pays"]
    assert [hole.text for hole in report.holes] == [
        "1 tests were to run, and did not: tests/test_a.py::test_adds"
    ]


def test_a_record_of_ours_without_its_end_is_incomplete(files, record):
    report = files.read(b"\n".join(record.splitlines()[:-1]) + b"\n")
    assert "the file ends before the run did" in [hole.text for hole in report.holes]


def test_a_record_of_a_newer_version_is_refused_with_the_reason(files):
    report = files.read('{"event":"run","version":99,"run_id":"x"}\n')
    assert "version 99" in report.holes[0].text
    assert report.holes[0].line == 1


def test_packed_files_and_standard_input_are_read(files, monkeypatch):
    packed = gzip.compress(ctrf(a_test()).encode())
    assert list(files.results(packed)) == ["shop::cart::pays"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    report = read(["-"], files.folder)
    assert list(results_of(report)) == ["shop::cart::pays"]
