"""What a project words itself: the first line, further facts, and a last paragraph."""

from __future__ import annotations

from typing import NamedTuple

from qlty.classes.integrations._templates import RUN_PLACEHOLDERS

#: names that templates know beside those of every run
COUNTS = ("outcome", "verdict", "total", "passed", "failed", "new", "skipped", "flaky", "duration")
PLACEHOLDERS = (*RUN_PLACEHOLDERS, *COUNTS)


class Wording(NamedTuple):
    """Templates with :data:`PLACEHOLDERS`.

    Attributes:
        title: of the first line, ``None`` for the usual one.
        fields: facts by their label.
        suffix: of the last paragraph, in Slack's markup.
    """

    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
