"""Slack: a message for each run, its failures in the thread."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qlty import config
from qlty.classes.integrations._configured import ConfiguredIntegration, fingerprint
from qlty.classes.integrations._slack import files, message, report
from qlty.classes.integrations._slack.live import Live
from qlty.classes.integrations._slack.settings import SlackSettings
from qlty.classes.integrations._slack.wording import Wording
from qlty.classes.integrations._when import held_back

if TYPE_CHECKING:
    from qlty.classes.integrations._rehearsal import Request
    from qlty.classes.integrations._slack.client import Bot
    from qlty.classes.integrations._slack.report import Report
    from qlty.classes.integrations.base_integration import Context
    from qlty.delivery import Delivery, Job, Sent
    from qlty.results import TestCase, TestResult, TestResults


class SlackIntegration(ConfiguredIntegration[SlackSettings]):
    """Posts with a bot's token, or through an incoming webhook."""

    name = "slack"
    settings_class = SlackSettings

    def __init__(self) -> None:
        self._live = Live()
        self._places: dict[str, str] = {}
        self._workspace = ""
        self._run_id = ""

    def on_run_start(self) -> None:
        """Check the token and the channels; a webhook cannot be checked without posting."""
        if self.settings.auth_token is None or self.settings.when == "never":
            return
        self.preflight(self._check)

    def on_run_abort(self, integration: str, cause: str) -> None:
        """Post that no test was run, wherever a run that failed would be posted."""
        self._run_id = self.run["id"]
        # whatever the run before was: that nothing ran is a change
        when = "always" if self.settings.when == "change" else self.settings.when
        if reason := held_back(when, {}, self.run, None):
            self.note(f"not posted: {reason}")
            return
        parent = message.aborted(self._facts({}, 0.0, {}), integration, cause)
        if self.settings.auth_token is None:
            self._deliver("webhook", "webhook", {"outcome": "failure", "parent": parent})
        else:
            payload = {"parent": parent, "workspace": self._workspace}
            for channel in self.settings.channels("failure"):
                self._deliver("run", channel, payload)

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
        self._run_id = test_run_id
        if reason := self.held_back(test_results, (context or {}).get("run") or self.run):
            self.note(f"not posted: {reason}")
            return
        facts = self._facts(test_results, elapsed_time, context or {})
        if self.settings.auth_token is None:
            payload = {"outcome": facts.outcome, "parent": message.single(facts)}
            self._deliver("webhook", "webhook", payload)
        else:
            self._deliver_thread(facts, test_results, context or {})

    def target(self) -> str:
        """Name the workspace's address and the channels, or the webhook without its secret."""
        settings = self.settings
        if settings.auth_token is not None:
            return " ".join([settings.api_url, *self._channels()])
        hooks = [settings.webhook_url, settings.success_webhook_url, settings.failure_webhook_url]
        return " ".join(_without_secret(hook.reveal()) for hook in hooks if hook)

    def targets(self) -> tuple[str, ...]:
        """Name each channel; all of them together is how deliveries were made before."""
        if self.settings.auth_token is None:
            return (self.target(),)
        return (self.target(), *map(self._target_of, self._channels()))

    def send(self, job: Job) -> Sent | None:
        """Post what is not posted yet."""
        if job.kind == "webhook":
            from qlty.classes.integrations._slack import webhook

            return webhook.post(job, self._webhook(job.payload["outcome"]))
        if job.kind == "link":
            from qlty.classes.integrations._slack import linking

            return linking.add(job, self._bot())
        from qlty.classes.integrations._slack.posting import Posting

        return Posting(job, self._bot()).perform()

    def find(self, job: Job) -> Sent | None:
        """Look for the job's messages by their metadata."""
        if job.kind == "webhook":
            from qlty.classes.integrations._slack import webhook

            webhook.find(job)
            return None
        if job.kind == "link":
            return None  # changing a message twice is changing it once
        from qlty.classes.integrations._slack.posting import Posting

        return Posting(job, self._bot()).find()

    def send_test(self) -> Sent:
        """Post a message that asks for nothing, wherever a run could be posted."""
        from qlty.classes.integrations._slack import trial

        if self.settings.auth_token is not None:
            return trial.post(self._bot(), self._channels(), self._workspace)
        hooks = (self._webhook(outcome) for outcome in ("success", "failure"))
        return trial.post_to_webhooks(list(dict.fromkeys(hooks)))

    def rehearse(self, request: Request) -> Any:
        """Answer a request of a dry run."""
        from qlty.classes.integrations._slack.rehearsal import answer

        return answer(request)

    def _check(self) -> None:
        from qlty.classes.integrations._slack.preflight import check

        self._workspace = check(self._bot(), self._channels(), self.note)

    # -- whether

    def _is_live(self) -> bool:
        """A message that may turn out to be unwanted is not begun."""
        if not self.settings.live or not config.REPORT_ON_FAIL:
            return False
        when = self.settings.when
        return when == "always" or (when == "failure" and self._live.failed > 0)

    # -- what

    def _facts(self, results: TestResults, elapsed: float, context: Context) -> Report:
        before = self.failed_before()
        unknown = before is None and self.settings.when == "change"
        extras = report.Extras(
            places=self._places,
            broken_before=before,
            remark="no earlier run is known" if unknown else "",
            context=context,
            source=self.settings.source_url,
            mentions=self.settings.mention,
            wording=self._wording(),
        )
        return report.build(results, context.get("run") or self.run, elapsed, extras)

    def _wording(self) -> Wording:
        settings = self.settings
        return Wording(settings.title, tuple(settings.fields.items()), settings.suffix or "")

    def _deliver_progress(self) -> None:
        self._run_id = self.run["id"]
        parent = message.progress(self._live.report(self.run))
        for channel in self.settings.channel_id:
            self._deliver("live", channel, {"parent": parent}, urgent=True)

    def _deliver_thread(self, facts: Report, results: TestResults, context: Context) -> None:
        attached = self._files(results)
        channels = self.settings.channels(facts.outcome)
        for channel in channels:
            edited = self.settings.live and channel in self.settings.channel_id
            parent = message.parent(facts, notify=not edited)
            payload = {
                "parent": parent,
                "replies": message.replies(facts, notify=edited),
                "files": attached,
                "workspace": self._workspace,
            }
            sent = self._deliver("run", channel, payload)
            self._link_later(channel, sent, parent, context)
        if self.settings.live:
            # live messages come to their end where the run is posted to other channels
            ended = {"parent": message.parent(facts, notify=False)}
            for channel in self.settings.channel_id:
                if channel not in channels:
                    self._deliver("run", channel, ended)

    def _files(self, results: TestResults) -> list[str]:
        wanted, attachments = self.settings.files, self.settings.attachments
        chosen, problems = files.choose(wanted, results, attachments=attachments)
        for problem in problems:
            self.note(problem)
        return chosen

    def _link_later(
        self, channel: str, sent: Delivery, parent: dict[str, Any], context: Context
    ) -> None:
        """Add TestRail's link once it is known, where TestRail took too long to wait for."""
        testrail = context.get("testrail_delivery")
        if testrail is None or context.get("testrail_run_id") is not None:
            return
        from qlty.classes.integrations._slack import linking

        payload = linking.payload(parent, sent.id, testrail.id)
        key, where = f"{self._run_id} {channel} link", self._target_of(channel)
        self.deliver(payload, key=key, kind="link", expires_in=linking.EXPIRES, target=where)

    def _deliver(
        self, kind: str, channel: str, payload: dict[str, Any], *, urgent: bool = False
    ) -> Delivery:
        """A run's message has the same key while the run goes on and at its end."""
        payload = {**payload, "channel": channel}
        key = f"{self._run_id} {channel}"
        where = None if kind == "webhook" else self._target_of(channel)
        return self.deliver(
            payload, key=key, kind=kind, supersedes=True, urgent=urgent, target=where
        )

    # -- where

    def _channels(self) -> list[str]:
        found = (self.settings.channels(outcome) for outcome in ("success", "failure"))
        return list(dict.fromkeys([*self.settings.channel_id, *chain.from_iterable(found)]))

    def _target_of(self, channel: str) -> str:
        return f"{self.settings.api_url} {channel}"

    def _webhook(self, outcome: str) -> str:
        hook = self.settings.webhook(outcome)
        assert hook is not None
        return hook.reveal()

    def _bot(self) -> Bot:
        from qlty.classes.integrations._slack.client import Bot

        assert self.settings.auth_token is not None
        return Bot(self.settings.auth_token.reveal(), self.settings.api_url)


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/ {fingerprint(url)}"
