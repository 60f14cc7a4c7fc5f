"""``qlty-framework testrail cases`` against the sandbox."""

from __future__ import annotations

import json

import pytest

from qlty.cli._testrail import Comparison, compare

SUITE = """
import pytest

pytestmark = pytest.mark.shop

@pytest.mark.testrail(1, 90001)
def test_search(): raise SystemExit("no test is run")

def test_without(): pass

@pytest.mark.parametrize("x", ["[C2]", "plain"])
def test_params(x): pass
"""


@pytest.fixture
def cases(running, project):
    running.reset()
    project.write("test_shop.py", SUITE)
    project.write("pytest.ini", "[pytest]\nmarkers = shop\n")

    def call(*arguments, **environ):
        env = {**running.env, **environ}
        return project.python("-m", "qlty", "testrail", "cases", *arguments, env=env)

    return call


def test_tests_and_cases_are_compared(cases, running):
    ran = cases("--json")
    found = json.loads(ran.stdout)
    assert found["tests_without_case"] == [
        "test_shop.py::test_without",
        "test_shop.py::test_params[plain]",
    ]
    assert found["unknown_ids"] == {"90001": ["test_shop.py::test_search"]}
    assert found["linked"] == 2
    titles = {str(c["id"]): c["title"] for c in running.testrail.cases if c["suite_id"] == 1}
    assert found["cases_without_test"] == {i: t for i, t in titles.items() if i not in ("1", "2")}
    assert ran.returncode == 1


def test_the_same_is_shown_for_people(cases):
    out = cases().stdout
    assert "Ids that do not exist (1):\n  C90001  test_shop.py::test_search\n" in out
    assert "Tests without a case (2):\n  test_shop.py::test_without\n" in out
    assert "C3  Search with no hit offers the nearest words" in out
    assert out.endswith("2 tests have a case.\n")


def test_pytests_arguments_choose_the_tests(cases):
    ran = cases("--json", "--", "-k", "params")
    assert json.loads(ran.stdout)["tests_without_case"] == ["test_shop.py::test_params[plain]"]
    assert ran.returncode == 0


def test_the_mapping_file_counts(cases, project):
    project.write("cases.json", '{"test_shop.py::test_without": 3}')
    found = json.loads(cases("--json", TESTRAIL_CASES_FILE="cases.json").stdout)
    assert found["tests_without_case"] == ["test_shop.py::test_params[plain]"]


def test_workers_of_the_configuration_do_not_matter(cases, project):
    project.write("pytest.ini", "[pytest]\nmarkers = shop\naddopts = -n 2\n")
    assert json.loads(cases("--json").stdout)["linked"] == 2


def test_a_file_that_cannot_be_collected_is_shown(cases, project):
    project.write("test_broken.py", "import nothing_of_this_name")
    ran = cases("--json")
    assert "test_broken.py cannot be collected" in ran.stderr
    assert "nothing_of_this_name" in ran.stderr
    assert json.loads(ran.stdout)["linked"] == 2
    assert ran.returncode == 1


def test_a_path_that_does_not_exist_is_a_usage_error(cases):
    ran = cases("no_such_file.py")
    assert ran.returncode == 4
    assert "no_such_file.py" in ran.stderr


def test_nothing_is_written_to_testrail(cases, running):
    cases()
    assert all(call["call"].startswith("get_") for call in running.calls)


def test_every_id_is_known_or_unknown():
    wanted = {"a": (1, 2), "b": (), "c": (2, 9)}
    assert compare(wanted, {1: "one", 2: "two", 3: "three"}) == Comparison(
        tests_without_case=["b"], cases_without_test={3: "three"}, unknown_ids={9: ["c"]}, linked=2
    )


def test_a_conftest_in_a_folder_below_does_not_matter(cases, project):
    project.write("below/conftest.py", "")
    project.write("below/test_more.py", "def test_more(): pass\n")
    found = json.loads(cases("--json").stdout)
    assert found["linked"] == 2
    assert "below/test_more.py::test_more" in found["tests_without_case"]


@pytest.mark.parametrize(
    ("hook", "status"),
    [
        ("def pytest_collection_modifyitems(): raise OSError('no such disk')", 1),
        ("import pytest\ndef pytest_collection(): pytest.exit('enough', returncode=7)", 1),
        ("import no_such_module", 4),
    ],
)
def test_a_pytest_that_fails_is_told_and_no_comparison_is_shown(cases, project, hook, status):
    project.write("conftest.py", hook)
    ran = cases("--json")
    assert (ran.returncode, ran.stdout) == (status, "")
    assert "no such disk" in ran.stderr or "enough" in ran.stderr or "no_such_mod" in ran.stderr


def test_the_tests_of_the_named_root_are_compared(cases, project):
    project.write("other/pytest.ini", "[pytest]\ntestpaths = tests\n")
    project.write("other/tests/test_there.py", "def test_there(): pass\n")
    project.write("other/test_not_there.py", "def test_not_there(): pass\n")
    found = json.loads(cases("--json", "--rootdir", "other").stdout)
    assert (found["tests_without_case"], found["linked"]) == (
        ["tests/test_there.py::test_there"],
        0,
    )


def test_a_root_that_is_not_there_is_named(cases):
    ran = cases("--rootdir", "nowhere")
    assert ran.returncode == 4
    assert "--rootdir nowhere: there is no such folder" in ran.stderr


def test_a_marker_that_is_wrong_is_shown(cases, project):
    project.write("test_shop.py", "import pytest\n@pytest.mark.testrail('C9x')\ndef test(): pass\n")
    ran = cases()
    assert "Markers that are wrong (1):" in ran.stdout
    assert "has 'C9x', which is no case" in ran.stdout
    assert ran.returncode == 1
