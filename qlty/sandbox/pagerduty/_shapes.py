"""How PagerDuty shows its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlty.sandbox.pagerduty._account import Account

Row = dict[str, Any]


class Shapes:
    """Rows in, the API's JSON out; `root` begins every link."""

    def __init__(self, account: Account, root: str) -> None:
        self.account, self.root = account, root

    def reference(self, kind: str, plural: str, row: Row) -> Row:
        """A reference to an object, as they stand inside other objects."""
        name = row.get("name") or row.get("title") or row["id"]
        link = f"{self.root}/pagerduty/{plural}/{row['id']}"
        shown = {"id": row["id"], "type": f"{kind}_reference", "summary": name, "self": link}
        return {**shown, "html_url": f"{self.root}/inbox/pagerduty"}

    def user(self, row: Row) -> Row:
        """A user."""
        shown = {**self.reference("user", "users", row), "type": "user"}
        return {**shown, **{name: row[name] for name in ("name", "email", "role")}}

    def policy(self, row: Row) -> Row:
        """An escalation policy."""
        shown = self.reference("escalation_policy", "escalation_policies", row)
        targets = [self._user_reference(each) for each in row["targets"]]
        rules = [{"id": f"{row['id']}1", "escalation_delay_in_minutes": 30, "targets": targets}]
        name = row["name"]
        return {**shown, "type": "escalation_policy", "name": name, "escalation_rules": rules}

    def priority(self, row: Row) -> Row:
        """A priority."""
        shown = {**self.reference("priority", "priorities", row), "type": "priority"}
        return {**shown, **{name: row[name] for name in ("name", "description", "color")}}

    def service(self, row: Row) -> Row:
        """A service."""
        shown = {**self.reference("service", "services", row), "type": "service"}
        policy = self.account.policies[row["policy"]]
        rule = {"type": "constant", "urgency": row["urgency"]}
        return {
            **shown,
            "name": row["name"],
            "description": None,
            "status": self.service_status(row),
            "incident_urgency_rule": rule,
            "alert_creation": "create_alerts_and_incidents",
            "escalation_policy": self._policy_reference(policy),
            "teams": [],
        }

    def service_status(self, row: Row) -> str:
        """active, warning, critical, maintenance or disabled."""
        if row.get("status", "active") != "active":
            return str(row["status"])
        states = {
            each["status"] for each in self.account.incidents if each["service_id"] == row["id"]
        }
        return (
            "critical"
            if "triggered" in states
            else "warning"
            if "acknowledged" in states
            else "active"
        )

    def incident(self, row: Row) -> Row:
        """An incident."""
        service = self.account.services[row["service_id"]]
        link = f"{self.root}/pagerduty/incidents/{row['id']}"
        shown = {
            "id": row["id"],
            "type": "incident",
            "summary": f"[#{row['number']}] {row['title']}",
            "self": link,
            "html_url": f"{self.root}/inbox/pagerduty/{row['id']}",
            "incident_number": row["number"],
            "title": row["title"],
            "description": row["title"],
        }
        names = ("status", "incident_key", "urgency", "created_at", "resolved_at")
        shown.update({name: row[name] for name in names})
        shown["last_status_change_at"] = shown["updated_at"] = row["last_status_change_at"]
        shown["service"] = self.reference("service", "services", service)
        return {**shown, **self._people(row), **self._extras(row)}

    def _people(self, row: Row) -> Row:
        policy = self.account.policies[row["policy_id"]]
        assigned = [
            {"at": row["created_at"], "assignee": self._user_reference(each)}
            for each in row["assignee_ids"] or policy["targets"][:1]
        ]
        return {
            "assigned_via": "direct_assignment" if row["assignee_ids"] else "escalation_policy",
            "assignments": [] if row["status"] == "resolved" else assigned,
            "acknowledgements": [],
            "escalation_policy": self._policy_reference(policy),
            "teams": [],
        }

    def _extras(self, row: Row) -> Row:
        priority = self.account.priorities.get(row.get("priority_id") or "")
        name = row.get("incident_type") or "incident_default"
        open_alerts = sum(1 for each in row["alerts"] if each["status"] != "resolved")
        total = len(row["alerts"])
        shown: Row = {
            "priority": self.priority(priority) if priority else None,
            "incident_type": {"name": name},
            "alert_counts": {
                "all": total,
                "triggered": open_alerts,
                "resolved": total - open_alerts,
            },
            "is_mergeable": True,
            "pending_actions": [],
        }
        if row.get("details"):
            shown["body"] = {"type": "incident_body", "details": row["details"]}
        if row.get("conference_bridge"):
            shown["conference_bridge"] = row["conference_bridge"]
        return shown

    def note(self, note: Row) -> Row:
        """A note on an incident."""
        shown = {name: note[name] for name in ("id", "content", "created_at")}
        channel = {"summary": "The PagerDuty website or APIs"}
        return {**shown, "user": self._user_reference(note["user_id"]), "channel": channel}

    def entry(self, entry: Row) -> Row:
        """One line of an incident's history."""
        shown = {"id": entry["id"], "type": f"{entry['type']}_log_entry"}
        shown.update(summary=entry["text"] or entry["type"], created_at=entry["created_at"])
        return {**shown, "channel": {"type": entry["channel"], "summary": entry["text"]}}

    def alert(self, row: Row, alert: Row) -> Row:
        """An alert of an incident that an event opened."""
        names = ("id", "alert_key", "status", "severity", "created_at", "summary")
        shown = {name: alert[name] for name in names}
        service = self.account.services[row["service_id"]]
        body = {"type": "alert_body", "cef_details": alert["payload"]}
        incident = self.reference("incident", "incidents", row)
        service_reference = self.reference("service", "services", service)
        return {
            **shown,
            "type": "alert",
            "body": body,
            "incident": incident,
            "service": service_reference,
        }

    def _user_reference(self, user_id: str) -> Row:
        return self.reference("user", "users", self.account.users[user_id])

    def _policy_reference(self, row: Row) -> Row:
        return self.reference("escalation_policy", "escalation_policies", row)
