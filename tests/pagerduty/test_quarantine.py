"""The quarantine file: owner, reason, last day; what is wrong with it holds nothing back."""

from __future__ import annotations

from datetime import date

import pytest

from qlty.classes.integrations._pagerduty._quarantine import Quarantine

TODAY = date(2030, 6, 15)


@pytest.fixture
def quarantine(tmp_path):
    """Load a file with one entry, with these changes; ``quarantine.said`` is what was said."""

    def load(text=None, named=True, **changes):
        load.said = []
        entry = {"test": "a.py::t", "owner": "team", "reason": "SHOP-1", "until": "2030-06-15"}
        entry |= changes
        lines = [f"{key} = {value!r}" for key, value in entry.items() if value is not None]
        path = tmp_path / "quarantine.toml"
        path.write_text("[[quarantine]]\n" + "\n".join(lines) if text is None else text)
        return Quarantine.load(path, named=named, today=TODAY, say=load.said.append)

    return load


def test_the_last_day_still_holds(quarantine):
    assert "until 2030-06-15 (team: SHOP-1)" in quarantine().holds("a.py::t")


def test_the_day_after_it_pages_again_and_says_whose_it_was(quarantine):
    assert quarantine(until="2030-06-14").holds("a.py::t") == ""
    assert quarantine.said == [
        "a.py::t pages again: its quarantine ended on 2030-06-14 (team: SHOP-1)"
    ]


@pytest.mark.parametrize(
    ("pattern", "nodeid", "held"),
    [
        ("a.py::t", "a.py::t[1]", True),
        ("a.py::t[1]", "a.py::t[1]", True),
        ("a.py::t[1]", "a.py::t[2]", False),
        ("a.py::*", "a.py::u", True),
        ("a.py::t[*]", "a.py::t[x y]", True),
        ("a.py::t", "a.py::t2", False),
        ("a.py::t", "b/a.py::t", False),
    ],
)
def test_an_entry_covers_a_test_its_parameters_or_a_pattern(quarantine, pattern, nodeid, held):
    assert bool(quarantine(test=pattern).holds(nodeid)) is held


@pytest.mark.parametrize("name", ["test", "owner", "reason", "until"])
def test_an_entry_without_one_of_the_four_holds_nothing_and_is_said(quarantine, name):
    assert quarantine(**{name: None}).holds("a.py::t") == ""
    assert f"lacks {name}" in quarantine.said[0]


@pytest.mark.parametrize("until", ["soon", "15.06.2030", "2030-13-01"])
def test_a_day_that_is_none_holds_nothing_and_is_said(quarantine, until):
    assert quarantine(until=until).holds("a.py::t") == ""
    assert "is no date such as 2030-12-31" in quarantine.said[0]


def test_a_date_may_be_written_as_toml_does(quarantine):
    text = '[[quarantine]]\ntest = "a.py::t"\nowner = "o"\nreason = "r"\nuntil = 2030-07-01\n'
    assert quarantine(text).holds("a.py::t")


@pytest.mark.parametrize("text", ["[[quarantine", "quarantine = 7", 'quarantine = ["a.py::t"]'])
def test_a_file_that_makes_no_sense_holds_nothing_and_is_said(quarantine, text):
    assert quarantine(text).holds("a.py::t") == ""
    assert quarantine.said


def test_a_file_that_was_named_and_is_missing_is_said(tmp_path):
    said = []
    Quarantine.load(tmp_path / "none.toml", named=True, today=TODAY, say=said.append)
    assert "cannot be read" in said[0]


def test_the_default_file_may_be_missing(tmp_path):
    said = []
    Quarantine.load(tmp_path / "none.toml", named=False, today=TODAY, say=said.append)
    assert said == []


def test_an_entry_that_is_about_no_test_is_known(quarantine):
    text = "".join(
        f"[[quarantine]]\ntest = {test!r}\nowner='o'\nreason='r'\nuntil=2031-01-01\n"
        for test in ("a.py::t", "b.py", "gone.py")
    )
    entries = quarantine(text)
    assert entries.unused == ["a.py::t", "b.py", "gone.py"]
    for nodeid in ("a.py::t[1]", "b.py::u"):
        entries.meet(nodeid)
    assert entries.unused == ["gone.py"]
