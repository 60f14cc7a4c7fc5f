"""The runner from the outside: activation, flags, order, and its exit status."""

from __future__ import annotations

import json
import textwrap

import pytest

RUN = ("-m", "qlty.qlty_tests")
ORDER = """
from qlty.classes.integrations import registry
from qlty.classes.integrations.base_integration import Integration

class Order(Integration):
    def on_run_start(self):
        print("order:", [integration.name for integration in registry.default()])
"""


@pytest.fixture
def project(project):
    """Return a project with a passing and a failing test."""
    project.write("tests/test_shop.py", "def test_pay(): pass\ndef test_ship(): assert False\n")
    return project


@pytest.mark.parametrize("command", [RUN, ("-m", "qlty", "run")])
@pytest.mark.parametrize("folder", [".", "tests"])
def test_it_reports_without_being_asked_by_name(project, command, folder):
    ran = project.python(*command, cwd=folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert set(ran.outcomes().values()) == {"passed", "failed"}


def test_it_works_where_plugins_do_not_load_by_themselves(project):
    ran = project.python(*RUN, "-n", "2", env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert len(ran.results) == 2


def test_paths_choose_the_tests(project):
    project.write("tests/test_other.py", "def test_other(): pass\n")
    ran = project.python(*RUN, "tests/test_other.py")
    assert ran.returncode == 0
    assert list(ran.outcomes()) == ["tests/test_other.py::test_other"]


def test_integrations_are_registered_in_the_documented_order(project, running):
    project.write("order.py", ORDER)
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['order.Order', 'spy.Spy']\n")
    ran = project.python(*RUN, "-s", "--pagerduty", "-r", "--", "-s", env=running.env)
    assert "order: ['testrail', 'pagerduty', 'Order', 'Spy', 'slack']" in ran.stdout


def test_a_named_package_comes_before_the_projects_own(project):
    project.write(
        "acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"
    )
    project.write(
        "acme-1.0.dist-info/entry_points.txt", "[qlty.integrations]\nacme = order:Order\n"
    )
    project.write("order.py", ORDER)
    environ = {"PYTHONPATH": str(project.root)}
    ran = project.python(*RUN, "--report-to", "acme", "--", "-s", env=environ)
    assert "order: ['acme', 'Spy']" in ran.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_tests_read_the_labels_of_the_command_line(project, arguments):
    project.write(
        "tests/test_shop.py",
        """
        from qlty import config
        WHERE = (config.CURRENT_PLATFORM, config.CURRENT_ENVIRONMENT)
        def test_where(): assert WHERE == ("ios", "staging")
        """,
    )
    ran = project.python(*RUN, "-p", "ios", "--env", "staging", *arguments)
    assert ran.returncode == 0, ran.stdout
    assert (ran.end["run"]["platform"], ran.end["run"]["environment"]) == ("ios", "staging")


def test_integrations_read_labels_of_the_environment_as_flags_too(project):
    project.write(
        "label.py",
        """
        from qlty import config
        from qlty.classes.integrations.base_integration import Integration

        class Label(Integration):
            def on_run_end(self, *args):
                print("label:", config.CURRENT_ENVIRONMENT, config.CURRENT_PLATFORM)
        """,
    )
    project.write("settings.py", "CUSTOM_INTEGRATIONS = ['label.Label']\n")
    environ = {"QLTY_ENVIRONMENT": "staging", "QLTY_PLATFORM": "ios"}
    ran = project.python("-m", "pytest", "--qlty", "-s", env=environ)
    assert "label: staging ios" in ran.stdout


def test_two_runs_in_one_process_do_not_share_flags(project):
    program = project.write(
        "twice.py",
        """
        import json
        from qlty import config
        from qlty.qlty_tests import main

        def flags():
            return {k: v for k, v in vars(config).items() if k.isupper()}

        before = flags()
        first = main(["-s", "-p", "ios", "--no-report-on-fail", "tests", "-t", "test_pay"])
        between = flags()
        second = main(["tests", "-t", "test_ship"])
        print("answer:" + json.dumps([first, second, before == between == flags()]))
        """,
    )
    ran = project.python(str(program))
    (answer,) = [line for line in ran.stdout.splitlines() if line.startswith("answer:")]
    assert json.loads(answer.removeprefix("answer:")) == [0, 1, True]
    assert len(ran.calls("on_run_end")) == 2


def test_a_unittest_suite_runs_and_load_tests_is_not_honoured(project):
    project.write(
        "tests/test_shop.py",
        """
        import unittest

        class TestOld(unittest.TestCase):
            def test_one(self): pass
            def test_two(self): pass

        def load_tests(loader, tests, pattern):
            return unittest.TestSuite([TestOld("test_one")])
        """,
    )
    assert len(project.python(*RUN).results) == 2


def test_a_block_whose_constructor_raises_is_named_and_the_projects_own_still_run(project):
    program = project.write(
        "edited.py",
        textwrap.dedent(
            """
            import sys
            from qlty import qlty_tests

            def _register_integrations():
                raise ValueError("no such region")

            qlty_tests._register_integrations = _register_integrations
            sys.exit(qlty_tests.main(["tests"]))
            """
        ),
    )
    ran = project.python(str(program))
    assert ran.returncode == 1
    assert f"{program}:6" in ran.stdout + ran.stderr
    assert "ValueError: no such region" in ran.stdout + ran.stderr
    assert len(ran.calls("on_run_end")) == 1
