"""``make demo``, without a terminal."""

import subprocess

import pytest

from .conftest import ROOT, python, shape


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    return python("-m", "scripts.demo")


def test_what_is_expected_arrives(demo):
    assert demo.returncode == 0, demo.stdout


def test_it_ends_by_itself_and_names_the_page(demo):
    assert "The same in the browser: http://127.0.0.1:" in demo.stdout.splitlines()[-1]


def test_the_recorded_output_is_current(demo):
    recorded = (ROOT / "docs" / "demo.txt").read_text(encoding="utf-8")
    assert shape(demo.stdout) == shape(recorded), "run: make record-demo"


def test_the_same_arrives_from_two_workers():
    done = python("-m", "scripts.demo", "-n", "2", "--dist", "loadfile")
    assert done.returncode == 0, done.stdout


def test_a_missing_result_is_named():
    done = python("-m", "scripts.demo", "-k", "not double_click")
    assert done.returncode == 1
    assert "testrail 1 results C27: nothing arrived" in done.stdout
    assert "pagerduty: expected 2, 1 arrived" in done.stdout
