"""What a run pays that did not ask for anything."""

import json

LOOK = """
import json, sys
from pathlib import Path
def pytest_unconfigure():
    Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""

#: what pytest's start may load of ours: options, marks and the look at what is asked for
DOOR = {
    "qlty",
    "qlty.pytest_plugin",
    "qlty.recording",
    "qlty.recording.active",
    "pytest_pagerduty",
    "pytest_pagerduty.plugin",
}
HEAVY = {"msgspec", "sqlite3", "slack_sdk", "testrail_api", "requests", "pagerduty", "urllib3"}


def loaded(project, *args):
    project.write("conftest.py", LOOK)
    project.write("test_one.py", "def test_one(): pass\n")
    assert project.pytest(*args).returncode == 0
    return set(json.loads((project.root / "modules.json").read_text()))


def test_installed_and_unused_nothing_is_loaded_but_the_door(project):
    bare = loaded(project, "-p", "no:qlty.pytest_plugin", "-p", "no:pytest_pagerduty.plugin")
    modules = loaded(project) - bare  # other plugins load what they like
    ours = {name for name in modules if name.split(".")[0] in {"qlty", "pytest_pagerduty"}}
    assert ours == DOOR
    assert not modules & HEAVY


def test_a_run_loads_no_client_into_the_process_of_the_tests(project):
    env_free = loaded(project, "--qlty")
    assert not env_free & {"slack_sdk", "testrail_api", "requests", "pagerduty"}
