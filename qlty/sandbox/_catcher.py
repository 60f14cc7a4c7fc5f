"""Takes whatever comes to `/hook/<name>`: for webhooks of systems that have no sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.sandbox._wire import json_answer

if TYPE_CHECKING:
    from qlty.sandbox._wire import Answer, Call


class Catcher:
    """The service behind `/hook`; the record of calls is all that it keeps."""

    def name_of(self, call: Call) -> str:
        """The name in the address."""
        return call.path.strip("/").partition("/")[0][:80] or "unnamed"

    def answer(self, call: Call) -> Answer:
        """Always well."""
        return json_answer(200, {"ok": True, "bytes": len(call.body)})

    def failure(self, _call: Call, status: int, retry_after: float | None) -> Answer:
        """A plain failure, for chaos."""
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        reason = f"HTTP {status}"
        return json_answer(status, {"ok": False, "error": reason}, reason=reason, headers=headers)
