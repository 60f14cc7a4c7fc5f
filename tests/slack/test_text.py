"""Text is escaped, cut and fenced as a whole."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._slack.text import (
    code,
    cut,
    escape,
    fence,
    line,
    link,
    mention,
    plain,
)

TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=80) | st.lists(
    st.sampled_from(
        ["&", "<", ">", "`", "\n", "|", "e\u0301", "👩‍👩‍👧", "\ud800", "\x00", " ", "a"]
    ),
    max_size=40,
).map("".join)
LIMIT = st.integers(0, 60)
HALF_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


@given(TEXT, LIMIT)
def test_nothing_is_longer_than_its_limit(text, limit):
    for function in (cut, plain, line, code, fence):
        assert len(function(text, limit)) <= limit or function(text, limit) == ""


@given(TEXT, LIMIT)
def test_no_entity_is_cut_in_half(text, limit):
    for function in (line, code, fence):
        assert not HALF_ENTITY.search(function(text, limit))


@given(TEXT, LIMIT)
def test_no_markup_of_the_text_survives(text, limit):
    for function in (line, code, fence):
        assert not re.search("[<>]", function(text, limit))


@given(TEXT)
def test_escaping_is_undone_by_reading_the_entities(text):
    assert html.unescape(escape(text)) == text


@given(TEXT, LIMIT)
def test_a_fence_is_always_closed_and_never_closed_early(text, limit):
    fenced = fence(text, limit)
    assert fenced == "" or (fenced.count("```") == 2 and fenced.endswith("\n```"))


@given(TEXT, LIMIT)
def test_inline_code_has_its_two_backticks_and_no_other(text, limit):
    found = code(text, limit)
    assert found == "" or (found.count("`") == 2 and "\n" not in found)


@given(TEXT, TEXT, LIMIT)
def test_a_link_is_whole_or_plain_text(url, text, limit):
    found = link(f"https://host/{url}", text, limit)
    assert re.fullmatch(r"(<https://host/[^<>|\s]*\|[^<>|]+>)|[^<>]*", found)


@given(TEXT)
def test_every_result_can_be_encoded(text):
    for function in (plain, line, code, fence):
        function(text, 50).encode("utf-8")
    link("https://host/" + text, text, 50).encode("utf-8")


def test_short_text_stays_as_it_is():
    assert line("a < b", 50) == "a &lt; b"
    assert fence("a\n  b", 50) == "```\na\n  b\n```"


def test_a_combined_character_is_not_torn_apart():
    assert cut("abe\u0301cd", 4) == "ab…"


def test_a_family_is_not_torn_apart():
    assert cut("ab👩‍👩‍👧cd", 5) == "ab…"


def test_an_address_that_is_none_is_not_linked():
    assert link("javascript:alert(1)", "text", 50) == "text"
    assert link(None, "text", 50) == "text"


def test_an_address_that_is_too_long_is_not_linked():
    assert link("https://host/" + "a" * 1000, "text", 50) == "text"


@pytest.mark.parametrize(
    ("who", "markup"),
    [("U01", "<@U01>"), ("W01", "<@W01>"), ("S01", "<!subteam^S01>"), ("here", "<!here>")],
)
def test_mentions(who, markup):
    assert mention(who) == markup
