"""What a run does with what integrations hand over, however it ends."""

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

#: an integration that delivers to a file; `fault` decides what its remote does
FILING = """
from pathlib import Path
from qlty.errors import AnswerLost, Refused, RetryLater

class Filing(Integration):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        names = [name for tests in test_results.values() for name in tests]
        self.deliver({"run": test_run_id, "tests": names}, key=test_run_id)

    def send(self, job):
        here = Path(__file__).parent
        fault = here / "fault"
        if fault.exists():
            raise {"refuse": Refused("no such drawer"), "later": RetryLater("drawer is jammed", 600),
                   "soon": RetryLater("drawer is jammed"), "crash": ValueError("odd")}[fault.read_text()]
        with open(here / "drawer.jsonl", "a") as drawer:
            drawer.write(f'{job.key} {",".join(job.payload["tests"])}\\n')
        from qlty.delivery import Sent
        return Sent("filed", links=("https://drawer.example.com/1",))
"""


@pytest.fixture
def filing(suite):
    return suite(FILING, "['mine.Filing', 'spy.Spy']")


def filed(project):
    drawer = project.root / "drawer.jsonl"
    return drawer.read_text().splitlines() if drawer.exists() else []


def test_what_is_delivered_is_said_with_its_links(filing):
    ran = filing.pytest("--qlty", "--qlty-receipt", "receipt.json")
    assert ran.returncode == 0
    assert filed(filing) == [f"{ran.end['id']} test_one,test_two"]
    assert "qlty: Filing: delivered 1 (filed)" in ran.stdout
    assert "https://drawer.example.com/1" in ran.stdout
    receipt = json.loads((filing.root / "receipt.json").read_text())
    (line,) = [one for one in receipt["integrations"] if one["integration"] == "Filing"]
    assert (line["delivered"], line["complete"]) == (1, True)


def test_the_receipt_goes_where_the_run_was_started_into_a_folder_that_is_made(filing):
    filing.write("test_two.py", "import os\ndef test_one(): os.chdir('/')\n")
    ran = filing.pytest("--qlty", "--qlty-receipt", "reports/receipt.json")
    receipt = json.loads((filing.root / "reports" / "receipt.json").read_text())
    assert receipt["run_id"] == ran.end["id"]


def test_a_relative_state_folder_is_below_the_root_wherever_tests_go(filing):
    filing.write("test_two.py", "import os\ndef test_one(): os.chdir('/')\n")
    ran = filing.pytest("--qlty", env={"QLTY_DIR": "state"})
    assert "delivered 1" in ran.stdout
    assert (filing.root / "state" / "outbox.sqlite3").exists()


def test_an_interrupted_run_waits_for_answers_no_longer_than_it_may_deliver(filing):
    """Whoever sends SIGTERM kills 7.5 s later; an integration would wait for minutes."""
    (filing.root / "fault").write_text("later")
    mine = (filing.root / "mine.py").read_text()
    waiting = "key=test_run_id).wait_for('never', timeout=300)"
    filing.write("mine.py", mine.replace("key=test_run_id)", waiting))
    filing.write("test_two.py", "def test_one(): raise KeyboardInterrupt\n")
    started = time.monotonic()
    ran = filing.pytest("--qlty")
    assert ran.returncode == 2
    assert "waiting 1" in ran.stdout
    # 5 s, and what a busy machine adds
    assert time.monotonic() - started < 120


def test_an_interrupted_run_leaves_killed_ones_to_the_next(filing):
    filing.write("test_two.py", "import os\ndef test_dies(): os._exit(3)\n")
    filing.pytest("--qlty")
    filing.write("test_two.py", "def test_one(): raise KeyboardInterrupt\n")
    assert len(filing.pytest("--qlty").calls("on_run_end")) == 1
    filing.write("test_two.py", "def test_one(): pass\n")
    assert len(filing.pytest("--qlty").calls("on_run_end")) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("refuse", "refused (1 delivery, tried once): no such drawer"),
        ("later", "drawer is jammed"),
        ("crash", "odd"),
    ],
)
def test_what_is_not_delivered_is_said_and_changes_nothing(filing, fault, words):
    (filing.root / "fault").write_text(fault)
    ran = filing.pytest("--qlty")
    assert ran.returncode == 0
    assert words in ran.stdout


def test_what_waits_is_sent_by_the_next_run(filing):
    (filing.root / "fault").write_text("later")
    first = filing.pytest("--qlty")
    (filing.root / "fault").unlink()
    # a failed attempt waits for its turn: the clock of the outbox is set back instead of waiting
    with sqlite3.connect(filing.root / ".qlty-framework" / "outbox.sqlite3") as outbox:
        outbox.execute("UPDATE delivery SET due_at = 0")
    second = filing.pytest("--qlty")
    assert sorted(line.split()[0] for line in filed(filing)) == sorted(
        [first.end["id"], second.end["id"]]
    )


def test_must_deliver_makes_a_passing_run_exit_with_75(filing):
    (filing.root / "fault").write_text("refuse")
    code = FILING.replace(
        "class Filing(Integration):", "class Filing(Integration):\n    must_deliver = True"
    )
    filing.write(
        "mine.py",
        (filing.root / "mine.py").read_text().split("class Filing")[0]
        + code.split("RetryLater\n")[1],
    )
    assert filing.pytest("--qlty").returncode == 75
    (filing.root / "fault").unlink()
    assert filing.pytest("--qlty").returncode == 0


def test_must_deliver_leaves_a_failing_run_its_exit_status(filing):
    (filing.root / "fault").write_text("refuse")
    filing.write("test_two.py", "def test_bad(): assert 0\n")
    text = (filing.root / "mine.py").read_text()
    filing.write(
        "mine.py",
        text.replace(
            "class Filing(Integration):", "class Filing(Integration):\n    must_deliver = True"
        ),
    )
    assert filing.pytest("--qlty").returncode == 1


def test_must_deliver_counts_one_that_could_not_start(suite):
    project = suite(
        "class Mine(Spy):\n    must_deliver = True\n    def on_run_start(self): raise ValueError('no')\n",
        "['mine.Mine']",
    )
    assert project.pytest("--qlty").returncode == 75


def test_an_instance_delivers_from_the_runs_own_process(suite):
    project = suite(FILING, "[__import__('mine').Filing()]")
    ran = project.pytest("--qlty")
    assert "Filing: delivered 1" in ran.stdout
    assert len(filed(project)) == 1


def test_a_state_folder_that_cannot_be_made_costs_only_durability(filing):
    (filing.root / "not-a-folder").write_text("")
    ran = filing.pytest("--qlty", env={"QLTY_DIR": str(filing.root / "not-a-folder" / "state")})
    assert ran.returncode == 0
    assert len(filed(filing)) == 1
    assert "deliveries are not kept beyond this run" in ran.stdout
    assert ran.end["log"]


def test_what_a_full_disk_does_not_take_is_sent_from_memory(filing):
    mine = (filing.root / "mine.py").read_text()
    full = (
        "import resource; limits = resource.getrlimit(resource.RLIMIT_FSIZE);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]));"
        " self.deliver({'run': test_run_id, 'tests': names}, key=test_run_id);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, limits)"
    )
    call = 'self.deliver({"run": test_run_id, "tests": names}, key=test_run_id)'
    assert call in mine
    filing.write("mine.py", mine.replace(call, full))
    ran = filing.pytest("--qlty")
    assert "Filing: delivered 1" in ran.stdout
    assert "deliveries are not kept beyond this run" in ran.stdout
    assert len(filed(filing)) == 1


def test_without_a_terminal_reporter_the_receipt_goes_to_stderr(filing):
    ran = filing.pytest("--qlty", "-p", "no:terminal")
    assert "Filing: delivered 1" in ran.stderr


@pytest.mark.parametrize("how", ["kill", "os._exit"])
def test_a_killed_run_is_reported_by_the_next_one(filing, how):
    end = {"kill": "os.kill(os.getpid(), signal.SIGKILL)", "os._exit": "os._exit(3)"}[how]
    filing.write(
        "test_two.py",
        f"""
        import os, signal
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
    dead, own = ran.calls("on_run_end")
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
    assert sorted(line.split()[1] for line in filed(filing)) == [
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
    filing.write("test_two.py", "import os\ndef test_dies(): os._exit(3)\n")
    filing.pytest("--qlty", env=shared)
    ran = filing.python("-m", "pytest", "--qlty", "--rootdir", str(other), str(other), env=shared)
    assert "was killed before" not in ran.stdout
    filing.write("test_two.py", "def test_one(): pass\n")
    assert "was killed before it was reported" in filing.pytest("--qlty", env=shared).stdout


def test_a_killed_run_that_nobody_could_report_is_tried_again(suite):
    project = suite(FILING, "['mine.Filing']")
    mine = (project.root / "mine.py").read_text()
    project.write("test_two.py", "import os\ndef test_dies(): os._exit(3)\n")
    project.pytest("--qlty")
    project.write("test_two.py", "def test_one(): pass\n")
    project.write("mine.py", "raise ImportError('not today')\n")
    assert "Filing cannot report the killed run" in project.pytest("--qlty").stdout
    project.write("mine.py", mine)
    project.pytest("--qlty")
    assert sorted(line.split()[1] for line in filed(project)) == ["test_dies", "test_one"]


@pytest.mark.parametrize("info", ["[1]", "{}", '{"run": 7}', '{"run": {"start": "soon"}}'])
def test_a_damaged_journal_costs_its_report_and_not_the_run(filing, info):
    runs = filing.root / ".qlty-framework" / "runs"
    runs.mkdir(parents=True)
    header = '{"event":"run","version":1,"run_id":"r","process":"a|b|c|1|2","info":%s}\n'
    (runs / "20200101-000000-aaaaaa.jsonl").write_text(header % info)
    ran = filing.pytest("--qlty")
    assert ran.returncode == 0
    assert "damaged" in ran.stdout
    assert "Filing: delivered 1" in ran.stdout


def interrupt_delivery(filing):
    """Press Ctrl-C whenever the run says what that would do."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qlty"],
        cwd=filing.root,
        env=filing.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    with process:
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C ends it" in line:
                process.send_signal(signal.SIGINT)
    return process.returncode, "".join(said)


def test_ctrl_c_during_delivery_leaves_the_rest_in_the_outbox(filing):
    (filing.root / "fault").write_text("soon")
    status, said = interrupt_delivery(filing)
    assert status == 0, said
    assert "waiting 1" in said
    assert "delivery goes on" in said


def test_a_second_interrupt_gives_an_interrupted_run_no_more_time(filing):
    (filing.root / "fault").write_text("soon")
    filing.write("test_two.py", "def test_one(): raise KeyboardInterrupt\n")
    status, said = interrupt_delivery(filing)
    assert status == 2, said
    assert "waiting 1" in said
    assert "delivery goes on" not in said


def test_the_state_folder_is_private_and_hidden_from_git(filing):
    filing.pytest("--qlty")
    state = filing.root / ".qlty-framework"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / ".gitignore").read_text() == "*\n"
    assert (
        (state / "CACHEDIR.TAG")
        .read_text()
        .startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )
    files = [file for file in state.rglob("*") if file.is_file() and file.parent == state / "runs"]
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_only_the_last_runs_are_kept(filing):
    for _ in range(4):
        filing.pytest("--qlty", env={"QLTY_KEEP_RUNS": "2"})
    assert len(list((filing.root / ".qlty-framework" / "runs").glob("*.jsonl"))) == 2


def test_secrets_reach_neither_log_nor_journal_nor_outbox_nor_terminal_of_ours(filing):
    secret = "hunter2-very-secret-value"
    filing.write(
        "test_two.py", "import os\ndef test_one(): assert os.environ['SHOP_PASSWORD'] == 'x'\n"
    )
    ran = filing.pytest("--qlty", env={"SHOP_PASSWORD": secret})
    assert ran.result("test_one")["outcome"] == "failed"
    for file in (filing.root / ".qlty-framework").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    assert secret not in str(ran.end)


KILLED = """
    import os, signal, time
    import pytest

    def test_one(): pass

    @pytest.mark.testrail(7)
    def test_dies():
        "What it is for."
        time.sleep(0.5)  # a worker tells its controller first
        os.kill(os.getpid(), signal.SIGKILL)
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


def test_a_killed_run_waits_for_the_integration_that_is_down_and_for_no_other(suite):
    project = suite(FILING + OTHER, "['mine.Filing', 'mine.Other']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    project.write("down", "")
    for _ in range(5):
        ran = deliver(project)
        assert ran.returncode == 75, ran.stderr
        assert "waits for mine.Other" in ran.stderr
    assert len(filed(project)) == 1
    (project.root / "down").unlink()
    assert deliver(project).returncode == 0
    assert len((project.root / "other.txt").read_text().splitlines()) == 1
    assert len(filed(project)) == 1


def test_a_killed_run_waits_while_nobody_can_be_told(suite):
    project = suite(FILING, "['mine.Filing']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    (project.root / "mine.py").rename(project.root / "away.py")
    assert [deliver(project).returncode for _ in range(4)] == [75] * 4
    (project.root / "away.py").rename(project.root / "mine.py")
    assert deliver(project).returncode == 0
    assert len(filed(project)) == 1


def test_a_killed_run_is_given_up_after_a_week_and_that_is_said(suite):
    project = suite(FILING, "['mine.Filing']")
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


def test_a_killed_run_is_reported_although_the_outbox_was_moved_away(suite):
    project = suite(FILING, "['mine.Filing']")
    project.write("test_two.py", KILLED)
    project.pytest("--qlty")
    for file in (project.root / ".qlty-framework").glob("outbox.sqlite3*"):
        file.unlink()
    assert deliver(project).returncode == 0
    assert len(filed(project)) == 1


def test_a_killed_run_is_in_the_history(suite):
    project = suite(FILING, "['mine.Filing']")
    project.write("test_two.py", KILLED.replace("pass", "assert 0"))
    project.pytest("--qlty")
    deliver(project)
    assert '"outcomes":["failed"]' in (project.root / ".qlty-framework/history.jsonl").read_text()


def test_a_delivery_without_a_key_is_not_doubled_by_a_kill(suite):
    keyless = FILING.replace(", key=test_run_id)", ")").replace('"run": test_run_id, ', "")
    killer = """
class Killer(Spy):
    def on_run_end(self, *args, **more):
        import os, signal
        if (Path(__file__).parent / "kill").exists():
            (Path(__file__).parent / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
"""
    project = suite(keyless + killer, "['mine.Filing', 'mine.Killer']")
    project.write("kill", "")
    project.pytest("--qlty")
    assert deliver(project).returncode == 0
    assert len(filed(project)) == 1


def test_equal_deliveries_without_keys_of_one_run_all_arrive(suite):
    twice = FILING.replace("        self.deliver(", "        for _ in 'ab': self.deliver(")
    project = suite(twice.replace(", key=test_run_id)", ")"), "['mine.Filing']")
    project.pytest("--qlty")
    assert len(filed(project)) == 2


@pytest.mark.parametrize(
    "hook",
    [
        "def __init__(self): raise ValueError('odd')",
        "def on_test_end(self, test_case, result): raise ValueError('odd')",
        "def on_test_end(self, test_case, result): self.deliver({'x': object()})",
    ],
)
def test_must_deliver_counts_what_could_not_even_be_handed_over(suite, hook):
    project = suite(f"class Mine(Spy):\n    must_deliver = True\n    {hook}\n", "['mine.Mine']")
    ran = project.pytest("--qlty", "--qlty-receipt", "receipt.json")
    assert ran.returncode == 75
    receipt = json.loads((project.root / "receipt.json").read_text())
    (line,) = [one for one in receipt["integrations"] if one["integration"] == "Mine"]
    assert line["notes"]


def test_the_command_finds_the_state_folder_that_settings_name(suite):
    project = suite(FILING, "['mine.Filing']", "QLTY = {'DIR': 'kept'}")
    project.write("fault", "later")
    project.pytest("--qlty", env={"QLTY_DELIVERY_TIMEOUT": "2"})
    assert (project.root / "kept" / "outbox.sqlite3").exists()
    assert "drawer is jammed" in project.python("-m", "qlty", "outbox", "list").stdout


def test_sigterm_is_reported_before_xdist_has_ended_its_workers(filing):
    filing.write("test_two.py", "import time\ndef test_one(): time.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qlty", "-n2"],
        cwd=filing.root,
        env=filing.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    journals = filing.root / ".qlty-framework" / "runs"
    while not any('"event":"start"' in path.read_text() for path in journals.glob("*.jsonl")):
        assert process.poll() is None
        time.sleep(0.05)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    while not filed(filing):
        assert time.monotonic() - sent < 5
        time.sleep(0.05)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert output.count(b"Filing: delivered 1") == 1


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
    assert sorted(line.split()[0] for line in filed(filing)) == sorted([first, ran.end["id"]])
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


def test_a_report_that_sigterm_cuts_off_is_made_by_the_next_run(suite):
    project = suite(FILING + SLOW, "['mine.Slow', 'mine.Filing']")
    project.write("hold", "")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qlty"],
        cwd=project.root,
        env=project.environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (project.root / "began").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert "the next run reports this one to Slow again" in output
    (project.root / "hold").unlink()
    assert deliver(project).returncode == 0
    assert len((project.root / "slow.txt").read_text().splitlines()) == 1
    assert len(filed(project)) == 1
