"""What is published: names, contents, entry points, and that it runs without the source tree."""

from __future__ import annotations

from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def metadata(files):
    return Parser().parsestr(next(t for n, t in files.items() if n.endswith("/METADATA")))


@pytest.mark.parametrize("name", ["qlty-framework", "pytest-pagerduty"])
def test_name_version_and_licence(contents, name):
    fields = metadata(contents[name])
    assert (fields["Name"], fields["Version"], fields["License-Expression"]) == (
        name,
        "2.0.0",
        "MIT",
    )
    assert any(member.endswith("licenses/LICENSE.md") for member in contents[name])


def test_the_framework_holds_every_file_of_its_packages(contents):
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in ("qlty", "pytest_pagerduty")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in contents["qlty-framework"] if ".dist-info/" not in name}
    assert packed == expected
    assert {"qlty/py.typed", "pytest_pagerduty/py.typed"} <= packed


def test_entry_points_carry_the_names_of_their_modules(contents):
    (text,) = [t for n, t in contents["qlty-framework"].items() if n.endswith("entry_points.txt")]
    assert "qlty-framework = qlty.cli:main" in text
    assert "qlty.pytest_plugin = qlty.pytest_plugin" in text
    assert "pytest_pagerduty.plugin = pytest_pagerduty.plugin" in text


def test_pytest_pagerduty_holds_no_code_and_requires_the_framework(contents):
    files = contents["pytest-pagerduty"]
    assert all(".dist-info/" in member for member in files)
    assert not any(member.endswith("entry_points.txt") for member in files)
    assert metadata(files).get_all("Requires-Dist") == ["qlty-framework>=2"]


def test_the_installed_command_runs_without_the_source_tree(run, tmp_path):
    assert run("qlty-framework", "--version").stdout == "qlty-framework 2.0.0\n"
    shown = run("python", "-c", "import qlty, pytest_pagerduty; print(qlty.__file__)").stdout
    assert str(ROOT) not in shown
    assert shown.strip().endswith("site-packages/qlty/__init__.py")


def test_the_installed_runner_runs_tests_without_a_warning(run, tmp_path):
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    done = run("qlty-framework", "run", "--", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "warning" not in done.stdout.lower() + done.stderr.lower()


def test_the_documented_line_for_conftest_works_with_the_installed_plugin(run, tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pytest_pagerduty.plugin"]\n')
    (tmp_path / "test_a.py").write_text("def test_a(pagerduty_fixture): pass\n")
    done = run("python", "-m", "pytest", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
