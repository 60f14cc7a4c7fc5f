"""One job at Slack, in steps that are never done twice.

A job is a message, the replies in its thread, and files. Before each step the job's checkpoint
says what is about to be posted, after it what Slack answered. An attempt that finds a step begun
and not answered asks Slack for it first: every message carries the job's key in its metadata
(https://docs.slack.dev/messaging/message-metadata). Where the app may not read the channel's
history Slack cannot be asked; see :class:`Steps`.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._slack import files, limits
from qlty.classes.integrations._slack.client import SlackRefused
from qlty.classes.integrations._slack.message import text_only
from qlty.classes.integrations._slack.steps import Steps
from qlty.classes.integrations._slack.trial import permalink
from qlty.classes.integrations._slack.words import BAD_BLOCKS, NOT_EDITABLE
from qlty.delivery import Sent, mask
from qlty.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qlty.classes.integrations._slack.client import Bot
    from qlty.delivery import Job

EVENT = "qlty_run"
#: Seconds that this machine's clock may differ from Slack's.
_CLOCK = 3600
_NEW_THREAD = {"replies": 0, "files": False, "pending": None}


class Posting:
    """Performs a job whose payload holds ``channel``, ``parent``, ``replies`` and ``files``."""

    def __init__(self, job: Job, bot: Bot) -> None:
        self.job = job
        self.bot = bot
        self.payload = job.payload
        self.done = job.checkpoint
        self.steps = Steps(job)

    def perform(self) -> Sent:
        """Do what is not done yet; raises as :class:`Bot` does."""
        self._settle()
        self._parent()
        for number in range(self.done["replies"], len(self._replies)):
            self._reply(number, self._replies[number])
        if self._wants_files:
            self._files()
        return self._sent()

    def find(self) -> Sent | None:
        """Ask Slack for the step whose answer was lost.

        Returns:
            what is there where the whole job is done, else ``None``.

        Raises:
            Refused: it was tried twice, and Slack cannot be asked.
        """
        self._settle()
        complete = (
            self.done.get("shown") == _digest(self.payload["parent"])
            and self.done["replies"] >= len(self._replies)
            and not self._wants_files
        )
        return self._sent() if complete else None

    @property
    def _replies(self) -> list[dict[str, Any]]:
        return self.payload.get("replies") or []

    @property
    def _wants_files(self) -> bool:
        return bool(self.payload.get("files")) and not self.done.get("files")

    # -- a step whose answer was lost

    def _settle(self) -> None:
        pending = self.steps.open
        if not pending:
            return
        try:
            found = self._find(pending)
        except Refused as error:
            self.steps.cannot_ask(f"Slack cannot be asked what it took ({error.reason})")
        else:
            self._finish(pending["part"], found) if found else self.steps.not_done()

    def _find(self, pending: dict[str, Any]) -> dict[str, Any] | None:
        if pending["part"] == "files":
            wanted = set(pending["names"])
            return self._first(lambda each: wanted <= {one.get("name") for one in _files_of(each)})
        said = self._metadata(pending["part"], pending["state"])["metadata"]["event_payload"]
        return self._first(lambda each: _said(each) == said, pending["since"])

    def _first(
        self, fits: Callable[[dict[str, Any]], bool], since: float = 0
    ) -> dict[str, Any] | None:
        return next((message for message in self._messages(since) if fits(message)), None)

    def _messages(self, since: float) -> Iterator[dict[str, Any]]:
        """Yield the thread where there is one, else what the channel got since then."""
        where: dict[str, Any] = {"channel": self.done.get("channel") or self.payload["channel"]}
        method = "conversations.history"
        if self.done.get("ts"):
            where["ts"], method = self.done["ts"], "conversations.replies"
        else:
            where["oldest"] = f"{max(since - _CLOCK, 0):.6f}"
        cursor: str | None = None
        for _ in range(limits.PAGES):
            more = {"cursor": cursor} if cursor else {}
            page = self.bot.ask(
                method, **where, **more, limit=limits.PAGE, include_all_metadata=True
            )
            yield from page.get("messages", ())
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    # -- the steps

    def _parent(self) -> None:
        message = self.payload["parent"]
        state = _digest(message)
        if self.done.get("shown") == state:
            return
        if self.done.get("ts") and self._update(message, state):
            return
        answer = self._post("parent", message, state=state)
        self._finish("parent", {**answer, "metadata": {"event_payload": {"state": state}}})

    def _update(self, message: dict[str, Any], state: str) -> bool:
        """Change the message that stands there; ``False`` where Slack cannot."""
        where = {"channel": self.done["channel"], "ts": self.done["ts"]}
        try:
            self._call("chat.update", {**where, **message, **self._metadata("parent", state)})
        except SlackRefused as error:
            if error.error not in NOT_EDITABLE:
                raise
            self.steps.note(f"posted anew, since the message could not be changed ({error.error})")
            self.job.save(ts=None)
            return False
        self.job.save(shown=state)
        return True

    def _reply(self, number: int, reply: dict[str, Any]) -> None:
        if number >= limits.BURST - 1:
            time.sleep(limits.PAUSE)
        try:
            answer = self._post(f"reply {number}", reply, thread_ts=self.done["ts"])
        except SlackRefused as error:
            if error.error != "cannot_reply_to_message":
                raise
            self.steps.note("the thread is gone: the message was deleted")
            answer = {}
        self._finish(f"reply {number}", answer)

    def _files(self) -> None:
        uploads, problems = files.read(self.payload["files"], mask)
        for problem in problems:
            self.steps.note(problem)
        if uploads:
            try:
                with self.steps.begun("files", names=[each["filename"] for each in uploads]):
                    self.bot.upload(self.done["channel"], self.done["ts"], uploads)
            except SlackRefused as error:
                self.steps.note(f"files were not uploaded: {error.reason}")
        self._finish("files", {})

    def _post(
        self, part: str, message: dict[str, Any], *, state: str = "", **more: Any
    ) -> dict[str, Any]:
        body = {
            "channel": self.done.get("channel") or self.payload["channel"],
            **message,
            **more,
            **self._metadata(part, state),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        with self.steps.begun(part, state=state):
            return self._call("chat.postMessage", body)

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call Slack; where it refuses the blocks, once more with the text alone."""
        try:
            return self.bot.call(method, body)
        except SlackRefused as error:
            if error.error not in BAD_BLOCKS or "blocks" not in body:
                raise
            self.steps.note(f"posted as plain text: Slack refused its form ({error.reason})")
            return self.bot.call(method, {**body, "blocks": [], **text_only(body)})

    # -- the checkpoint

    def _finish(self, part: str, answer: dict[str, Any]) -> None:
        if part == "parent":
            channel = answer.get("channel") or self.payload["channel"]
            shown = _said(answer).get("state", "")
            self.job.save(ts=answer["ts"], channel=channel, shown=shown, **_NEW_THREAD)
        elif part == "files":
            self.job.save(files=True, pending=None)
        else:
            self.job.save(replies=int(part.rpartition(" ")[2]) + 1, pending=None)

    def _metadata(self, part: str, state: str) -> dict[str, Any]:
        said = {"key": self.job.key, "part": part, "state": state}
        return {"metadata": {"event_type": EVENT, "event_payload": said}}

    def _sent(self) -> Sent:
        channel, ts = self.done["channel"], self.done["ts"]
        if self.job.kind == "live":
            return Sent(counts=False)  # one of many states of a message: the last one counts
        thread = f" with {len(self._replies)} in its thread" if self._replies else ""
        link = permalink(self.payload.get("workspace") or "", channel, ts)
        return Sent(f"message in {channel}{thread}", (link,) if link else (), self.steps.notes)


def _digest(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:16]


def _said(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a message of ours carries beside its text."""
    return (message.get("metadata") or {}).get("event_payload") or {}


def _files_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    return message.get("files") or []
