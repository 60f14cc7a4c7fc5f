"""The pretended PagerDuty account: keys, users, services, and its incidents."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store

Row = dict[str, Any]
OPEN = ("triggered", "acknowledged")
_LOGGED = {"triggered": "unacknowledge", "acknowledged": "acknowledge", "resolved": "resolve"}


class Account:
    """What the account knows; the incidents live in the store."""

    def __init__(self, seed: Row, store: Store, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.abilities: list[str] = seed["abilities"]
        self.keys: dict[str, Row] = {each["key"]: each for each in seed["keys"]}
        self.users: dict[str, Row] = {each["id"]: each for each in seed["users"]}
        self.policies: dict[str, Row] = {each["id"]: each for each in seed["escalation_policies"]}
        self.priorities: dict[str, Row] = {each["id"]: each for each in seed["priorities"]}
        self.services: dict[str, Row] = {each["id"]: each for each in seed["services"]}
        self.routes: dict[str, str] = {
            key: each["id"] for each in seed["services"] for key in each["integrations"]
        }
        self.incidents = store.table("pagerduty_incidents")
        self.events = store.table("pagerduty_events")

    def now(self) -> str:
        """The time as PagerDuty writes it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))

    def find(self, name: str) -> Row | None:
        """The incident with this id or number."""
        row = self.incidents.get(name)
        if row is None and name.isascii() and name.isdigit() and len(name) < 12:
            number = int(name)
            row = next((each for each in self.incidents if each["number"] == number), None)
        return row

    def open_with_key(self, service_id: str, key: str) -> Row | None:
        """The open incident of this service with this key."""
        for row in self.incidents:
            same = (row["service_id"], row["incident_key"]) == (service_id, key)
            if same and row["status"] in OPEN:
                return row
        return None

    def create(self, fields: Row, agent: str, channel: str) -> Row:
        """A new, triggered incident with these fields."""
        incident_id = f"Q{secrets.token_hex(6).upper()}"
        newest = self.incidents.newest()
        row: Row = {
            "id": incident_id,
            "number": newest["number"] + 1 if newest else 1,
            "status": "triggered",
            "created_at": self.now(),
            "notes": [],
            "log": [],
            "alerts": [],
            "assignee_ids": [],
            "resolved_at": None,
            **fields,
        }
        row["incident_key"] = row.get("incident_key") or secrets.token_hex(16)
        self.log(row, "trigger", agent, channel, row["title"])
        return row

    def log(self, row: Row, kind: str, agent: str, channel: str, text: str = "") -> None:
        """Write what happened into the incident's history and keep the incident."""
        entry = {"id": f"R{secrets.token_hex(6).upper()}", "type": kind, "created_at": self.now()}
        row["log"].append({**entry, "agent": agent, "channel": channel, "text": text})
        # An incident that is triggered again for days must not grow without end.
        del row["log"][:-1000]
        row["last_status_change_at"] = entry["created_at"]
        self.incidents.put(row["id"], row)

    def set_status(self, row: Row, status: str, agent: str, channel: str, text: str = "") -> None:
        """Acknowledge, resolve or reopen; nothing happens where the status stays."""
        if row["status"] == status:
            return
        reopened = row["status"] == "resolved"
        row["status"] = status
        row["resolved_at"] = self.now() if status == "resolved" else None
        kind = "reopen" if reopened else _LOGGED[status]
        self.log(row, kind, agent, channel, text)
