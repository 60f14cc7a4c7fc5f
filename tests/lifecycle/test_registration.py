"""Who takes part: CUSTOM_INTEGRATIONS and what can be wrong with it."""

import pytest

from qlty.classes.integrations import registry
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RegistrationError


@pytest.mark.parametrize(
    ("code", "entry", "words"),
    [
        ("", "'nowhere.Mine'", "No module named 'nowhere'"),
        ("", "'mine.Missing'", "module mine has no class Missing"),
        ("class Plain: pass", "'mine.Plain'", "Plain does not extend Integration"),
        ("def function(): pass", "'mine.function'", "function does not extend Integration"),
        ("1/0", "'mine.Mine'", "importing mine failed: ZeroDivisionError"),
        (
            "class Mine(Spy):\n    def __init__(self): raise ValueError('no key')",
            "'mine.Mine'",
            "its constructor raised ValueError: no key",
        ),
        (
            "class Mine(Spy):\n    def __init__(self): raise SystemExit('out')",
            "'mine.Mine'",
            "its constructor raised SystemExit: out",
        ),
        ("", "'Mine'", "it has no module"),
        ("", "7", "not int"),
    ],
)
def test_an_entry_that_cannot_be_registered_is_named_with_its_cause(suite, code, entry, words):
    project = suite(code, f"[{entry}, 'spy.Spy']")
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 1
    (line,) = [line for line in ran.stdout.splitlines() if "CUSTOM_INTEGRATIONS" in line]
    assert words in line
    assert entry.strip("'") in line or entry == "7"


def test_a_required_class_whose_constructor_raises_aborts(suite):
    project = suite(
        "class Mine(Spy):\n    required = True\n    def __init__(self): raise ValueError('no key')",
        "['mine.Mine', 'spy.Spy']",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 69
    assert "mine.Mine" in ran.stdout + ran.stderr
    assert ran.events == []


def test_instances_take_part_too(suite):
    project = suite("", "[__import__('spy').Spy()]")
    assert len(project.pytest("--qlty").calls("on_run_end")) == 1


def test_the_same_path_twice_is_said_and_runs_once(suite):
    ran = suite("", "['spy.Spy', 'spy.Spy']").pytest("--qlty")
    assert len(ran.calls("on_run_end")) == 1
    assert "spy.Spy is left out: this path is listed twice" in ran.stdout


def test_the_same_instance_twice_is_said_and_runs_once(suite):
    ran = suite("one = Spy()", "[__import__('mine').one] * 2").pytest("--qlty")
    assert len(ran.calls("on_run_end")) == 1
    assert "registered already" in ran.stdout


def test_two_instances_of_one_class_have_two_names():
    class Mine(Integration):
        pass

    mine = registry.Registry()
    mine.register(Mine())
    mine.register(Mine())
    assert [integration.name for integration in mine] == ["Mine", "Mine#2"]


def test_what_is_no_integration_cannot_be_registered():
    with pytest.raises(RegistrationError, match="is not an instance of a class that extends"):
        registry.Registry().register(object())  # type: ignore[arg-type]


def test_a_registration_that_fails_leaves_nothing_behind():
    mine = registry.Registry()
    with pytest.raises(RegistrationError):
        mine.register(object())  # type: ignore[arg-type]
    assert len(mine) == 0


def test_an_error_in_register_integrations_names_its_line_and_keeps_the_rest(suite):
    project = suite(
        "",
        "['spy.Spy']",
        "from qlty import qlty_tests",
        "from qlty.classes.integrations import registry",
        "def _register_integrations():",
        "    from mine import Spy",
        "    registry.register(Spy())",
        "    registry.register(ExampleIntegration())  # step 4",
        "qlty_tests._register_integrations = _register_integrations",
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_end")) == 2
    (line,) = [line for line in ran.stdout.splitlines() if "registration: " in line]
    assert "ExampleIntegration())  # step 4" in line
    assert "settings.py:7" in line
    assert "NameError" in line


def test_hooks_are_called_in_the_order_of_registration(suite):
    project = suite(
        "class Other(Spy):\n    def on_run_end(self, *a): tell(hook='other')",
        "['mine.Other', 'spy.Spy']",
    )
    hooks = [event["hook"] for event in project.pytest("--qlty").events]
    assert hooks[-2:] == ["other", "on_run_end"]
