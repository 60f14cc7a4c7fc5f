"""The blocks of docs/pagerduty.md are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from qlty.classes.integrations import _pagerduty as room
from qlty.classes.integrations._pagerduty import _marker

GUIDE = (Path(__file__).parents[2] / "docs" / "pagerduty.md").read_text()


def block(kind):
    return re.search(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)[1]


def test_the_example_opens_its_incident(suite):
    suite.write(block('python title="test_checkout.py"'))
    suite.run()
    assert [incident["service"]["id"] for incident in suite.incidents] == ["XIXOOXZ"]


def test_the_settings_route_a_test_without_a_marker(suite):
    suite.write(
        block('python title="settings.py"').replace('"AFTER": 2', '"AFTER": 1'), "settings.py"
    )
    suite.write("def test_card(): assert False", "tests/checkout/test_card.py")
    env = {"BUILD_URL": "https://ci.test/7", "CI": "true", "BRANCH_NAME": "release/7"}
    suite.run("--report-to=pagerduty", env=env)
    (incident,) = suite.incidents
    assert (incident["service"]["id"], incident["urgency"]) == ("XIXOOXZ", "high")
    assert "Owner: payments" in incident["body"]["details"]


def test_the_quarantine_holds_its_test_back(machine):
    ci = machine()
    text = block("toml").replace(
        "tests/checkout/test_card.py::test_refund", "tests/test_shop.py::*"
    )
    (ci.folder / "quarantine.toml").write_text(text)
    ci.run({"test_pay": "failed"})
    assert any("payments: SHOP-123" in note for note in ci.notes)
    assert ci.states() == []


def _own_settings():
    fields = msgspec.structs.fields(room.PagerDutySettings)
    return {field.name.upper(): field for field in fields}


@pytest.mark.parametrize("name", _own_settings())
def test_every_setting_is_explained(name):
    assert f"`{name}`" in GUIDE.partition("## Settings")[2]


def test_every_number_in_the_table_is_the_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", GUIDE, re.MULTILINE))
    assert rows.keys() == {"MAX_INCIDENTS", "GROUP_WAIT", "MAX_AGE", "AFTER"}
    assert {name: float(text) for name, text in rows.items()} == {
        name: _own_settings()[name].default for name in rows
    }


@pytest.mark.parametrize("name", _marker.KNOWN)
def test_every_argument_of_the_marker_is_explained(name):
    assert f"`{name}`" in GUIDE.partition("## Which tests")[2].partition("## Which failures")[0]
