"""What the package requires: bounded from below, and nothing that costs those who do not use it."""

from __future__ import annotations

import re
from importlib.metadata import distribution, requires

import pytest

from scripts.lowest import constraints


def required(name: str, seen: set[str]) -> set[str]:
    """Return the names of all that a distribution requires, without its extras."""
    for text in distribution(name).requires or ():
        needed = re.match(r"[A-Za-z0-9._-]+", text).group()
        if "extra ==" in text or "python_version <" in text or "sys_platform ==" in text:
            continue
        if needed not in seen:
            seen.add(needed)
            required(needed, seen)
    return seen


def test_nothing_that_is_required_brings_a_plugin_that_every_start_of_pytest_would_load():
    names = required("qlty-framework", set())
    assert "requests" in names
    bringing = {
        name: [e.name for e in distribution(name).entry_points if e.group == "pytest11"]
        for name in names
    }
    assert {name: found for name, found in bringing.items() if found} == {}


def test_every_requirement_has_a_lower_bound():
    pinned = constraints(requires("qlty-framework"))
    assert {"slack-sdk", "starlette"} <= {entry.partition("==")[0] for entry in pinned}


def test_a_requirement_without_a_lower_bound_is_named():
    with pytest.raises(ValueError, match="slack-sdk"):
        constraints(["msgspec>=0.18", "slack-sdk"])


def test_a_marker_stays_and_an_extra_goes():
    given = ["a>=1.2; python_version < '3.11'", "b>=3; extra == 'sandbox'"]
    assert constraints(given) == ["a==1.2; python_version < '3.11'", "b==3"]
