"""A suite closes descriptors that are not its own, and gets their numbers for its files."""

CLOSES = """
import os
theirs = []
def test_closes():
    for number in range(3, 256):
        try: target = os.readlink(f"/proc/self/fd/{number}")
        except OSError: continue
        if ".qlty-framework/runs" in target:
            os.close(number)
            theirs.append(os.open(f"theirs{number}", os.O_RDWR | os.O_CREAT))
def test_fails(): assert 0
def test_passes(): pass
"""


def test_the_run_is_recorded_and_the_suites_files_are_its_own(project):
    project.write("test_closes.py", CLOSES)
    ran = project.pytest("--qlty")
    assert ran.returncode == 1
    assert sorted(ran.outcomes().values()) == ["failed", "passed", "passed"]
    assert "3 items" in ran.end["log"]
    assert "1 failed, 2 passed" in ran.end["log"]
    taken = list(project.root.glob("theirs*"))
    assert len(taken) == 2  # the record and the log
    assert {path: path.read_bytes() for path in taken} == dict.fromkeys(taken, b"")
    (record,) = (project.root / ".qlty-framework" / "runs").glob("*.jsonl")
    assert record.read_text().count('"event":"finish"') == 3
    assert "internal error" not in ran.stdout
