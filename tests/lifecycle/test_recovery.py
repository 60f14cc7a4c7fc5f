"""Runs that were killed or cut off: each integration is told of them once, by a later run."""

import json
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("how", ["kill", "os._exit"])
def test_a_killed_run_is_reported_by_the_next_one(filing, how):
    end = {
        "kill": "spy.kill_reporter(); os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit": "spy.kill_reporter(); os._exit(3)",
    }[how]
    filing.write(
        "test_two.py",
        f"""
        import os, signal, spy
        def test_one(): pass
        def test_two(): assert 0, "really broken"
        def test_dies(): {end}
        """,
    )
    died = filing.pytest("--qlty")
    assert died.returncode != 0
    assert died.calls("on_run_end") == []
    filing.write("test_two.py", "def test_next(): pass\n")
    ran = filing.pytest("--qlty")
    own, dead = ran.calls("on_run_end")
    outcomes = {
        r["nodeid"].split("::")[1]: (r["outcome"], r["interrupted"])
        for t in dead["results"].values()
        for r in t.values()
    }
    assert outcomes == {
        "test_one": ("passed", False),
        "test_two": ("failed", False),
        "test_dies": ("error", True),
    }
    assert dead["run"]["cut_short"] is True
    assert [result for tests in own["results"].values() for result in tests] == ["test_next"]
    assert sorted(line.split()[1] for line in filing.lines("drawer.jsonl")) == [
        "test_next",
        "test_one,test_two,test_dies",
    ]
    assert filing.pytest("--qlty").calls("on_run_end")[0]["id"] not in (dead["id"], own["id"])


def test_a_killed_run_of_another_project_is_left_to_that_project(filing, tmp_path):
    """Both share one state folder; each has integrations, channels and credentials of its own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "test_other.py").write_text("def test_one(): pass\n")
    shared = {"QLTY_DIR": str(tmp_path / "shared")}
    filing.write(
        "test_two.py", "import os, spy\ndef test_dies(): spy.kill_reporter(); os._exit(3)\n"
    )
    filing.pytest("--qlty", env=shared)
    ran = filing.python("-m", "pytest", "--qlty", "--rootdir", str(other), str(other), env=shared)
    assert "was killed before" not in ran.stdout
    filing.write("test_two.py", "def test_one(): pass\n")
    assert "was killed before it was reported" in filing.pytest("--qlty", env=shared).stdout


def test_a_killed_run_that_nobody_could_report_is_tried_again(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']")
    mine = (project.root / "mine.py").read_text()
    project.write(
        "test_two.py", "import os, spy\ndef test_dies(): spy.kill_reporter(); os._exit(3)\n"
    )
    project.pytest("--qlty")
    project.write("test_two.py", "def test_one(): pass\n")
    project.write("mine.py", "raise ImportError('not today')\n")
    assert "Filing cannot report the killed run" in project.pytest("--qlty").stdout
    project.write("mine.py", mine)
    project.pytest("--qlty")
    assert sorted(line.split()[1] for line in project.lines("drawer.jsonl")) == [
        "test_dies",
        "test_one",
    ]


@pytest.mark.parametrize("info", ["[1]", "{}", '{"run": 7}', '{"run": {"start": "soon"}}'])
def test_a_damaged_journal_costs_its_report_and_not_the_run(filing, info):
    runs = filing.root / ".qlty-framework" / "runs"
    runs.mkdir(parents=True)
    header = '{"event":"run","version":1,"run_id":"r","process":"a|b|c|1|2","info":%s}\n'
    (runs / "20200101-000000-aaaaaa.jsonl").write_text(header % info)
    ran = filing.pytest("--qlty")
    assert ran.returncode == 0
    assert "damaged" in ran.stdout
    assert "Filing: filed" in ran.stdout


KILLED = """
    import os, signal, time
    import pytest, spy

    def test_one(): pass

    @pytest.mark.testrail(7)
    def test_dies():
        "What it is for."
        time.sleep(0.5)  # a worker tells its controller first
        spy.kill_reporter(); os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("arguments", [(), ("-n1", "--maxfail=1")], ids=["alone", "xdist"])
def test_the_test_in_flight_of_a_killed_run_keeps_its_cases_and_its_docstring(filing, arguments):
    worker = "os.getppid()" if arguments else "os.getpid()"
    filing.write("test_two.py", KILLED.replace("os.getpid()", worker))
    filing.pytest("--qlty", *arguments)
    filing.write("test_two.py", "def test_next(): pass\n")
    told = filing.pytest("--qlty").calls("on_test_end")
    (dies,) = [one for one in told if one["case"]["name"] == "test_dies"]
    assert dies["case"]["case_ids"] == dies["result"]["test_case_ids"] == [7]
    assert dies["case"]["docstring"] == "What it is for."


OTHER = """
class Other(Spy):
    def on_run_start(self):
        if (Path(__file__).parent / "down").exists():
            raise ConnectionError("nobody is there")

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        with open(Path(__file__).parent / "other.txt", "a") as file:
            file.write(test_run_id + "\\n")
"""


def deliver(project, *arguments):
    return project.python("-m", "qlty", "outbox", "deliver", *arguments)


def test_a_killed_run_waits_for_the_integration_that_is_down_and_for_no_other(suite, filing_code):
    project = suite(filing_code + OTHER, "['mine.Filing', 'mine.Other']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    project.write("down", "")
    for _ in range(5):
        ran = deliver(project)
        assert ran.returncode == 75, ran.stderr
        assert "waits for mine.Other" in ran.stderr
    assert len(project.lines("drawer.jsonl")) == 1
    (project.root / "down").unlink()
    assert deliver(project).returncode == 0
    assert len((project.root / "other.txt").read_text().splitlines()) == 1
    assert len(project.lines("drawer.jsonl")) == 1


def test_a_killed_run_waits_while_nobody_can_be_told(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    (project.root / "mine.py").rename(project.root / "away.py")
    assert [deliver(project).returncode for _ in range(4)] == [75] * 4
    (project.root / "away.py").rename(project.root / "mine.py")
    assert deliver(project).returncode == 0
    assert len(project.lines("drawer.jsonl")) == 1


def test_a_killed_run_is_given_up_after_a_week_and_that_is_said(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    (journal,) = (project.root / ".qlty-framework" / "runs").glob("*.jsonl")
    text = journal.read_text()
    journal.write_text(text.replace(f'"end_time":"{time.gmtime().tm_year}', '"end_time":"2020'))
    (project.root / "mine.py").unlink()
    ran = deliver(project)
    assert ran.returncode == 1
    assert "given up for mine.Filing" in ran.stderr
    assert deliver(project).returncode == 0


def test_a_killed_run_is_reported_although_the_outbox_was_moved_away(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    for file in (project.root / ".qlty-framework").glob("outbox.sqlite3*"):
        file.unlink()
    assert deliver(project).returncode == 0
    assert len(project.lines("drawer.jsonl")) == 1


def test_a_killed_run_is_in_the_history(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']")
    project.write("test_two.py", KILLED.replace("pass", "assert 0"))
    project.pytest("--qlty")
    deliver(project)
    assert '"outcomes":["failed"]' in (project.root / ".qlty-framework/history.jsonl").read_text()


def test_a_delivery_without_a_key_is_not_doubled_by_a_kill(suite, filing_code):
    keyless = filing_code.replace(", key=test_run_id)", ")").replace('"run": test_run_id, ', "")
    killer = """
class Killer(Spy):
    def on_run_end(self, *args, **more):
        import os, signal, spy
        if (Path(__file__).parent / "kill").exists():
            (Path(__file__).parent / "kill").unlink()
            spy.kill_reporter(); os.kill(os.getpid(), signal.SIGKILL)
"""
    project = suite(keyless + killer, "['mine.Filing', 'mine.Killer']")
    project.write("kill", "")
    project.pytest("--qlty")
    assert deliver(project).returncode == 0
    assert len(project.lines("drawer.jsonl")) == 1


def test_what_waits_in_memory_alone_is_handed_over_again_by_the_next_run(filing):
    state = filing.root / ".qlty-framework"
    state.mkdir()
    (state / "outbox.sqlite3").write_text("no database")
    filing.write("fault", "later")
    ran = filing.pytest("--qlty", env={"QLTY_DELIVERY_TIMEOUT": "2"})
    assert "the next run reports this one to Filing again" in ran.stdout
    first = ran.end["id"]
    (filing.root / "fault").unlink()
    (state / "outbox.sqlite3").unlink()
    ran = filing.pytest("--qlty")
    assert sorted(line.split()[0] for line in filing.lines("drawer.jsonl")) == sorted(
        [first, ran.end["id"]]
    )
    assert filing.pytest("--qlty").end["id"] not in {first, ran.end["id"]}


SLOW = """
class Slow(Spy):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        import time
        here = Path(__file__).parent
        if (here / "hold").exists():
            (here / "began").write_text("")
            time.sleep(60)
        with open(here / "slow.txt", "a") as file:
            file.write(test_run_id + "\\n")
"""


def started(project, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qlty", *arguments],
        cwd=project.root,
        env=project.environ(),
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, process=None, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


FLIGHT = """
    import time
    from pathlib import Path

    def test_one(): pass

    def test_flies():
        Path("began").touch()
        time.sleep(60)
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_is_reported_at_once_by_its_reporter(filing, number, workers):
    filing.write("test_two.py", FLIGHT)
    process = started(filing, *workers)
    wait_for((filing.root / "began").exists, process)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == -number
    wait_for(lambda: filing.lines("drawer.jsonl"))
    told = [json.loads(line) for line in filing.lines("spy.jsonl")]
    (end,) = [one for one in told if one["hook"] == "on_run_end"]
    outcomes = {r["nodeid"].split("::")[1]: r for t in end["results"].values() for r in t.values()}
    assert outcomes["test_one"]["outcome"] == "passed"
    assert outcomes["test_flies"]["interrupted"]
    assert end["run"]["cut_short"] is True
    filing.write("test_two.py", "def test_one(): pass\n")
    again = filing.pytest("--qlty")
    assert "was killed" not in again.stdout
    assert len(filing.lines("drawer.jsonl")) == 2


def test_what_was_told_of_the_end_before_a_kill_is_not_told_again(suite, filing_code):
    project = suite(filing_code + SLOW, "['mine.Filing', 'mine.Slow']")
    project.write("hold", "")
    process = started(project)
    wait_for((project.root / "began").exists, process)
    (project.root / "hold").unlink()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    wait_for(lambda: project.lines("slow.txt"))
    assert len(project.lines("slow.txt")) == 1
    wait_for(lambda: project.lines("drawer.jsonl"))
    assert len(project.lines("drawer.jsonl")) == 1
    assert deliver(project).returncode == 0
    assert len(project.lines("drawer.jsonl")) == 1
