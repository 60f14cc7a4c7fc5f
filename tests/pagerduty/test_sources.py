"""What is read of files that cannot be imported, and what is not."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._pagerduty._sources import services_in, texts_that_ask

MARKED = (
    "@pytest.mark.pagerduty_trigger_incident(service_id='P1')\ndef test(pagerduty_fixture): ..."
)


@pytest.mark.parametrize("nodeid", ["", "."])
def test_the_whole_project_is_never_read(tmp_path, nodeid):
    (tmp_path / "test_a.py").write_text(MARKED)
    assert texts_that_ask(tmp_path, nodeid, marker_is_enough=True) == []


@pytest.mark.parametrize("nodeid", ["gone.py", "a\0b", "x" * 5000, "gone/folder"])
def test_what_cannot_be_read_asks_for_nothing(tmp_path, nodeid):
    assert texts_that_ask(tmp_path, nodeid, marker_is_enough=True) == []


def test_a_folder_is_read_below(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "test_a.py").write_text(MARKED)
    assert texts_that_ask(tmp_path, "shop", marker_is_enough=False) == [MARKED]


@pytest.mark.parametrize(
    ("text", "services"),
    [
        (MARKED, ["P1"]),
        (MARKED.replace("service_id=", ""), ["P1"]),
        ("SVC = 'P2'\n" + MARKED.replace("'P1'", "SVC"), ["P2"]),
        (MARKED.replace("'P1'", "shop.SVC"), [None]),
        ("def broken(:\n" + MARKED, ["P1"]),
        ("client(service_id='prod')", [None]),
    ],
)
def test_the_services_of_a_text_are_those_of_its_markers(text, services):
    assert services_in(text) == services
