"""What a project's integrations import, and that its tests notice nothing of it."""

from __future__ import annotations

import importlib
import sys

import pytest

from qlty.settings import import_of_project, import_project_settings, project_scope

pytestmark = pytest.mark.usefixtures("clean_imports")


@pytest.fixture
def project(tmp_path):
    """Return a function that writes files and opens the project, whose root is not on the path."""

    def make(**files):
        for name, text in files.items():
            path = tmp_path / "root" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        import_project_settings(tmp_path / "root", named=False)
        return tmp_path / "root"

    return make


@pytest.fixture
def elsewhere(tmp_path):
    """Return a folder that is first on the path of the tests."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    sys.path.insert(0, str(folder))
    return folder


def test_an_integration_and_what_it_imports_come_from_the_root(project):
    project(integrations__shop="import helper\nWHO = helper.WHO", helper="WHO = 'root'")
    assert import_of_project("integrations.shop").WHO == "root"


@pytest.mark.parametrize("name", ["integrations", "integrations.shop", "helper", "unused"])
def test_tests_do_not_find_it(project, name):
    project(integrations__shop="import helper", helper="", unused="")
    import_of_project("integrations.shop")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)


def test_a_hook_can_import_it_late(project):
    project(helper="WHO = 'root'")
    for _ in range(2):
        with project_scope():
            assert importlib.import_module("helper").WHO == "root"
        assert "helper" not in sys.modules


def test_a_hook_gets_the_same_module_each_time(project):
    project(integrations__shop="")
    first = import_of_project("integrations.shop")
    with project_scope():
        assert importlib.import_module("integrations.shop") is first


def test_the_root_wins_for_what_the_settings_name_and_tests_keep_theirs(project, elsewhere):
    (elsewhere / "integrations").mkdir()
    (elsewhere / "integrations" / "__init__.py").write_text("")
    (elsewhere / "integrations" / "shop.py").write_text("WHO = 'elsewhere'")
    theirs = importlib.import_module("integrations.shop")
    project(integrations__shop="WHO = 'root'")
    ours = import_of_project("integrations.shop")
    assert (ours.WHO, theirs.WHO) == ("root", "elsewhere")
    assert sys.modules["integrations.shop"] is theirs
    with project_scope():
        assert importlib.import_module("integrations.shop") is ours
    assert importlib.import_module("integrations.shop") is theirs


def test_settings_beside_the_tests_are_theirs_and_those_of_the_root_are_ours(project, elsewhere):
    (elsewhere / "settings.py").write_text("WHO = 'elsewhere'")
    project(settings="WHO = 'root'")
    assert importlib.import_module("settings").WHO == "elsewhere"
    with project_scope():
        assert importlib.import_module("settings").WHO == "root"
    assert importlib.import_module("settings").WHO == "elsewhere"


def test_for_anything_else_the_path_wins_over_the_root(project, elsewhere):
    (elsewhere / "helper.py").write_text("WHO = 'elsewhere'")
    project(helper="WHO = 'root'")
    with project_scope():
        assert importlib.import_module("helper").WHO == "elsewhere"


def test_a_module_of_the_standard_library_is_not_replaced(project):
    sys.modules.pop("colorsys", None)
    project(colorsys="raise SystemExit(3)")
    with project_scope():
        assert importlib.import_module("colorsys").rgb_to_hls


def test_tests_that_have_the_root_on_their_path_share_its_modules(project):
    sys.path.insert(0, str(project(settings="WHO = 'root'", integrations__shop="")))
    with project_scope():
        settings, shop = importlib.import_module("settings"), import_of_project("integrations.shop")
    assert importlib.import_module("settings") is settings
    assert importlib.import_module("integrations.shop") is shop


def test_tests_that_get_the_root_onto_their_path_later_share_them_too(project):
    root = project(settings="RUNS = []\nRUNS.append(1)", integrations__shop="SEEN = []")
    shop = import_of_project("integrations.shop")
    sys.path.insert(0, str(root))
    theirs = importlib.import_module("integrations.shop")
    assert theirs is shop
    assert importlib.import_module("settings").RUNS == [1]
    assert theirs.__spec__.origin == str(root / "integrations" / "shop.py")
    with project_scope():
        assert importlib.import_module("integrations.shop") is shop
    assert sys.modules["integrations.shop"] is shop


def test_a_reloaded_module_is_read_again(project):
    root = project(settings="RUNS = []")
    sys.path.insert(0, str(root))
    settings = importlib.import_module("settings")
    settings.RUNS.append(1)
    assert importlib.reload(settings).RUNS == []


def test_scopes_nest(project):
    project(helper="")
    with project_scope():
        with project_scope():
            helper = importlib.import_module("helper")
        assert sys.modules["helper"] is helper
    assert "helper" not in sys.modules


def test_a_closed_project_leaves_no_trace(project):
    from qlty.settings import close_project

    finders = list(sys.meta_path)
    project(settings="")
    close_project()
    assert sys.meta_path == finders
