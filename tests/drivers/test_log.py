"""log_path: what the terminal showed."""

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
