"""What a run does with what integrations hand over, however it ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest


def test_what_is_delivered_is_said_with_its_links(filing):
    ran = filing.pytest("--qlty", "--qlty-receipt", "receipt.json")
    assert ran.returncode == 0
    assert filing.lines("drawer.jsonl") == [f"{ran.end['id']} test_one,test_two"]
    assert "qlty:   Filing: filed" in ran.stdout
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
    assert "Filing: filed" in ran.stdout
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
    assert "1 waiting" in ran.stdout
    # 5 s, and what a busy machine adds
    assert time.monotonic() - started < 120


def test_hooks_that_wait_and_deliveries_share_one_deadline(suite):
    waiting = """
from time import monotonic
from qlty.errors import RetryLater

class Waiting(Integration):
    def on_run_end(self, *args, **kwargs):
        before = monotonic()
        for number in range(3):
            self.deliver({"number": number}).wait_for("an answer", 60)
        tell(hook="waited", seconds=monotonic() - before)

    def send(self, job):
        raise RetryLater("nobody there", 600)
"""
    project = suite(waiting, "['mine.Waiting']", "QLTY = {'DELIVERY_TIMEOUT': 4}")
    ran = project.pytest("--qlty")
    assert "3 waiting" in ran.stdout
    (waited,) = ran.calls("waited")
    # half of it, whatever each of the three would wait for; a busy machine adds to it
    assert 1.5 <= waited["seconds"] <= 20


def test_an_interrupted_run_leaves_killed_ones_to_the_next(filing):
    filing.write(
        "test_two.py", "import os, spy\ndef test_dies(): spy.kill_reporter(); os._exit(3)\n"
    )
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
    assert sorted(line.split()[0] for line in filing.lines("drawer.jsonl")) == sorted(
        [first.end["id"], second.end["id"]]
    )


def test_must_deliver_makes_a_passing_run_exit_with_75(filing, filing_code):
    (filing.root / "fault").write_text("refuse")
    code = filing_code.replace(
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


def test_an_instance_delivers_from_the_runs_own_process(suite, filing_code):
    project = suite(filing_code, "[__import__('mine').Filing()]")
    ran = project.pytest("--qlty")
    assert "Filing: filed" in ran.stdout
    assert len(project.lines("drawer.jsonl")) == 1


def test_a_state_folder_that_cannot_be_made_costs_only_durability(filing):
    (filing.root / "not-a-folder").write_text("")
    ran = filing.pytest("--qlty", env={"QLTY_DIR": str(filing.root / "not-a-folder" / "state")})
    assert ran.returncode == 0
    assert len(filing.lines("drawer.jsonl")) == 1
    assert "deliveries are not kept beyond this run" in ran.stdout
    assert ran.end["log"]


def test_a_state_folder_that_is_a_link_stays_empty_and_the_receipt_says_why(filing):
    elsewhere = filing.root / "elsewhere"
    elsewhere.mkdir()
    (filing.root / ".qlty-framework").symlink_to(elsewhere)
    (filing.root / "fifo").unlink(missing_ok=True)
    os.mkfifo(filing.root / "fifo")
    ran = filing.pytest("--qlty", "--qlty-receipt", "fifo")
    assert ran.returncode == 0
    assert "Filing: filed" in ran.stdout
    assert "cannot be used: it is a symbolic link" in ran.stdout
    assert "the receipt cannot be written" in ran.stdout
    assert list(elsewhere.iterdir()) == []


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
    assert "Filing: filed" in ran.stdout
    assert "deliveries are not kept beyond this run" in ran.stdout
    assert len(filing.lines("drawer.jsonl")) == 1


def test_without_a_terminal_reporter_the_receipt_goes_to_stderr(filing):
    ran = filing.pytest("--qlty", "-p", "no:terminal")
    assert "Filing: filed" in ran.stderr


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
    assert "1 waiting" in said
    assert "delivery goes on" in said


def test_a_second_interrupt_gives_an_interrupted_run_no_more_time(filing):
    (filing.root / "fault").write_text("soon")
    filing.write("test_two.py", "def test_one(): raise KeyboardInterrupt\n")
    status, said = interrupt_delivery(filing)
    assert status == 2, said
    assert "1 waiting" in said
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


def test_equal_deliveries_without_keys_of_one_run_all_arrive(suite, filing_code):
    twice = filing_code.replace("        self.deliver(", "        for _ in 'ab': self.deliver(")
    project = suite(twice.replace(", key=test_run_id)", ")"), "['mine.Filing']")
    project.pytest("--qlty")
    assert len(project.lines("drawer.jsonl")) == 2


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


def test_the_command_finds_the_state_folder_that_settings_name(suite, filing_code):
    project = suite(filing_code, "['mine.Filing']", "QLTY = {'DIR': 'kept'}")
    project.write("fault", "later")
    project.pytest("--qlty", env={"QLTY_DELIVERY_TIMEOUT": "2"})
    assert (project.root / "kept" / "outbox.sqlite3").exists()
    assert "drawer is jammed" in project.python("-m", "qlty", "outbox", "list").stdout
