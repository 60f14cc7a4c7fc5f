"""What somebody probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], *, count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the names of ``known`` that are spelled most like ``word``, best first.

    Letter case does not count. ``cutoff`` is the similarity asked for, from 0 to 1.
    """
    import difflib  # 2 ms that a run without a typo does not pay

    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    hits = difflib.get_close_matches(word.casefold(), folded, n=count, cutoff=cutoff)
    return [folded[hit] for hit in hits]
