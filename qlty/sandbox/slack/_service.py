"""The Slack service: from a request to Slack's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, json_answer
from qlty.sandbox.slack import _files, _messages, _webhook
from qlty.sandbox.slack._arguments import METHODS, SlackError, read, token_in_form
from qlty.sandbox.slack._workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.sandbox._store import Store
    from qlty.sandbox._wire import Call

_API = "/api/"
_HANDLERS = {
    "auth.test": _messages.auth_test,
    "chat.postMessage": _messages.post_message,
    "chat.update": _messages.update,
    "chat.getPermalink": _messages.permalink,
    "conversations.info": _messages.info,
    "conversations.history": _messages.history,
    "conversations.replies": _messages.replies,
    "files.getUploadURLExternal": _files.get_upload_url,
    "files.completeUploadExternal": _files.complete,
}


class Slack:
    """The service: from a request below `/slack` to Slack's answer."""

    def __init__(self, seed: dict[str, Any], store: Store, clock: Callable[[], float]) -> None:
        self.space = Workspace(seed, store, clock)

    def name_of(self, call: Call) -> str:
        """The Web API method, or `webhook`, `upload`, `archives`."""
        if call.path.startswith(_API):
            return call.path.removeprefix(_API)
        if call.path.startswith(_webhook.PREFIX):
            return "webhook"
        return "upload" if call.path.startswith(_files.UPLOAD) else "unknown"

    def answer(self, call: Call) -> Answer:
        """Answer as Slack does: HTTP 200 also for refusals of the Web API."""
        kind = self.name_of(call)
        if kind == "webhook":
            return _webhook.receive(self.space, call)
        if kind == "upload":
            return _files.upload(self.space, call)
        try:
            answer = json_answer(200, {"ok": True, **self._call(kind, call)})
        except SlackError as error:
            return _refusal(error)
        # as https://docs.slack.dev/authentication/installing-with-oauth has it
        answer.headers["x-oauth-scopes"] = ",".join(self._authorise(call))
        return answer

    def failure(self, call: Call, status: int, retry_after: float | None) -> Answer:
        """A trouble of Slack's own, in its words."""
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        if self.name_of(call) == "webhook":
            return _webhook.failure(status, headers)
        word = {429: "ratelimited", 503: "service_unavailable"}.get(status, "internal_error")
        return json_answer(status, {"ok": False, "error": word}, reason=word, headers=headers)

    def _call(self, name: str, call: Call) -> dict[str, Any]:
        method = METHODS.get(name)
        if method is None or not call.path.startswith(_API):
            raise SlackError("unknown_method", extra={"req_method": name[:80]})
        if call.method not in (("GET", "POST") if method.reads else ("POST",)):
            raise SlackError("invalid_post_type", f"[ERROR] not by {call.method}")
        scopes = self._authorise(call)
        if method.scopes and not set(method.scopes) & set(scopes):
            needed = {"needed": ",".join(method.scopes), "provided": ",".join(scopes)}
            raise SlackError("missing_scope", f"[ERROR] needs {needed['needed']}", extra=needed)
        args = read(call, method)
        return _HANDLERS[name](self.space, args, scopes, call.root)

    def _authorise(self, call: Call) -> list[str]:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            token = token_in_form(call)
        if not token.strip():
            raise SlackError("not_authed")
        return self.space.scopes(token.strip())


def _refusal(error: SlackError) -> Answer:
    data: dict[str, Any] = {"ok": False, "error": error.error, **error.extra}
    if error.messages:
        data["response_metadata"] = {"messages": list(error.messages)}
    told = "; ".join(error.messages).replace("[ERROR] ", "")
    reason = f"{error.error}: {told}" if told else error.error
    return json_answer(error.status, data, reason=reason)
