"""The project's own settings module."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from qlty.errors import SettingsError
from qlty.settings import import_project_settings, project_scope

pytestmark = pytest.mark.usefixtures("clean_imports")


def test_the_path_stays_as_it_is(tmp_path):
    before = list(sys.path)
    (tmp_path / "settings.py").write_text("")
    import_project_settings(tmp_path, named=False)
    with project_scope():
        assert sys.path == before


def test_defaults_stand_in_for_a_module_that_is_not_there(tmp_path):
    import_project_settings(tmp_path, named=False)
    with project_scope():
        import settings

        assert settings.DEBUG_LEVEL == "INFO"
        assert (settings.CUSTOM_INTEGRATIONS, settings.ENVIRONMENTS, settings.PROJECT_CONFIG) == (
            [],
            {},
            {},
        )


def test_the_stand_in_is_not_seen_by_tests(tmp_path):
    import_project_settings(tmp_path, named=False)
    with project_scope():
        importlib.import_module("settings")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("settings")


def test_defaults_fill_what_a_module_leaves_out(tmp_path):
    (tmp_path / "settings.py").write_text("EXAMPLE = {'API_KEY': 'k'}\nDEBUG_LEVEL = 'DEBUG'\n")
    module = import_project_settings(tmp_path, named=False)
    assert module.EXAMPLE == {"API_KEY": "k"}
    with project_scope():
        assert (module.DEBUG_LEVEL, module.CUSTOM_INTEGRATIONS) == ("DEBUG", [])
    assert not hasattr(module, "CUSTOM_INTEGRATIONS"), "tests see the module as it was written"


def test_a_settings_package_is_found(tmp_path):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "__init__.py").write_text("WHO = 'package'")
    assert import_project_settings(tmp_path, named=False).WHO == "package"


def test_a_named_module_is_importable_as_settings_too(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "ci.py").write_text("WHO = 'ci'")
    import_project_settings(tmp_path, "conf.ci", named=True)
    with project_scope():
        import settings

        assert settings.WHO == "ci"
    assert "settings" not in sys.modules


def test_the_name_none_means_no_module(tmp_path):
    (tmp_path / "settings.py").write_text("1 / 0")
    assert not hasattr(import_project_settings(tmp_path, "none", named=True), "WHO")


def test_a_module_that_raises_says_how_to_do_without(tmp_path):
    (tmp_path / "settings.py").write_text("1 / 0")
    with pytest.raises(SettingsError, match="QLTY_SETTINGS; the name 'none' means to do without"):
        import_project_settings(tmp_path, named=False)


def test_a_module_of_the_same_name_elsewhere_is_not_taken(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "settings.py").write_text("WHO = 'elsewhere'")
    (tmp_path / "project").mkdir()
    sys.path.insert(0, str(tmp_path / "elsewhere"))
    assert not hasattr(import_project_settings(tmp_path / "project", named=False), "WHO")


def test_a_module_that_somebody_else_imported_is_left_in_place(tmp_path):
    theirs = ModuleType("settings")
    sys.modules["settings"] = theirs
    import_project_settings(tmp_path, named=False)
    with project_scope():
        assert sys.modules["settings"] is not theirs
    assert sys.modules["settings"] is theirs
    assert not hasattr(theirs, "DEBUG_LEVEL")


def test_a_second_run_gets_its_own_project(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.py").write_text(f"WHO = {name!r}")
    (tmp_path / "three").mkdir()
    assert import_project_settings(tmp_path / "one", named=False).WHO == "one"
    assert import_project_settings(tmp_path / "two", named=False).WHO == "two"
    assert not hasattr(import_project_settings(tmp_path / "three", named=False), "WHO")


def test_a_second_run_gets_its_own_parts_of_a_settings_package(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "settings").mkdir(parents=True)
        (tmp_path / name / "settings" / "__init__.py").write_text("from settings.base import WHO")
        (tmp_path / name / "settings" / "base.py").write_text(f"WHO = {name!r}")
    assert import_project_settings(tmp_path / "one", named=False).WHO == "one"
    assert import_project_settings(tmp_path / "two", named=False).WHO == "two"


def test_a_named_module_that_is_missing_says_where_it_was_looked_for(tmp_path):
    (tmp_path / "settings_staging.py").write_text("")
    with pytest.raises(SettingsError) as caught:
        import_project_settings(tmp_path, "settings_stagin", named=True)
    message = str(caught.value)
    assert message.startswith(f"settings module 'settings_stagin' not found: looked in {tmp_path}")
    assert message.endswith("did you mean 'settings_staging'?")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("A = 1\nB = C\n", ":2: NameError: name 'C' is not defined"),
        ("\n\nimport no_such_module_xyz\n", ":3: ModuleNotFoundError"),
        ("import os\nos.environ['NOT_SET_XYZ']\n", ":2: KeyError: 'NOT_SET_XYZ'"),
        ("A = (\n", ":1: SyntaxError"),
        ("raise SystemExit(3)\n", ":1: SystemExit: 3"),
    ],
)
def test_a_module_that_raises_is_shown_with_file_and_line(tmp_path, named, source, words):
    (tmp_path / "settings.py").write_text(source)
    with pytest.raises(SettingsError) as caught:
        import_project_settings(tmp_path, named=named)
    assert f"{tmp_path / 'settings.py'}{words}" in str(caught.value)


def test_a_module_that_failed_can_be_mended_and_imported(tmp_path):
    (tmp_path / "settings.py").write_text("1 / 0")
    with pytest.raises(SettingsError):
        import_project_settings(tmp_path, named=True)
    (tmp_path / "settings.py").write_text("WHO = 'mended'  # longer")
    assert import_project_settings(tmp_path, named=True).WHO == "mended"
