"""log_path: what the terminal showed."""

import pytest

TALKS = """
import sys
def test_talks():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    assert 0, "spoken"
"""


def test_the_log_holds_what_the_terminal_showed_without_colours(project):
    project.write("test_talks.py", TALKS)
    ran = project.pytest("--qlty", "--color=yes")
    log = ran.end["log"]
    assert "\x1b" in ran.stdout
    assert "\x1b" not in log
    assert "test session starts" in log
    assert "AssertionError: spoken" in log
    assert "1 failed" in log


def test_with_capture_off_the_log_holds_what_tests_print(project):
    project.write("test_talks.py", TALKS)
    lines = project.pytest("--qlty", "-s").end["log"].splitlines()
    assert lines.count("to stderr") == 1
    assert sum(line.endswith("to stdout") for line in lines) == 1


def test_streams_keep_their_nature(project):
    project.write(
        "test_tty.py",
        """
        import sys
        def test_tty():
            assert sys.stdout.isatty() is sys.__stdout__.isatty()
            assert sys.stdout.fileno() == 1
            assert sys.stdout.encoding
            assert sys.stdout is sys.__stdout__
        """,
    )
    assert project.pytest("--qlty", "-s").returncode == 0


def test_a_long_log_is_cut_with_a_mark(tmp_path):
    from qlty.recording._terminal_log import TerminalLog

    log = TerminalLog(tmp_path / "run.log", str, limit=1_000)
    for _ in range(100):
        log.write("0123456789" * 5)
    log.close()
    text = log.path.read_text()
    assert text.startswith("0123456789")
    assert len(text) < 1_100
    assert "cut here" in text


def test_a_text_that_is_too_long_is_cut_before_anything_looks_at_it(tmp_path):
    from qlty.recording._terminal_log import TerminalLog

    seen = []
    log = TerminalLog(tmp_path / "run.log", lambda text: seen.append(len(text)) or text)
    log.write("begin" + "x" * 5_000_000 + "end\n")
    log.close()
    text = log.path.read_text()
    assert max(seen) <= 100_000
    assert text.startswith("begin")
    assert text.endswith("end\n")
    assert "characters cut" in text


def test_many_lines_are_masked_together(tmp_path):
    from qlty.recording._terminal_log import TerminalLog

    seen = []
    log = TerminalLog(tmp_path / "run.log", lambda text: seen.append(text) or text)
    lines = [f"line {number}\n" for number in range(100_000)]
    for line in lines:
        log.write(line)
    log.close()
    assert log.path.read_text() == "".join(lines)
    assert len(seen) < 2_000


def test_a_disk_that_is_full_costs_the_log_alone(tmp_path, monkeypatch):
    from qlty.recording._terminal_log import TerminalLog

    monkeypatch.setattr("qlty.runtime._descriptors.write", lambda number, data: 0)
    log = TerminalLog(tmp_path / "log", str)
    log.write("a line\n")
    log.write("another\n")
    log.close()
    log.close()
    assert log.path == tmp_path / "log"


def test_an_aborted_run_leaves_the_streams_as_they_were(suite_that_aborts):
    code = """
import sys, pytest
write = sys.stdout.write
assert pytest.main(["--qlty", "-s", "-q"]) == 69
assert sys.stdout.write == write
"""
    ran = suite_that_aborts.python("-X", "dev", "-c", code)
    assert ran.returncode == 0, ran.stderr
    assert "ResourceWarning" not in ran.stderr


@pytest.fixture
def suite_that_aborts(project):
    project.write(
        "mine.py",
        """
        from spy import Spy
        class Mine(Spy):
            required = True
            def on_run_start(self): raise ValueError("no")
        """,
    )
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['mine.Mine']")
    return project
