"""How Slack would answer in a dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlty.classes.integrations._rehearsal import Request

_TS = "1700000000.000001"
_UPLOADS = "https://files.slack.com/upload/v1/"


def answer(request: Request) -> Any:
    """Accept everything; return ``None`` for a method that the integration never calls."""
    if request.url.startswith(_UPLOADS):
        return "OK"
    method = request.path.rpartition("/")[2]
    if "." not in method:
        return "ok"  # every method of the Web API has a dot in its name, and no webhook's secret
    fields = request.fields()
    channel = fields.get("channel", "")
    known: dict[str, dict[str, Any]] = {
        "auth.test": {"url": "https://workspace.slack.com/"},
        "conversations.info": {"channel": {"id": channel, "name": "channel", "is_member": True}},
        "chat.postMessage": {"channel": channel, "ts": _TS},
        "chat.update": {"channel": channel, "ts": _TS},
        "files.getUploadURLExternal": {
            "file_id": "F0000000000",
            "upload_url": request.here(f"{_UPLOADS}F0000000000"),
        },
        "files.completeUploadExternal": {"files": [{"id": "F0000000000"}]},
    }
    return {"ok": True, **known[method]} if method in known else None
