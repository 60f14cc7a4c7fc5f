"""Every import of a suite is what it is without us."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

REPORTED = [(), ("--qlty",), ("--qlty", "-n1"), ("--qlty", "--qlty-dry-run=out")]


@pytest.fixture
def installed(project):
    """A package that is installed, and its checkout in the root; the root is not on the path."""
    project.write("installed/shop.py", "WHO = 'installed'")
    project.write("shop.py", "WHO = 'checkout'")
    project.write("colorsys.py", "raise SystemExit('the standard library is shadowed')")
    project.write(
        "tests/test_shop.py",
        """
        import colorsys
        import sys
        from pathlib import Path
        import pytest
        import shop

        def test_shop():
            assert shop.WHO == "installed"

        @pytest.mark.parametrize("name", ["settings", "spy"])
        def test_not_there(name):
            with pytest.raises(ImportError):
                __import__(name)

        def test_path():
            assert str(Path(__file__).parents[1]) not in sys.path
        """,
    )
    return project


@pytest.mark.parametrize("more", REPORTED, ids=" ".join)
def test_what_is_installed_is_tested_and_not_the_checkout(installed, more):
    env = {"PYTHONPATH": str(installed.root / "installed")}
    ran = installed.script("tests", *more, env=env)
    assert ran.returncode == 0, ran.stdout
    if more == ("--qlty",):
        assert len(ran.results) == 4


def test_so_it_is_with_the_runner(installed):
    env = {"PYTHONPATH": str(installed.root / "installed")}

    command = str(Path(sys.executable).with_name("qlty-framework"))
    ran = installed.python(command, "run", "tests", env=env)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(ran.results) == 4


@pytest.mark.parametrize("more", REPORTED, ids=" ".join)
def test_settings_that_lie_elsewhere_are_the_suites(project, more):
    project.write("pytest.ini", "[pytest]\npythonpath = src\n")
    project.write("src/settings.py", "DATABASE = 'sqlite'")
    project.write(
        "tests/test_a.py",
        "import settings\ndef test_a(): assert vars(settings)['DATABASE'] == 'sqlite'\n",
    )
    ran = project.script("tests", *more)
    assert ran.returncode == 0, ran.stdout
    if more == ("--qlty",):
        assert list(ran.results) == ["tests/test_a.py::test_a"]


def test_settings_are_read_when_the_conftest_has_prepared_what_they_read(project):
    project.write("settings.py", "import os\nCUSTOM_INTEGRATIONS = [os.environ['OF_CONFTEST']]\n")
    project.write(
        "conftest.py",
        """
        import os

        def pytest_configure():
            os.environ["OF_CONFTEST"] = "spy.Spy"
        """,
    )
    project.write("test_a.py", "def test_a(): pass\n")
    assert list(project.script("--qlty").results) == ["test_a.py::test_a"]


def test_settings_that_raise_end_the_run_and_can_be_done_without(project):
    project.write("settings.py", "1 / 0")
    project.write("test_a.py", "def test_a(): pass\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == 4
    assert "settings.py:1: ZeroDivisionError" in ran.stderr
    assert project.pytest("--qlty", "--qlty-settings=none").returncode == 0
