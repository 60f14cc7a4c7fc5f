"""Slack's mrkdwn as HTML: right for people, harmless for the page."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.sandbox import _seed
from qlty.sandbox.inbox import _mrkdwn

NAMES = _mrkdwn.Names(_seed.load()["slack"])
SHOWN = {
    "*bold* _it_ ~gone~": "<b>bold</b> <i>it</i> <s>gone</s>",
    "2 * 3 * 4 and snake_case_name": "2 * 3 * 4 and snake_case_name",
    "`*code*`": "<code>*code*</code>",
    "```\nE   x < 1 & y\n```": "<pre>E   x &lt; 1 &amp; y</pre>",
    "a &lt;b&gt; &amp;amp;": "a &lt;b&gt; &amp;amp;",
    "<@U0AMINA01>": '<span class="mention">@amina</span>',
    "<!subteam^S0ONCALL1>": '<span class="mention">@on-call</span>',
    "<#C0SANDBOX>": '<span class="mention">#qa-results</span>',
    "<!here>": '<span class="mention">@here</span>',
    "&gt; said\nanswered": "<blockquote>said</blockquote>answered",
    ":tada: :no_such_sign:": "🎉 :no_such_sign:",
    "one\ntwo": "one<br>two",
}


@pytest.mark.parametrize("text", sorted(SHOWN))
def test_marks_are_shown_as_slack_shows_them(text: str) -> None:
    assert _mrkdwn.render(text, NAMES) == SHOWN[text]


def test_a_link_opens_outside_and_hands_nothing_over() -> None:
    html = _mrkdwn.render("*<https://x.test/?a=1&amp;b=2|run 7>*", NAMES)
    assert html == (
        '<b><a href="https://x.test/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">run 7</a></b>'
    )


class Reader(HTMLParser):
    """Collects tags and attributes as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


ALLOWED = {"b", "i", "s", "code", "pre", "br", "blockquote", "span", "a"}
PIECES = st.sampled_from(
    ["<", ">", "&lt;", "&", "*", "_", "~", "`", "```", "\n", '"', "'", "|", "script", "<script>",
     "<https://x.test|", "<javascript:x|", "onload=", "\ue000", "\ue0010", "<@U0AMINA01|", ":x:", "0", " "]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_whatever_comes_only_harmless_tags_come_out(text: str) -> None:
    for html in (_mrkdwn.render(text, NAMES), _mrkdwn.markdown(text, NAMES), _mrkdwn.plain(text)):
        reader = Reader()
        reader.feed(str(html))
        reader.close()
        assert reader.tags <= ALLOWED
        for name, value in reader.attributes:
            assert name in ("href", "class", "target", "rel")
            if name == "href":
                assert (value or "").lower().startswith(("http://", "https://", "mailto:"))


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*_~`<>&:\ue000\ue001")
    )
)
def test_plain_words_come_out_unchanged(text: str) -> None:
    reader = Reader()
    reader.feed(str(_mrkdwn.render(text, NAMES)))
    reader.close()
    assert reader.text == text


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 12_000,
        "*" * 40_000,
        "*a" * 20_000,
        "`" * 40_000,
        "<" * 40_000,
        "[" * 12_000,
        "x" * 40_000,
        ":x" * 20_000,
        "> \n" * 10_000,
    ],
)
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    started = time.process_time()
    _mrkdwn.render(text, NAMES)
    _mrkdwn.markdown(text[:12_000], NAMES)
    assert time.process_time() - started < 2
