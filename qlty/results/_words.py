"""Counting in words."""

from __future__ import annotations

#: in the words of every ``ONLY_ON`` that holds an integration back
ONLY_ON = "_ONLY_ON is "


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in singular or plural.

    >>> counted(1, "delivery"), counted(0, "delivery"), counted(2, "result")
    ('1 delivery', '0 deliveries', '2 results')
    """
    if number == 1:
        return f"1 {noun}"
    ends_in_y = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{number} {noun[:-1]}ies" if ends_in_y else f"{number} {noun}s"
