"""Processes that tests start meet nothing of the run."""

import pytest

SUITE = """
import multiprocessing
import os
import signal
import subprocess
import sys
import time

def test_a_forked_child_has_the_default_action():
    child = os.fork()
    if child == 0:
        os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
    assert os.waitpid(child, 0)[1] == 0

def test_a_child_that_is_busy_dies_at_once():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"1")
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    os.read(reading, 1)
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM

def test_a_pool_can_be_terminated():
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.apply(abs, (1,))
    pool.apply_async(time.sleep, (600,))
    pool.terminate()
    pool.join()

def test_a_command_with_a_preexec_function(tmp_path):
    def note():
        (tmp_path / "note").write_text(str(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL))

    subprocess.run([sys.executable, "-c", "pass"], preexec_fn=note, check=True)
    assert (tmp_path / "note").read_text() == "True"

def test_a_suite_may_wait_for_all_of_its_children():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
"""


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=" ".join)
def test_children_of_tests_are_their_own(project, more):
    project.write("test_children.py", SUITE)
    ran = project.pytest("--qlty", *more)
    assert ran.returncode == 0, ran.stdout
    assert len(ran.results) == 5
