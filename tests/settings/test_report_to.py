"""Names of integrations: how they are written, and what an unknown one says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from qlty.errors import SettingsError
from qlty.settings import installed_integrations, report_to, split_names


@pytest.mark.parametrize(
    "value",
    ["slack,testrail", "Slack, TestRail ,slack", ["slack", "testrail"], ["slack,testrail", ""]],
)
def test_repeated_options_commas_and_lists_mean_the_same(value):
    assert report_to(value) == ("slack", "testrail")


@pytest.mark.parametrize("value", [None, "", [], [""], " , "])
def test_nothing_is_no_name(value):
    assert report_to(value) == ()


def test_an_unknown_name_lists_the_known_and_the_nearest():
    with pytest.raises(SettingsError) as caught:
        report_to("testrial")
    assert str(caught.value) == (
        "report_to 'testrial' is not a known integration: did you mean 'testrail'? "
        "Known are pagerduty, slack, testrail."
    )


def test_every_unknown_name_is_told():
    with pytest.raises(SettingsError, match=r"'slak'.*'qqq'"):
        report_to("slak,qqq")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a distribution with an integration that must not be imported."""
    info = tmp_path / "acme_qlty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-qlty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qlty.integrations]\nacme = acme_qlty:Acme\n")
    (tmp_path / "acme_qlty.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("package")
def test_an_installed_package_is_known_without_being_imported():
    assert report_to("acme,slack") == ("acme", "slack")
    assert installed_integrations()["acme"] == "acme_qlty.Acme"
    assert "acme_qlty" not in sys.modules


def test_built_in_names_cost_no_look_at_installed_packages():
    code = (
        "import sys; from qlty.settings import report_to; report_to('slack');"
        "print('importlib.metadata' in sys.modules, 'difflib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@hypothesis_given(st.lists(st.text()))
def test_splitting_is_stable(values):
    names = split_names(values)
    assert split_names(",".join(names)) == split_names(names) == names
