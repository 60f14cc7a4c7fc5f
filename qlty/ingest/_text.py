"""The text of an element, of which only so much is kept."""

from __future__ import annotations

#: characters that are kept of the beginning and of the end of a text
_HEAD = 65_536
_TAIL = 131_072


class Text:
    """Takes a text in pieces."""

    __slots__ = ("_cut", "_parts", "_size")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[str] = []
        self._size = self._cut = 0

    def add(self, piece: str) -> None:
        """Take the next piece."""
        self._parts.append(piece)
        self._size += len(piece)
        if self._size > 2 * (_HEAD + _TAIL):
            whole = "".join(self._parts)
            self._cut += len(whole) - _HEAD - _TAIL
            self._parts = [whole[:_HEAD], whole[-_TAIL:]]
            self._size = _HEAD + _TAIL

    def whole(self) -> str:
        """Return the text; a mark says where it was cut."""
        if not self._cut:
            return "".join(self._parts)
        head, *tail = self._parts
        return f"{head}\n[... {self._cut} characters cut ...]\n{''.join(tail)}"
