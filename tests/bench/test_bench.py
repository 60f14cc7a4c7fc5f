"""``python -m bench``, so small that its figures mean nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    file = tmp_path_factory.mktemp("bench") / "measured.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "run", "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


def test_every_variant_is_compared_with_bare_pytest(measured):
    _, found = measured
    assert set(found["run"]["figures"]) == {"junitxml", "recording", "reporting"}
    for figure in found["run"]["figures"].values():
        assert figure["tests"] > 0
        assert figure["peak"] > 0.5


def test_the_tail_of_reporting_contains_its_round_trips(measured):
    _, found = measured
    assert found["run"]["figures"]["reporting"]["tail"] > 2 * found["run"]["latency"]


def test_the_table_names_machine_and_targets(measured):
    table, found = measured
    assert found["machine"]["python"] in table
    assert "1.05 x" in table
