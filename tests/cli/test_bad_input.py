"""Wrong command lines and settings: a clear message, a usage error, and no test run."""

from __future__ import annotations

import re

import pytest

RUN = ("-m", "qlty", "run")
PYTEST = ("-m", "pytest", "--qlty")


@pytest.fixture
def project(project):
    """Return a project with one passing test."""
    project.write("test_shop.py", "class TestCart:\n    def test_add(self): pass\n")
    return project


def refused(ran) -> str:
    """Return what a run said that was refused before its first hook."""
    text = ran.stdout + ran.stderr
    assert ran.returncode == 4, text
    assert "Traceback" not in text
    assert ran.events == []
    return text


@pytest.mark.parametrize("command", [RUN, PYTEST])
class TestSettingsModule:
    def test_that_was_named_and_is_missing(self, project, command):
        text = refused(project.python(*command, env={"QLTY_SETTINGS": "conf.stagin"}))
        assert f"settings module 'conf.stagin' not found: looked in {project.root}" in text

    def test_that_raises(self, project, command):
        project.write("settings.py", "A = 1\nB = 1 / 0\n")
        text = refused(project.python(*command))
        assert f"{project.root / 'settings.py'}:2: ZeroDivisionError" in text

    def test_that_has_wrong_settings_of_qlty(self, project, command):
        project.write("settings.py", "QLTY = {'KEEP_RUNS': 'many', 'HOOK_TIMEOUT': 0}\n")
        text = refused(project.python(*command))
        assert "settings.py QLTY['KEEP_RUNS'] is 'many'; needed: a whole number" in text
        assert "settings.py QLTY['HOOK_TIMEOUT'] is 0; needed: a number above 0" in text

    def test_whose_custom_integrations_are_no_list(self, project, command):
        project.write("settings.py", "CUSTOM_INTEGRATIONS = 'spy.Spy'\n")
        assert "CUSTOM_INTEGRATIONS in settings.py is str" in refused(project.python(*command))


def test_a_missing_key_deregisters_the_integration_that_needs_it(project):
    project.write(
        "shop.py",
        """
        import settings
        from qlty.classes.integrations.base_integration import Integration

        class Shop(Integration):
            def __init__(self):
                self.key = settings.SHOP["API_KEY"]
        """,
    )
    project.write("settings.py", "SHOP = {}\nCUSTOM_INTEGRATIONS = ['shop.Shop', 'spy.Spy']\n")
    ran = project.python(*RUN)
    assert ran.returncode == 0
    assert re.search(r"shop\.Shop is left out.*KeyError: 'API_KEY'", ran.stdout + ran.stderr)
    assert len(ran.calls("on_run_end")) == 1


@pytest.mark.parametrize(
    ("files", "command", "environ"),
    [
        ({}, (*RUN, "--report-to", "slak"), {}),
        ({}, ("-m", "pytest", "--report-to=testrail,slak"), {}),
        ({}, ("-m", "pytest"), {"QLTY_REPORT_TO": "slak"}),
        ({"pytest.ini": "[pytest]\nreport_to = testrail, slak\n"}, ("-m", "pytest"), {}),
        ({"pytest.ini": "[pytest]\nreport_to =\n  testrail\n  slak\n"}, ("-m", "pytest"), {}),
        ({"settings.py": "QLTY = {'REPORT_TO': ['slak']}\n"}, RUN, {}),
    ],
)
def test_an_unknown_name_to_report_to_lists_the_known(project, files, command, environ):
    for name, text in files.items():
        project.write(name, text)
    text = refused(project.python(*command, env=environ))
    assert "report_to 'slak' is not a known integration: did you mean 'slack'?" in text
    assert "Known are pagerduty, slack, testrail." in text


NATIVE = pytest.param(
    "tool.pytest",
    marks=pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest 9 reads this table"),
)


@pytest.mark.parametrize("table", [NATIVE, "tool.pytest.ini_options"])
@pytest.mark.parametrize("value", ['"slak"', '["slak", "testrail"]'])
def test_both_tables_of_pyproject_take_text_and_lists(project, table, value):
    (project.root / "pytest.ini").unlink()
    project.write("pyproject.toml", f"[{table}]\nreport_to = {value}\n")
    text = refused(project.python("-m", "pytest", "-W", "error"))
    assert "report_to 'slak' is not a known integration" in text


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_name_of_no_test_gives_the_nearest(project, workers):
    ran = project.python(*RUN, "-t", "Kart.test_add", *workers)
    assert ran.returncode == 4
    assert "no test is named 'Kart.test_add'" in ran.stdout + ran.stderr
    assert "Nearest: TestCart.test_add." in ran.stdout + ran.stderr
    assert ran.calls("on_test_end") == []


def test_a_wrong_number_of_workers(project):
    assert "parse_numprocesses value: 'many'" in refused(project.python(*RUN, "-n", "many"))


def test_an_argument_of_pytest_before_the_dashes(project):
    assert "(options of pytest go behind --)" in refused(project.python(*RUN, "--maxfail=1"))


def test_an_argument_of_pytest_behind_the_dashes(project):
    ran = project.python(*RUN, "--", "--maxfail=1", "-q")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 1
