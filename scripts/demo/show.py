"""What arrived, for people."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from scripts.demo.facts import STATUSES, texts
from scripts.demo.world import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qlty.sandbox import Sandbox

Row = dict[str, Any]

_LINK = re.compile(r"<([^<>|]+)\|([^<>]+)>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def lines(sandbox: Sandbox) -> Iterator[str]:
    """Yield everything that the sandbox received, a line at a time."""
    yield from _slack(sandbox.slack.messages)
    yield from _testrail(sandbox)
    yield from _pagerduty(sandbox.pagerduty.incidents)


def title(text: str) -> str:
    """Return a line that begins a part."""
    return f"\n{f'== {text} ':=<{WIDTH}}\n"


def _slack(messages: list[Row]) -> Iterator[str]:
    yield title(f"Slack received {_count(len(messages), 'message')}")
    for row in messages:
        thread = bool(row.get("thread_ts")) and row["thread_ts"] != row["ts"]
        yield f"in {row['channel']}{', in the thread' if thread else ''}:"
        yield from _indented(map(_plain, texts(row)))


def _plain(text: str) -> str:
    """Return mrkdwn as it is read: links by their words, entities as characters."""
    text = _LINK.sub(r"\2", text)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def _testrail(sandbox: Sandbox) -> Iterator[str]:
    runs, cases = sandbox.testrail.runs, {case["id"]: case for case in sandbox.testrail.cases}
    yield title(f"TestRail received {_count(len(runs), 'run')}")
    for run in runs:
        yield f"R{run['id']} {run['name']}, {_count(len(run['results']), 'result')}:"
        for result in run["results"]:
            status = STATUSES.get(result["status_id"], result["status_id"])
            case = cases[result["case_id"]]
            yield f"  C{case['id']:<4}{status:<10}{case['title']}"
            if status != "passed":
                yield from _indented((result["comment"] or "").splitlines())


def _pagerduty(incidents: list[Row]) -> Iterator[str]:
    yield title(f"PagerDuty received {_count(len(incidents), 'incident')}")
    for row in incidents:
        names = ", ".join(one["assignee"]["summary"] for one in row["assignments"])
        yield f"{row['urgency']} urgency, {row['status']}, {row['service']['summary']}, to {names}:"
        yield from _indented([row["title"], "", *(row["details"] or "").splitlines()])


def _indented(texts_: Iterable[str]) -> Iterator[str]:
    for text in texts_:
        yield from textwrap.wrap(
            text.rstrip(), WIDTH, initial_indent="  | ", subsequent_indent="  |   "
        ) or ["  |"]
    yield ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
