"""The PagerDuty service: from a request to PagerDuty's answer."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, json_answer
from qlty.sandbox.pagerduty import _events, _incidents, _listing
from qlty.sandbox.pagerduty._account import Account
from qlty.sandbox.pagerduty._errors import PagerDutyError, denied, invalid, not_found, refusal
from qlty.sandbox.pagerduty._shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store
    from qlty.sandbox._wire import Call

Row = dict[str, Any]
PER_MINUTE = 960
_ID = r"([A-Za-z0-9]{1,40})"
_SCOPED = ("incidents", "services", "users", "abilities", "priorities", "escalation_policies")


class PagerDuty:
    """The service: from a request below `/pagerduty` to PagerDuty's answer.

    Requests below `/v2/` are those of the Events API; the sandbox serves them under an
    address of their own, as the vendor does.
    """

    def __init__(self, seed: Row, store: Store, clock: Callable[[], float]) -> None:
        self.account = Account(seed, store, clock)
        self._recent: dict[str, deque[float]] = {}

    def name_of(self, call: Call) -> str:
        """The method and the path with `{id}` for ids, such as `POST /incidents`."""
        parts = call.path.strip("/").split("/")
        if parts[0] == "v2":
            return f"{call.method} /{'/'.join(parts)}"
        shown = [each if n % 2 == 0 or each == "me" else "{id}" for n, each in enumerate(parts)]
        return f"{call.method} /{'/'.join(shown)}"[:120]

    def answer(self, call: Call) -> Answer:
        """Answer as PagerDuty does, with its rate limit headers on the REST API."""
        try:
            if call.path.startswith("/v2/"):
                return json_answer(202, self._event(call))
            status, data = self._rest(call)
        except PagerDutyError as error:
            headers = {} if call.path.startswith("/v2/") else self._limits(call)
            return json_answer(error.status, error.body, reason=error.reason, headers=headers)
        if status == 204:
            return Answer(204, b"", self._limits(call))
        return json_answer(status, data, headers=self._limits(call))

    def failure(self, call: Call, status: int, retry_after: float | None) -> Answer:
        """A trouble of PagerDuty's own, in its words; it documents no Retry-After."""
        if call.path.startswith("/v2/"):
            return _event_failure(status, retry_after)
        text = "Rate Limit Exceeded" if status == 429 else "Internal Error"
        error = refusal(status, text, 2020 if status == 429 else 2000)
        wait = 60 if retry_after is None else max(1, round(retry_after))
        headers = {"ratelimit-limit": str(PER_MINUTE), "ratelimit-remaining": "0"}
        headers["ratelimit-reset"] = str(wait)
        if retry_after is not None:
            headers["retry-after"] = f"{retry_after:g}"
        limited = headers if status == 429 else {}
        return json_answer(status, error.body, reason=error.reason, headers=limited)

    def _limits(self, call: Call) -> dict[str, str]:
        recent = self._recent.setdefault(call.headers.get("authorization", "")[:200], deque())
        recent.append(call.time)
        while recent[0] <= call.time - 60:
            recent.popleft()
        if len(self._recent) > 1000:
            self._recent.clear()
        left = max(0, PER_MINUTE - len(recent))
        reset = max(1, round(60 - (call.time - recent[0])))
        return {
            "ratelimit-limit": str(PER_MINUTE),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(reset),
        }

    def _event(self, call: Call) -> Row:
        handler = _EVENTS.get(call.path)
        if handler is None or call.method != "POST":
            raise not_found(f"{call.method} {call.path[:80]}")
        return handler(self.account, call)

    def _rest(self, call: Call) -> tuple[int, Any]:
        key = self._authenticate(call)
        handler, ids = _route(call)
        self._require_scope(call, key)
        return handler(_Rest(self.account, call, key), *ids)

    def _authenticate(self, call: Call) -> Row:
        header = call.headers.get("authorization", "")
        found = re.fullmatch(r"Token token=\"?([^\s\"]+)\"?|Bearer ([^\s]+)", header)
        key = self.account.keys.get((found[1] or found[2]) if found else "")
        if key is None or found is None or (key["kind"] == "oauth") != bool(found[2]):
            raise refusal(401, "Unauthorized", 2006)
        return key

    def _require_scope(self, call: Call, key: Row) -> None:
        writes = call.method != "GET"
        if writes and key["kind"] == "read-only":
            raise denied("the key is read-only")
        if key["kind"] != "oauth":
            return
        room = call.path.strip("/").partition("/")[0]
        needed = f"{room}.{'write' if writes else 'read'}"
        if room in _SCOPED and needed not in key["scopes"]:
            raise denied(f"the token lacks the scope {needed}")


class _Rest:
    """One authenticated REST call."""

    def __init__(self, account: Account, call: Call, key: Row) -> None:
        self.account, self.call, self.key = account, call, key
        self.shapes = Shapes(account, call.root)

    def body(self) -> Any:
        if self.call.content_type != "application/json":
            raise invalid("params must be a Hash")
        try:
            return self.call.json()
        except ValueError as error:
            raise invalid("params must be a Hash") from error

    def user(self) -> Row:
        """Who acts: the key's own user, or the one named by From."""
        own = self.account.users.get(self.key.get("user", ""))
        email = self.call.headers.get("from", "").strip()
        if own is not None and not email:
            return own
        if not email:
            raise refusal(400, _NO_FROM, 2016)
        for user in self.account.users.values():
            if user["email"].lower() == email.lower():
                return user
        raise refusal(400, "Requester User Not Found", 1008)

    def incident(self, name: str) -> Row:
        row = self.account.find(name)
        if row is None:
            raise not_found(f"no incident {name!r}")
        return row

    def page(self, key: str, rows: list[Row], show: Callable[[Row], Row]) -> tuple[int, Row]:
        return 200, _listing.page(self.call.params(), key, rows, show)

    def create_incident(self) -> tuple[int, Row]:
        given, user = _incidents.wrapped(self.body(), "incident"), self.user()
        row = _incidents.create(self.account, given, user, own_key="user" in self.key)
        return 201, {"incident": self.shapes.incident(row)}

    def list_incidents(self) -> tuple[int, Row]:
        rows = _listing.incidents(self.account, self.call.params())
        return self.page("incidents", rows, self.shapes.incident)

    def get_incident(self, name: str) -> tuple[int, Row]:
        return 200, {"incident": self.shapes.incident(self.incident(name))}

    def update_incidents(self) -> tuple[int, Row]:
        rows = _incidents.update_many(self.account, self.body(), self.user())
        return 200, {"incidents": [self.shapes.incident(row) for row in rows]}

    def update_incident(self, name: str) -> tuple[int, Row]:
        given, user, row = (
            _incidents.wrapped(self.body(), "incident"),
            self.user(),
            self.incident(name),
        )
        return 200, {
            "incident": self.shapes.incident(_incidents.update(self.account, row, given, user))
        }

    def list_notes(self, name: str) -> tuple[int, Row]:
        return 200, {"notes": [self.shapes.note(each) for each in self.incident(name)["notes"]]}

    def add_note(self, name: str) -> tuple[int, Row]:
        given, user = _incidents.wrapped(self.body(), "note"), self.user()
        note = _incidents.add_note(self.account, self.incident(name), given, user)
        return 200, {"note": self.shapes.note(note)}

    def change_note(self, name: str, note_id: str) -> tuple[int, Row]:
        given, row = _incidents.wrapped(self.body(), "note"), self.incident(name)
        return 200, {
            "note": self.shapes.note(_incidents.change_note(self.account, row, note_id, given))
        }

    def delete_note(self, name: str, note_id: str) -> tuple[int, Row]:
        _incidents.change_note(self.account, self.incident(name), note_id, None)
        return 204, {}

    def list_log(self, name: str) -> tuple[int, Row]:
        rows = list(reversed(self.incident(name)["log"]))
        return self.page("log_entries", rows, self.shapes.entry)

    def list_alerts(self, name: str) -> tuple[int, Row]:
        row = self.incident(name)
        return self.page("alerts", row["alerts"], lambda alert: self.shapes.alert(row, alert))

    def list_services(self) -> tuple[int, Row]:
        return self.page("services", list(self.account.services.values()), self.shapes.service)

    def get_service(self, name: str) -> tuple[int, Row]:
        return 200, {"service": self.shapes.service(_one(self.account.services, name))}

    def list_policies(self) -> tuple[int, Row]:
        rows = list(self.account.policies.values())
        return self.page("escalation_policies", rows, self.shapes.policy)

    def get_policy(self, name: str) -> tuple[int, Row]:
        return 200, {"escalation_policy": self.shapes.policy(_one(self.account.policies, name))}

    def list_priorities(self) -> tuple[int, Row]:
        return self.page("priorities", list(self.account.priorities.values()), self.shapes.priority)

    def list_users(self) -> tuple[int, Row]:
        wanted = dict(self.call.params()).get("query", "").lower()
        users = [each for each in self.account.users.values() if wanted in each["email"].lower()]
        return self.page("users", users, self.shapes.user)

    def get_user(self, name: str) -> tuple[int, Row]:
        if name != "me":
            return 200, {"user": self.shapes.user(_one(self.account.users, name))}
        if "user" not in self.key:
            raise PagerDutyError(400, {"error": _ACCOUNT_LEVEL}, _ACCOUNT_LEVEL)
        return 200, {"user": self.shapes.user(self.account.users[self.key["user"]])}

    def list_abilities(self) -> tuple[int, Row]:
        return 200, {"abilities": self.account.abilities}

    def get_ability(self, name: str) -> tuple[int, Row]:
        if name not in self.account.abilities:
            raise refusal(402, "Account does not have the required ability", 2014)
        return 204, {}


def _event_failure(status: int, retry_after: float | None) -> Answer:
    word, text = "internal error", "An internal error occurred. Please retry later."
    if status == 429:
        word = "throttle exceeded"
        text = "Requests for this service are arriving too quickly.  Please retry later."
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return json_answer(status, {"status": word, "message": text}, reason=word, headers=headers)


_NO_FROM = 'You must specify a user\'s email address in the "From" header to perform this action'
_ACCOUNT_LEVEL = (
    "Because this request was made using an account-level access token, we were unable to "
    "determine the user's identity. Please use a user-level token."
)
_EVENTS = {"/v2/enqueue": _events.enqueue, "/v2/change/enqueue": _events.enqueue_change}
_ROUTES: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
    ("POST", "/incidents", _Rest.create_incident),
    ("GET", "/incidents", _Rest.list_incidents),
    ("PUT", "/incidents", _Rest.update_incidents),
    ("GET", f"/incidents/{_ID}", _Rest.get_incident),
    ("PUT", f"/incidents/{_ID}", _Rest.update_incident),
    ("GET", f"/incidents/{_ID}/notes", _Rest.list_notes),
    ("POST", f"/incidents/{_ID}/notes", _Rest.add_note),
    ("PUT", f"/incidents/{_ID}/notes/{_ID}", _Rest.change_note),
    ("DELETE", f"/incidents/{_ID}/notes/{_ID}", _Rest.delete_note),
    ("GET", f"/incidents/{_ID}/log_entries", _Rest.list_log),
    ("GET", f"/incidents/{_ID}/alerts", _Rest.list_alerts),
    ("GET", "/services", _Rest.list_services),
    ("GET", f"/services/{_ID}", _Rest.get_service),
    ("GET", "/escalation_policies", _Rest.list_policies),
    ("GET", f"/escalation_policies/{_ID}", _Rest.get_policy),
    ("GET", "/priorities", _Rest.list_priorities),
    ("GET", "/users", _Rest.list_users),
    ("GET", f"/users/{_ID}", _Rest.get_user),
    ("GET", "/abilities", _Rest.list_abilities),
    ("GET", r"/abilities/([a-z_]{1,80})", _Rest.get_ability),
]


def _route(call: Call) -> tuple[Callable[..., tuple[int, Any]], tuple[str, ...]]:
    path = call.path.rstrip("/") or "/"
    for method, pattern, handler in _ROUTES:
        found = re.fullmatch(pattern, path, re.ASCII)
        if found and method == call.method:
            return handler, found.groups()
    raise not_found(f"{call.method} {call.path[:80]}")


def _one(rows: dict[str, Row], name: str) -> Row:
    if name not in rows:
        raise not_found(f"no {name!r}")
    return rows[name]
