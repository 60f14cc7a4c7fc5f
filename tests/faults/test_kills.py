"""Kills at random moments: every finished test is reported once, nothing is lost or doubled.

``make chaos`` runs two hundred of them; ``make test`` a few. A failure prints its seed, and
``QLTY_CHAOS_SEED`` repeats it.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from qlty.runs import read_record

KILLS = int(os.environ.get("QLTY_CHAOS_KILLS", "4"))

SUITE = """
    import time

    import pytest

    SERVICE = "{service}"

    @pytest.mark.parametrize("number", [
        pytest.param(n, marks=pytest.mark.testrail(n)) for n in range(1, 11)
    ])
    def test_passes(number):
        time.sleep(0.05)

    @pytest.mark.testrail(11)
    @pytest.mark.pagerduty_trigger_incident(service_id=SERVICE)
    def test_fails(pagerduty_fixture):
        assert 1 + 1 == 3

    @pytest.mark.parametrize("number", [
        pytest.param(n, marks=pytest.mark.testrail(n)) for n in range(12, 18)
    ])
    def test_passes_later(number):
        time.sleep(0.05)
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes to kill in /proc"
)


def processes(marker):
    """Return command lines of living processes with this marker in their environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environ = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if marker.encode() in environ and state not in "ZX":
            found[int(folder.name)] = command
    return found


def kill_one(marker, victim, pytest_pid):
    """Kill the reporter or a worker where there is one; the run itself otherwise."""
    telling = {"reporter": "_reporter_main", "worker": "sys.stdin.readline"}.get(victim)
    pids = [pid for pid, command in processes(marker).items() if telling and telling in command]
    pid = pids[0] if pids else pytest_pid
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return "nobody: it was over"
    return victim if pids else "run"


def wait_until_all_are_gone(marker, seconds=200):
    deadline = time.monotonic() + seconds
    while processes(marker):
        assert time.monotonic() < deadline, processes(marker)
        time.sleep(0.05)


def finished_cases(root):
    """Return the case ids of all tests that the journals know the outcome of."""
    cases = []
    for path in (root / ".qlty-framework" / "runs").glob("*.jsonl"):
        for case, _ in read_record(path).finished:
            cases += case.case_ids
    return set(cases)


@pytest.mark.parametrize("turn", range(KILLS))
def test_a_kill_at_a_random_moment(everything, sandbox, turn):
    seed = int(os.environ.get("QLTY_CHAOS_SEED", random.randrange(10**9)))
    chance = random.Random(seed)
    victim = chance.choice(["run", "run", "reporter", "worker"])
    workers = ["-n", "2"] if victim == "worker" or chance.random() < 0.3 else []
    marker = f"{everything.root}-{turn}"
    everything.extra = {"QLTY_CHAOS_ROUND": marker, "QLTY_DELIVERY_TIMEOUT": "60"}
    service = sandbox.env["PAGERDUTY_SERVICE_ID"]
    everything.write("test_suite.py", SUITE.replace("{service}", service))

    process = everything.start(*workers)
    wait_for_the_record(everything.root, process)
    time.sleep(chance.uniform(0, 4))
    killed = kill_one(marker, victim, process.pid)
    output, _ = process.communicate(timeout=300)
    print(f"QLTY_CHAOS_SEED={seed}: killed {killed}\n{output}")
    wait_until_all_are_gone(marker)

    delivered = everything.outbox("deliver", "--timeout", "120")
    print(delivered.output)
    assert delivered.returncode == 0
    check_effects(everything)
    again = everything.outbox("deliver")
    assert again.output == "nothing to deliver\n"


def wait_for_the_record(root, process):
    """A run that is killed before it begins has nothing to lose."""
    deadline = time.monotonic() + 120
    while not list((root / ".qlty-framework" / "runs").glob("*.jsonl")):
        assert process.poll() is None, "it ended before it began"
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.01)


def check_effects(everything):
    cases = finished_cases(everything.root)
    effects = everything.effects()
    results = Counter(effects["testrail results"])
    assert set(results.values()) <= {1}, "a result was reported twice"
    assert set(results) >= cases, "a finished test was not reported"
    assert effects["testrail runs"] == (1 if results else 0)
    assert effects["slack messages"] == 1
    assert effects["hooks"] == 1
    # 11 is the case of the test that opens an incident
    assert effects["incidents"] == (1 if 11 in cases else 0)
