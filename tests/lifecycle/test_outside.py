"""What is said of an integration from outside of its class."""

from __future__ import annotations

import pytest

from qlty.classes.integrations import registry
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RegistrationError, RunAborted, SettingsError
from qlty.lifecycle import register_each
from qlty.settings import Entry, IntegrationSettings, Sources, current, install, load, required

TYPED = """
from qlty.settings import IntegrationSettings, load

class AcmeSettings(IntegrationSettings, frozen=True, kw_only=True):
    color: str = "red"

class Reporter(Integration):
    def on_run_start(self):
        self.settings = load("ACME", AcmeSettings)
        if self.settings.color == "none":
            raise ValueError("no color")

    def on_run_end(self, *args, **more):
        print("reported")
        self.deliver({"a": 1}, key="1")

    def send(self, job):
        from qlty.errors import Refused
        raise Refused("no")
"""


@pytest.fixture
def environ():
    """Return a function that makes these variables the whole environment of settings."""
    before = current()
    yield lambda **variables: install(Sources(environ=variables))
    install(before)


class Failing(Integration):
    def on_run_start(self):
        raise ValueError("away")


class AcmeIntegration(Failing):
    pass


class Named(Failing):
    name = "acme"


class AcmeSettings(IntegrationSettings, frozen=True, kw_only=True):
    color: str


class Loading(Integration):
    def on_run_start(self):
        load("ACME", AcmeSettings)


class LoadingEarly(Failing):
    def __init__(self):
        load("ACME", IntegrationSettings)


@pytest.mark.parametrize("cls", [AcmeIntegration, Named, Loading, LoadingEarly])
def test_a_setting_makes_an_integration_required(environ, cls):
    environ(ACME_REQUIRED="yes")
    mine = registry.Registry()
    mine.register_custom([f"{__name__}.{cls.__name__}"] if cls is LoadingEarly else [cls()])
    with pytest.raises(RunAborted):
        mine.on_run_start()


@pytest.mark.parametrize("cls", [AcmeIntegration, Named, Loading])
def test_without_it_the_run_goes_on(environ, cls):
    environ()
    mine = registry.Registry()
    mine.register(cls())
    mine.on_run_start()
    assert len(mine) == 0


def test_a_setting_makes_one_that_says_required_optional(environ):
    environ(ACME_REQUIRED="no")
    mine = registry.Registry()
    acme = AcmeIntegration()
    acme.required = True
    mine.register(acme)
    mine.on_run_start()
    assert len(mine) == 0


@pytest.mark.parametrize(
    ("variable", "status", "words"),
    [
        ({}, 0, "reported"),
        ({"ACME_MUST_DELIVER": "true"}, 75, "reported"),
        ({"ACME_REQUIRED": "true", "ACME_COLOR": "none"}, 69, "no color"),
        ({"ACME_WHEN": "success"}, 0, "reported"),
        ({"ACME_WHEN": "failure"}, 0, "not reported: the run was a success"),
        ({"ACME_WHEN": "never", "ACME_MUST_DELIVER": "true"}, 0, "not reported"),
    ],
)
def test_typed_settings_of_a_project_mean_what_they_mean_everywhere(suite, variable, status, words):
    ran = suite(TYPED, "['mine.Reporter']").pytest("--qlty", "-s", env=variable)
    assert ran.returncode == status, ran.stdout
    assert words in ran.stdout
    if "WHEN" in str(variable) and "success" not in variable.values():
        assert "\nreported" not in ran.stdout


@pytest.mark.parametrize(
    "entry",
    ["required('nowhere.Mine')", "required('mine.Missing')", "'mine.Needed'", "'mine.Annotated'"],
)
def test_a_run_does_not_start_without_what_it_must_not_start_without(suite, entry):
    code = (
        "if __import__('os').environ.get('BROKEN'): 1 / 0\n"
        "class Needed(Integration):\n    required = True\n"
        "class Annotated(Integration):\n    required: bool = True\n"
        "class Other(Integration): pass\n"
    )
    project = suite(code, f"[{entry}]")
    settings = (project.root / "settings.py").read_text()
    project.write("settings.py", f"from qlty.settings import required\n{settings}")
    ran = project.pytest("--qlty", env={"BROKEN": "1"})
    assert ran.returncode == 69, ran.stdout
    assert "passed" not in ran.stdout


def test_a_broken_module_whose_class_is_not_required_costs_the_run_nothing(suite):
    project = suite("1 / 0\nclass Other(Integration): pass\n", "['mine.Other']")
    assert project.pytest("--qlty").returncode == 0


def test_a_required_entry_that_starts_is_like_any_other():
    mine = registry.Registry()
    mine.register_custom([required("qlty.classes.integrations.base_integration.Integration")])
    mine.on_run_start()
    assert [type(mine.class_path(each)) for each in mine] == [str]


def test_only_paths_can_be_required_like_that():
    with pytest.raises(SettingsError, match="dotted path"):
        required(Integration())


def test_a_package_is_called_by_the_name_that_was_given(caplog):
    mine = registry.Registry()
    mine.register_custom([Entry("qlty.classes.integrations.base_integration.Integration", "acme")])
    assert [each.name for each in mine] == ["acme"]
    mine.register_custom([Entry("nowhere.Acme", "acme")])
    assert "acme: nowhere.Acme is left out" in caplog.text


@pytest.mark.parametrize("name", ["acme", "acme-reporter"])
def test_a_package_that_cannot_be_imported_is_required_by_its_setting(environ, name):
    environ(ACME_REQUIRED="1", ACME_REPORTER_REQUIRED="1")
    with pytest.raises(RunAborted, match=name):
        registry.Registry().register_custom([Entry("nowhere.It", name)])


class Needed(Integration):
    required = True

    def __init__(self):
        raise ValueError("no key")


def registering_some():
    registry.register(Named())
    if registry:
        raise KeyError("API_KEY")
    here = AcmeIntegration()
    registry.register(here)
    missing_name  # noqa: F821
    registry.register(Loading())


def registering_a_required_one():
    registry.register(Named())
    registry.register(Needed())


def test_one_that_cannot_be_built_costs_no_other_its_registration():
    mine = registry.reset()
    wrong = list(register_each(registering_some))
    assert [type(each) for each in mine] == [Named, AcmeIntegration, Loading]
    assert len(wrong) == 2
    assert 'raise KeyError("API_KEY")' in wrong[0]
    assert "test_outside.py" in wrong[1]


def test_one_that_is_required_and_cannot_be_built_aborts():
    registry.reset()
    with pytest.raises(RunAborted, match="Needed"):
        list(register_each(registering_a_required_one))


def test_a_function_without_source_is_called_as_it_is():
    calls = []
    assert list(register_each(lambda: calls.append(1))) == []
    assert calls == [1]


def test_the_same_instance_is_refused_by_name(caplog):
    one = Named()
    mine = registry.Registry()
    mine.register(one)
    with pytest.raises(RegistrationError, match="acme is registered already"):
        mine.register(one)


def test_several_wrong_settings_stand_on_several_lines_once(suite):
    code = TYPED.replace('color: str = "red"', "color: str\n    size: int")
    out = suite(code, "['mine.Reporter']").pytest("--qlty").stdout
    assert "2 settings of ACME are wrong:\n  - ACME COLOR is not set" in out
    assert out.count("ACME SIZE is not set") == 1
    assert "takes no part in this run: 2 settings of ACME are wrong, as said at its start" in out
