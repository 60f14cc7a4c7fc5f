"""How PagerDuty would answer in a dry run: nothing is open, and nothing is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlty.classes.integrations._rehearsal import Request

_ID = "Q0000000000000"
_IDS = re.compile("/(services|incidents|escalation_policies|users)/(?!me$)[^/]+")
#: what a proxy's address may have in front of the API's own paths
_BASE = re.compile(
    "^.*?(?=/(abilities|users|services|incidents|priorities|escalation_policies|v2)(/|$))"
)


def rehearsed(request: Request) -> Any:
    """Return the answer; ``None`` for a call that the integration never makes."""
    path = _BASE.sub("", _IDS.sub(r"/\1/ID", request.path))
    fields = request.fields()
    title = (fields.get("incident") or {}).get("title", "")
    incident = {
        "id": _ID,
        "title": title,
        "summary": title,
        "status": "triggered",
        "incident_number": 1,
        "html_url": f"https://account.pagerduty.com/incidents/{_ID}",
    }
    refused = (400, {"error": {"message": "Invalid Input Provided", "code": 2001}})
    answers: dict[str, Any] = {
        "GET /abilities": {"abilities": []},
        "GET /users/me": {"user": {"id": _ID}},
        "GET /services/ID": {"service": {"id": _ID, "status": "active"}},
        "GET /services": {"services": [], "more": False},
        # what the account has is not known: as to a key that may not ask
        "GET /users": (403, {"error": {"message": "Access Denied", "code": 2010}}),
        "GET /priorities": (403, {"error": {"message": "Access Denied", "code": 2010}}),
        "GET /escalation_policies/ID": {"escalation_policy": {"id": _ID}},
        "GET /users/ID": {"user": {"id": _ID}},
        "GET /incidents": {"incidents": [], "more": False},
        "POST /incidents": (201, {"incident": incident}) if title else refused,
        "PUT /incidents": {"incidents": []},
        "POST /incidents/ID/notes": (201, {"note": {"id": _ID}}),
        "POST /v2/enqueue": (202, {"status": "success", "dedup_key": fields.get("dedup_key")}),
        "POST /v2/change/enqueue": (202, {"status": "success"}),
    }
    return answers.get(f"{request.method} {path}")
