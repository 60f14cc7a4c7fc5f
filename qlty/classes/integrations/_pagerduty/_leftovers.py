"""Pages that earlier runs could not deliver: a pass takes them back before they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._pagerduty._scope import short
from qlty.classes.integrations._pagerduty._tag import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from qlty.classes.integrations._pagerduty._policy import Observation
    from qlty.classes.integrations._pagerduty._scope import Scope


class Leftovers:
    """What waits in the outbox since an earlier run.

    Sending goes on while tests run, so a page is taken back with the pass that makes it untrue,
    not at the end of the run.
    """

    def __init__(self, pages: Iterable[dict[str, Any]], scope: Scope) -> None:
        """Take the payloads that wait; a run whereabouts proves nothing of them."""
        tagged = [(tag, page["title"]) for page in pages if (tag := Tag.find(page["tag"]))]
        here = {(each.digest, each.place) for each in (scope, scope.former) if each}
        self._pages = [(tag, title) for tag, title in tagged if (tag.scope, tag.place) in here]
        self._passed: dict[str, float] = {}

    def outdated_by(self, seen: Observation, handed_over: Set[str]) -> list[tuple[str, str]]:
        """Take note of a test; return key and title of each page that is no longer true.

        ``handed_over`` are the keys of this run's own pages, which are in the place of older ones.
        """
        if not self._pages or seen.verdict != "passed":
            return []
        self._passed[short(seen.case.nodeid)] = seen.ended
        self._pages = [page for page in self._pages if page[0].key not in handed_over]
        outdated = [page for page in self._pages if self._is_outdated(page[0])]
        self._pages = [page for page in self._pages if page not in outdated]
        return [(tag.key, title) for tag, title in outdated]

    def _is_outdated(self, tag: Tag) -> bool:
        if tag.more or not tag.tests:
            return False
        return all(self._passed.get(test, 0) > when for test, when in tag.tests.items())
