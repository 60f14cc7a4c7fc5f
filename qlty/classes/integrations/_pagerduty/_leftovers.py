"""Pages that earlier runs could not deliver: a pass takes them back before they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._scope import short
from qlty.classes.integrations._pagerduty._tag import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.classes.integrations._pagerduty._policy import Observation


class Leftovers:
    """What waits in the outbox since an earlier run.

    Sending goes on while tests run, so a page is taken back with the pass that makes it untrue,
    not at the end of the run.
    """

    def __init__(self, pages: Iterable[dict[str, Any]]) -> None:
        self._pages = [(tag, page["title"]) for page in pages if (tag := Tag.find(page["tag"]))]
        self._passed: set[str] = set()

    def outdated_by(self, seen: Observation) -> list[tuple[str, str]]:
        """Take note of a test; return key and title of each page that is no longer true."""
        if not self._pages or seen.verdict != "passed":
            return []
        self._passed.add(short(seen.case.nodeid))
        outdated = [page for page in self._pages if self._is_outdated(page[0])]
        self._pages = [page for page in self._pages if page not in outdated]
        return [(tag.key, title) for tag, title in outdated]

    def _is_outdated(self, tag: Tag) -> bool:
        return not tag.more and self._passed.issuperset(tag.tests)
