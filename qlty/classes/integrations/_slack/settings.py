"""The settings of Slack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field

from qlty.classes.integrations._slack.wording import PLACEHOLDERS
from qlty.classes.integrations._templates import problems
from qlty.settings import IntegrationSettings, Secret, SecretUrl, Url, missing

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHANNEL = re.compile(r"[CGDUW][A-Z0-9]{2,20}")
_MENTION = re.compile(r"[UWS][A-Z0-9]{2,20}|here|channel|everyone")
#: our own: more would push what failed out of sight
_FIELDS = 10
_ID = "the id of a channel: it stands at the end of the channel's details"
ChannelIds = Annotated[
    tuple[str, ...], Meta(description=f"{_ID}; or several of them", examples=["C0123ABCD"])
]


class SlackSettings(IntegrationSettings, frozen=True, kw_only=True):
    """What can be set for Slack: a bot's token with a channel, or an incoming webhook.

    Attributes:
        auth_token: the bot's token.
        channel_id: where the bot posts, a channel or several.
        success_channel_id: where runs that succeed are posted instead.
        failure_channel_id: where runs that fail are posted instead.
        webhook_url: the incoming webhook, used where there is no token.
        success_webhook_url: the one for runs that succeed.
        failure_webhook_url: the one for runs that fail.
        api_url: address of the Web API.
        mention: users and groups who are notified of a run that fails.
        live: post with the first test, and update the message while the run goes on.
        files: patterns of files that go into the thread, such as ``reports/*.html``.
        attachments: put the evidence of failed tests (screenshots) into the thread.
        title: template of the message's first line, after the sign of its result.
        fields: further facts of the message, by their label; their texts are templates.
        suffix: template of a last paragraph, in Slack's own markup.
        source_url: template of links to the source, with ``{commit}``, ``{path}`` and ``{line}``;
            by default made of the CI job's address, on GitHub and GitLab.
    """

    auth_token: Secret | None = None
    channel_id: ChannelIds = ()
    success_channel_id: ChannelIds = ()
    failure_channel_id: ChannelIds = ()
    webhook_url: SecretUrl | None = None
    success_webhook_url: SecretUrl | None = None
    failure_webhook_url: SecretUrl | None = None
    api_url: Url = Url("https://slack.com/api/")
    mention: Annotated[tuple[str, ...], Meta(examples=["U0123ABCD,S0456EFGH"])] = ()
    live: bool = False
    files: Annotated[tuple[str, ...], Meta(examples=["reports/*.html,junit.xml"])] = ()
    attachments: bool = True
    title: Annotated[str, Meta(examples=["{project} on {environment}: {verdict}"])] | None = None
    fields: dict[str, str] = field(default_factory=dict)
    suffix: Annotated[str, Meta(examples=["<!subteam^S0456EFGH> {ci_url}"])] | None = None
    source_url: Annotated[str, Meta(examples=["https://host/{commit}/{path}#{line}"])] | None = None

    def problems(self) -> Iterable[str]:
        """Say what does not fit together."""
        if self.auth_token is None and self.webhook_url is None:
            yield missing("SLACK", "AUTH_TOKEN") + " (or an incoming webhook in WEBHOOK_URL)"
        if self.auth_token is not None and not self.channel_id:
            yield missing("SLACK", "CHANNEL_ID")
        if self.auth_token is None and self.live:
            yield "SLACK LIVE needs AUTH_TOKEN: a webhook cannot change what it has posted"
        yield from self._wrong_ids()
        templates = {"TITLE": self.title, "SUFFIX": self.suffix}
        templates |= {f"FIELDS[{label!r}]": text for label, text in self.fields.items()}
        if len(self.fields) > _FIELDS:
            yield f"SLACK FIELDS has {len(self.fields)} fields; a message has room for {_FIELDS}"
        for name, template in templates.items():
            yield from problems(f"SLACK {name}", template or "", PLACEHOLDERS)

    def _wrong_ids(self) -> Iterable[str]:
        for key in ("channel_id", "success_channel_id", "failure_channel_id"):
            for value in getattr(self, key):
                if not _CHANNEL.fullmatch(value):
                    yield (
                        f"SLACK {key.upper()} is {value!r}, which is a name and not an id: "
                        f"{_ID}, such as C0123ABCD"
                    )
        for who in self.mention:
            if not _MENTION.fullmatch(who):
                yield (
                    f"SLACK MENTION has {who!r}: an id of a user (U...) or of a user group (S...), "
                    "here, channel or everyone is needed"
                )

    def channels(self, outcome: str) -> tuple[str, ...]:
        """Return the channels for a run of this outcome, ``success`` or ``failure``."""
        return tuple(dict.fromkeys(getattr(self, f"{outcome}_channel_id") or self.channel_id))

    def webhook(self, outcome: str) -> SecretUrl | None:
        """Return the webhook for a run of this outcome."""
        return getattr(self, f"{outcome}_webhook_url") or self.webhook_url
