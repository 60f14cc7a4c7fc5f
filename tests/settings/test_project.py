"""The project's own settings module."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from qlty.errors import SettingsError
from qlty.settings import import_project_settings

pytestmark = pytest.mark.usefixtures("clean_imports")


def test_the_root_comes_first_on_the_path_and_once(tmp_path):
    sys.path.append(str(tmp_path))
    import_project_settings(tmp_path, named=False)
    assert sys.path[0] == str(tmp_path)
    assert sys.path.count(str(tmp_path)) == 1


def test_defaults_stand_in_for_a_module_that_is_not_there(tmp_path):
    import_project_settings(tmp_path, named=False)
    import settings

    assert settings.DEBUG_LEVEL == "INFO"
    assert (settings.CUSTOM_INTEGRATIONS, settings.ENVIRONMENTS, settings.PROJECT_CONFIG) == (
        [],
        {},
        {},
    )


def test_defaults_fill_what_a_module_leaves_out(tmp_path):
    (tmp_path / "settings.py").write_text("EXAMPLE = {'API_KEY': 'k'}\nDEBUG_LEVEL = 'DEBUG'\n")
    module = import_project_settings(tmp_path, named=False)
    assert module.EXAMPLE == {"API_KEY": "k"}
    assert (module.DEBUG_LEVEL, module.CUSTOM_INTEGRATIONS) == ("DEBUG", [])


def test_a_settings_package_is_found(tmp_path):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "__init__.py").write_text("WHO = 'package'")
    assert import_project_settings(tmp_path, named=False).WHO == "package"


def test_a_named_module_is_importable_as_settings_too(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "ci.py").write_text("WHO = 'ci'")
    import_project_settings(tmp_path, "conf.ci", named=True)
    import settings

    assert settings.WHO == "ci"


def test_a_module_of_the_same_name_elsewhere_is_not_taken(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "settings.py").write_text("WHO = 'elsewhere'")
    (tmp_path / "project").mkdir()
    sys.path.insert(0, str(tmp_path / "elsewhere"))
    assert not hasattr(import_project_settings(tmp_path / "project", named=False), "WHO")


def test_a_module_that_somebody_else_imported_is_left_in_place(tmp_path):
    theirs = ModuleType("settings")
    sys.modules["settings"] = theirs
    assert import_project_settings(tmp_path, named=False) is theirs


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
