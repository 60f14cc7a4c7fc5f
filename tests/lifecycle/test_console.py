"""What servers and tests write cannot command the terminal."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.lifecycle import console
from qlty.results import for_terminal
from qlty.runtime import logger

ESCAPES = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.invalid\x1b\\\\click\x1b]8;;\x1b\\\\",
    "8-bit": "\x9b31m",
    "return": "fine\rqlty: delivered",
    "backspace": "\b\b\b",
    "torn": "\x1b[",
}


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("through", ["own words", "the logger"])
def test_no_escape_reaches_the_terminal(name, through):
    said = []
    with console(said.append, lambda text: text):
        if through == "own words":
            logger.error("acme takes no part in this run: %s", ESCAPES[name])
        else:
            logging.getLogger("qlty").error("acme: %s", ESCAPES[name])
    (line,) = said
    assert line.startswith("qlty: acme")
    assert not {"\x1b", "\x9b", "\r", "\b", "\x07"} & set(line)


@given(st.text())
def test_any_text_is_safe_and_keeps_what_can_be_read(text):
    safe = for_terminal(text)
    assert all(c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f") for c in safe)
    assert for_terminal(safe) == safe
    if text.isprintable():
        assert safe == text
