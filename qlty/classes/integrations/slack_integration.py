"""Slack: a message for each run, its failures in the thread."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qlty import config
from qlty.classes.integrations._configured import ConfiguredIntegration
from qlty.classes.integrations._slack import files, message, report
from qlty.classes.integrations._slack.live import Live
from qlty.classes.integrations._slack.settings import SlackSettings
from qlty.errors import AnswerLost, RetryLater

if TYPE_CHECKING:
    from qlty.classes.integrations._slack.client import Bot
    from qlty.classes.integrations._slack.report import Outcome, Report
    from qlty.classes.integrations.base_integration import Context
    from qlty.delivery import Job, Sent
    from qlty.results import TestCase, TestResult, TestResults


class SlackIntegration(ConfiguredIntegration[SlackSettings]):
    """Posts with a bot's token, or through an incoming webhook."""

    name = "slack"
    settings_class = SlackSettings

    def __init__(self) -> None:
        self._live = Live()
        self._places: dict[str, str] = {}
        self._workspace = ""

    def on_run_start(self) -> None:
        """Check the token and the channels; a webhook cannot be checked without posting."""
        from qlty.classes.integrations._slack.preflight import check

        if self.settings.auth_token is None or self.settings.when == "never":
            return
        try:
            self._workspace = check(self._bot(), self._channels(), self.note)
        except (RetryLater, AnswerLost) as error:
            if self.required:
                raise
            # results are kept until Slack can be reached again, so nothing is lost by going on
            self.note(f"not checked before the run: {error.reason}")

    def on_test_end(self, test_case: TestCase, result: TestResult) -> None:
        """Remember where a failed test stands; in live mode, update the message."""
        if result["status"] == "failed" and test_case.path and test_case.line:
            self._places[result["nodeid"]] = f"{test_case.path}:{test_case.line}"
        self._live.add(result)
        if self._is_live() and self._live.is_due():
            self._deliver_progress()

    def on_run_end(
        self,
        test_results: TestResults,
        test_run_id: str,
        elapsed_time: float,
        log_path: str | None = None,
        context: Context | None = None,
    ) -> None:
        """Hand over the message of the run, if one is wanted."""
        del log_path
        facts = self._facts(test_results, elapsed_time, context or {})
        if reason := self._held_back(facts.outcome):
            self.note(reason)
            return
        if self.settings.auth_token is None:
            self._deliver_webhook(test_run_id, facts)
        else:
            self._deliver_thread(test_run_id, facts, test_results)

    def target(self) -> str:
        """Name the workspace's address and the channels, or the webhook without its secret."""
        settings = self.settings
        if settings.auth_token is not None:
            return " ".join([settings.api_url, *self._channels()])
        hooks = [settings.webhook_url, settings.success_webhook_url, settings.failure_webhook_url]
        return " ".join(_without_secret(hook.reveal()) for hook in hooks if hook)

    def send(self, job: Job) -> Sent | None:
        """Post what is not posted yet."""
        if job.kind == "webhook":
            from qlty.classes.integrations._slack import webhook

            return webhook.post(job, self._webhook(job.payload["outcome"]))
        from qlty.classes.integrations._slack.posting import Posting

        return Posting(job, self._bot()).perform()

    def find(self, job: Job) -> Sent | None:
        """Look for the job's messages by their metadata."""
        if job.kind == "webhook":
            from qlty.classes.integrations._slack import webhook

            webhook.find(job)
            return None
        from qlty.classes.integrations._slack.posting import Posting

        return Posting(job, self._bot()).find()

    # -- whether

    def _held_back(self, outcome: Outcome) -> str:
        """Say why this run is not posted; ``""`` if it is."""
        when = self.settings.when
        if outcome == "failure" and not config.REPORT_ON_FAIL:
            return "not posted: the run failed, and REPORT_ON_FAIL is off"
        if when == "never" or (when in {"success", "failure"} and when != outcome):
            return f"not posted: the run was a {outcome}, and WHEN is {when}"
        return ""

    def _is_live(self) -> bool:
        """A message that may turn out to be unwanted is not begun."""
        if not self.settings.live or not config.REPORT_ON_FAIL:
            return False
        when = self.settings.when
        return when == "always" or (when == "failure" and self._live.failed > 0)

    # -- what

    def _facts(self, results: TestResults, elapsed: float, context: Context) -> Report:
        extras = report.Extras(
            places=self._places,
            context=context,
            source=self.settings.source_url,
            mentions=self.settings.mention,
        )
        return report.build(results, context.get("run") or self.run, elapsed, extras)

    def _deliver_progress(self) -> None:
        channel = self.settings.channel_id or ""
        payload = {"parent": message.progress(self._live.report(self.run)), "channel": channel}
        key = _key(self.run["id"], channel)
        self.deliver(payload, key=key, kind="live", supersedes=True, urgent=True)

    def _deliver_thread(self, run_id: str, facts: Report, results: TestResults) -> None:
        live, channel = self.settings.live, self.settings.channel(facts.outcome)
        chosen, problem = files.choose(
            self.settings.files, results, attachments=self.settings.attachments
        )
        if problem:
            self.note(problem)
        payload = {
            "channel": channel,
            "parent": message.parent(facts, notify=not live or channel != self.settings.channel_id),
            "replies": message.replies(facts, notify=live and channel == self.settings.channel_id),
            "files": chosen,
            "workspace": self._workspace,
        }
        self.deliver(payload, key=_key(run_id, channel), kind="run", supersedes=True)
        if live and channel != self.settings.channel_id:
            self._end_live(run_id, facts)

    def _end_live(self, run_id: str, facts: Report) -> None:
        """Bring the live message to its end where the run is posted to another channel."""
        channel = self.settings.channel_id or ""
        payload = {"channel": channel, "parent": message.parent(facts, notify=False)}
        self.deliver(payload, key=_key(run_id, channel), kind="run", supersedes=True)

    def _deliver_webhook(self, run_id: str, facts: Report) -> None:
        payload = {"outcome": facts.outcome, "parent": message.single(facts)}
        self.deliver(payload, key=_key(run_id, "webhook"), kind="webhook", supersedes=True)

    # -- where

    def _channels(self) -> list[str]:
        found = (self.settings.channel(outcome) for outcome in ("success", "failure"))
        return list(dict.fromkeys([self.settings.channel_id or "", *found]))

    def _webhook(self, outcome: str) -> str:
        hook = self.settings.webhook(outcome)
        assert hook is not None
        return hook.reveal()

    def _bot(self) -> Bot:
        from qlty.classes.integrations._slack.client import Bot

        assert self.settings.auth_token is not None
        return Bot(self.settings.auth_token.reveal(), self.settings.api_url)


def _key(run_id: str, channel: str) -> str:
    """A run's message has the same key while the run goes on and at its end."""
    return f"{run_id} {channel}"


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/ {hashlib.sha256(url.encode()).hexdigest()[:12]}"
