"""The record of every call: what came, what went back, and why it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.sandbox._hiding import Hider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qlty.sandbox._store import Row, Store
    from qlty.sandbox._wire import Answer, Call

_LOST = {
    "drop": "done, and the answer was cut off",
    "reset": "cut off before anything was done",
    "hang": "nothing was done, and no answer sent",
}
MAX_SHOWN = 64 * 1024


class Recorder:
    """Writes calls into the store; hides credentials that are not the sandbox's dummies."""

    def __init__(self, store: Store, dummies: Iterable[str]) -> None:
        self.table = store.table("calls")
        self._hider = Hider(dummies)

    def keep(self, call: Call, name: str, answer: Answer | None, chaos: str, seconds: float) -> Row:
        """Store one call; `answer` is None where the connection was cut or left hanging."""
        number = self.table.next_id()
        row: Row = {
            "id": number,
            "at": call.time,
            "service": call.service,
            "call": name,
            "method": call.method,
            "path": self._hider.text(call.path + (f"?{call.query}" if call.query else "")),
            "headers": self._headers(call),
            "body": self._text(call.body, call.content_type),
            "body_bytes": len(call.body),
            "chaos": chaos,
            "ms": round(seconds * 1000, 2),
            **self._answered(answer, chaos),
        }
        self.table.put(number, row)
        return row

    def _answered(self, answer: Answer | None, chaos: str) -> Row:
        if answer is None:
            lost: Row = {"status": None, "answer": "", "answer_headers": {}, "ok": False}
            return {**lost, "reason": _LOST.get(chaos.partition(",")[0], "no answer")}
        kind = answer.headers.get("content-type", "").partition(";")[0]
        good = answer.status < 400 and not answer.reason
        return {
            "status": answer.status,
            "answer": self._text(answer.body, kind),
            "answer_headers": answer.headers,
            "reason": answer.reason or ("" if good else f"HTTP {answer.status}"),
            "ok": good,
        }

    def _headers(self, call: Call) -> dict[str, str]:
        return {name: self._hider.header(name, value) for name, value in call.headers.items()}

    def _text(self, data: bytes, kind: str) -> str:
        if kind.startswith(("image/", "audio/", "video/")) or b"\0" in data[:1024]:
            return f"({len(data)} bytes of {kind or 'binary data'})"
        text = data[:MAX_SHOWN].decode("utf-8", "replace")
        cut = f"\n(cut: {len(data)} bytes in all)" if len(data) > MAX_SHOWN else ""
        return self._hider.text(text) + cut


def shown(row: Row, *, whole: bool) -> dict[str, Any]:
    """A call for a list, or with its bodies and headers."""
    heavy = ("headers", "body", "answer", "answer_headers")
    return {name: value for name, value in row.items() if whole or name not in heavy}
