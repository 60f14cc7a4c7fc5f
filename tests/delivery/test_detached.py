"""Real processes that are nobody's children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from qlty.delivery import _detached, start_detached

ECHO = """
    import json, os, sys

    def run(setup, control, tell):
        for line in control:
            order = json.loads(line)
            if "write" in order:
                with open(order["write"] + ".part", "w") as file:
                    json.dump({"setup": setup, "cwd": os.getcwd(), "path": sys.path,
                               "python_path": os.environ.get("PYTHONPATH"),
                               "word": os.environ.get("WORD"), "session": os.getsid(0),
                               "files": {name: sys.modules[name].__file__ for name in MODULES},
                               "json": json.__file__, "open": os.listdir("/dev/fd")}, file)
                os.rename(order["write"] + ".part", order["write"])
            if "end" in order:
                return order["end"]
            if "raise" in order:
                raise ValueError(order["raise"])
        return 7

    MODULES = ["ssl", "http.client"]
    import ssl, http.client
"""


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Return a function that starts the module above, and have all ended."""
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "echo_of_tests.py").write_text(textwrap.dedent(ECHO))
    monkeypatch.syspath_prepend(str(folder))
    processes = []

    def start(setup=(), **options):
        processes.append(start_detached("echo_of_tests", dict(setup), **options))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


def order(process, **what):
    assert process.tell(json.dumps(what).encode() + b"\n")


def told(process, path):
    """Return what the process says of itself."""
    order(process, write=str(path))
    wait_until(path.exists)
    return json.loads(path.read_text())


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def status_of(process):
    wait_until(lambda: process.poll() is not None)
    return process.poll()


def children_of_this_process():
    done = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if not line.endswith(" ps")]


def test_it_is_no_child_of_the_run(started):
    before = children_of_this_process()
    process = started()
    assert process.poll() is None
    assert children_of_this_process() == before


def test_a_suite_that_waits_for_all_its_children_does_not_wait_for_it(tmp_path, started):
    script = """
        import os
        from qlty.delivery import start_detached
        process = start_detached("echo_of_tests", {})
        assert process.poll() is None
        try:
            while True:
                os.wait()
        except ChildProcessError:
            print("none left")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "none left\n", done.stderr


def test_it_has_a_session_of_its_own(started, tmp_path):
    process = started()
    assert told(process, tmp_path / "told")["session"] == process.pid


@pytest.mark.parametrize(
    ("what", "status"), [({"end": 0}, 0), ({"end": 3}, 3), ({"raise": "no"}, -1)]
)
def test_its_exit_status_is_known(started, what, status):
    process = started()
    order(process, **what)
    assert status_of(process) == status


def test_that_it_was_killed_is_known(started):
    process = started()
    os.kill(process.pid, signal.SIGKILL)
    assert status_of(process) == -1
    process.kill()


def test_its_input_ends_when_the_run_closes_it(started):
    process = started()
    process.close()
    assert status_of(process) == 7


def test_its_input_ends_although_a_forked_child_of_a_test_lives_on(started):
    process = started()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        process.close()
        assert status_of(process) == 7
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_setup_and_working_directory_arrive_and_no_argument_shows_them(started, tmp_path):
    process = started({"secret": "t0ken-v4lue", "large": "x" * 200_000}, cwd=tmp_path)
    found = told(process, tmp_path / "told")
    assert (found["setup"]["secret"], len(found["setup"]["large"])) == ("t0ken-v4lue", 200_000)
    assert found["cwd"] == str(tmp_path)
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        assert b"t0ken" not in file.read()


def test_its_environment_is_the_one_that_was_given(started, tmp_path, monkeypatch):
    monkeypatch.setenv("WORD", "of a test")
    kept = {**os.environ, "WORD": "of the start", "PYTHONPATH": "/given"}
    found = told(started(environ=kept), tmp_path / "told")
    assert (found["word"], found["python_path"]) == ("of the start", "/given")


@pytest.mark.parametrize("name", ["json", "ssl", "http", "encodings", "typing", "importlib"])
def test_nothing_in_the_projects_root_takes_the_place_of_a_module(
    started, tmp_path, monkeypatch, name
):
    root = tmp_path / "root"
    root.mkdir()
    (root / f"{name}.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(root))
    environ = {**os.environ, "PYTHONPATH": str(root)}
    process = started({"rootdir": str(root)}, cwd=root, environ=environ)
    found = told(process, tmp_path / "told")
    assert not any(file.startswith(str(root)) for file in (*found["files"].values(), found["json"]))
    assert found["path"][-1] == str(root)


def test_what_the_run_has_inherited_is_not_kept_open(started, tmp_path):
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = started()
    told(process, tmp_path / "told")
    os.close(writing)
    os.set_blocking(reading, False)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_mocks_of_what_starts_processes_are_neither_called_nor_in_the_way(
    started, monkeypatch, tmp_path
):
    calls = []
    for module, name in (
        (subprocess, "Popen"),
        (os, "fork"),
        (os, "posix_spawn"),
        (os, "waitpid"),
        (os, "pipe"),
        (os, "write"),
        (os, "read"),
        (os, "close"),
    ):
        monkeypatch.setattr(module, name, lambda *args, _name=name, **_: calls.append(_name))
    process = started()
    order(process, end=0)
    alive = process.poll() is None
    monkeypatch.undo()
    assert not calls
    assert alive or process.poll() == 0


def test_a_descriptor_that_a_test_has_closed_and_taken_is_left_alone(started, tmp_path):
    process = started()
    taken = process._control.number
    os.close(taken)
    theirs = os.open(tmp_path / "theirs", os.O_WRONLY | os.O_CREAT)
    os.dup2(theirs, taken)
    assert not process.tell(b"{}\n")
    process.close()
    os.write(taken, b"written by the test")
    assert (tmp_path / "theirs").read_bytes() == b"written by the test"
    for number in {taken, theirs}:
        os.close(number)


def test_an_interpreter_that_cannot_be_started_is_an_error(started, monkeypatch):
    monkeypatch.setattr(_detached.sys, "executable", "/bin/false")
    with pytest.raises(OSError, match="/bin/false ended with status 1 before it began"):
        started()
