"""Everything that one sandbox holds: the services, the store, chaos, the record of calls."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Any

from qlty.sandbox._calls import Recorder
from qlty.sandbox._catcher import Catcher
from qlty.sandbox._chaos import Chaos
from qlty.sandbox._store import Caps, Store
from qlty.sandbox.pagerduty import PagerDuty
from qlty.sandbox.slack import Slack
from qlty.sandbox.testrail import TestRail

if TYPE_CHECKING:
    from pathlib import Path

    from qlty.sandbox._wire import Service


class World:
    """One sandbox; every method runs in the server's one event loop."""

    def __init__(
        self, seed: dict[str, Any], path: Path | None = None, caps: Caps | None = None
    ) -> None:
        self.seed = seed
        self.store = Store(path, caps)
        self.chaos = Chaos()
        self.recorder = Recorder(self.store, dummies(seed))
        self.slack = Slack(seed["slack"], self.store, time.time)
        self.testrail = TestRail(seed["testrail"], self.store, time.time)
        self.pagerduty = PagerDuty(seed["pagerduty"], self.store, time.time)
        self.services: dict[str, Service] = {
            "slack": self.slack,
            "testrail": self.testrail,
            "pagerduty": self.pagerduty,
            "hook": Catcher(),
        }
        self._changed = asyncio.Event()

    def commit(self) -> None:
        """Write what changed and wake whoever waits for news."""
        self.store.commit()
        self._changed.set()
        self._changed = asyncio.Event()

    def reset(self) -> None:
        """Back to the seed: nothing received, no chaos."""
        self.chaos.set({})
        self.store.clear()
        self.commit()

    async def news(self, seconds: float) -> None:
        """Wait for the next change, at most so long."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except asyncio.TimeoutError:
            return


def dummies(seed: dict[str, Any]) -> list[str]:
    """The credentials of the seed, as they stand in headers, bodies and paths."""
    pairs = [f"{user['email']}:{user['key']}" for user in seed["testrail"]["users"]]
    return [
        *(each["token"] for each in seed["slack"]["tokens"]),
        *(each["path"] for each in seed["slack"]["webhooks"]),
        *(each["key"] for each in seed["pagerduty"]["keys"]),
        *(key for each in seed["pagerduty"]["services"] for key in each["integrations"]),
        *(user["key"] for user in seed["testrail"]["users"]),
        *(base64.b64encode(pair.encode()).decode() for pair in pairs),
    ]


def environment(seed: dict[str, Any], root: str) -> dict[str, str]:
    """The environment variables that point integrations at this sandbox."""
    slack, testrail, pagerduty = seed["slack"], seed["testrail"], seed["pagerduty"]
    project = testrail["projects"][0]
    user = testrail["users"][0]
    return {
        "SLACK_API_URL": f"{root}/slack/api/",
        "SLACK_AUTH_TOKEN": slack["tokens"][0]["token"],
        "SLACK_CHANNEL_ID": slack["channels"][0]["id"],
        "TESTRAIL_BASE_URL": f"{root}/testrail",
        "TESTRAIL_USERNAME": user["email"],
        "TESTRAIL_API_KEY": user["key"],
        "TESTRAIL_PROJECT_ID": str(project["id"]),
        "TESTRAIL_SUITE_ID": str(project["suites"][0]["id"]),
        "PAGERDUTY_API_URL": f"{root}/pagerduty",
        "PAGERDUTY_EVENTS_URL": f"{root}/pagerduty-events",
        "PAGERDUTY_API_KEY": pagerduty["keys"][0]["key"],
        "PAGERDUTY_DEFAULT_FROM": pagerduty["users"][0]["email"],
        "PAGERDUTY_SERVICE_ID": pagerduty["services"][0]["id"],
    }


def alternatives(seed: dict[str, Any], root: str) -> dict[str, str]:
    """More that integrations can be pointed at: a webhook, a routing key, the catcher."""
    hook = seed["slack"]["webhooks"][0]["path"]
    return {
        "SLACK_WEBHOOK_URL": f"{root}/slack/services/{hook}",
        "PAGERDUTY_ROUTING_KEY": seed["pagerduty"]["services"][0]["integrations"][0],
        "CATCHER_URL": f"{root}/hook/anything",
    }
