"""Messages in Slack's Block Kit: facts in, JSON out.

Only headers, sections and contexts are used: newer blocks are refused with ``invalid_blocks`` by
workspaces that do not have them yet.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from qlty.classes.integrations._slack import limits
from qlty.classes.integrations._slack.text import code, cut, fence, line, link, mention, plain
from qlty.classes.integrations._templates import fill, run_facts
from qlty.results import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qlty.classes.integrations._slack.failures import Failure, Group
    from qlty.classes.integrations._slack.report import Report

Block = dict[str, Any]
Message = dict[str, Any]

#: The failures of a run take at most so many replies: whoever wants more wants a report.
REPLIES = 4

_PHASES = {"collect": " (collection)", "setup": " (setup)", "teardown": " (teardown)"}
_FIRST = 3
_NAMES = 10
_NAME = 180
_ERROR = 300
_EXCERPT = 600
_MENTIONS = 20
_LABEL = 160
_INCIDENTS = 5
_INCIDENT = 60
#: What the block that says "and N more" may take of a message.
_MORE = 1500


def parent(report: Report, *, notify: bool = True, names: bool = True) -> Message:
    """Return the short message that stands in the channel.

    Args:
        report: the facts.
        notify: mention people where the run failed; an edited message notifies nobody.
        names: name some of the tests that failed; all of them stand in the thread.
    """
    blocks = [_header(report)]
    if notify and report.outcome == "failure" and report.mentions:
        blocks.append(_section(mentions(report)))
    blocks.append(_section(_counts(report)))
    if names and report.failures:
        blocks.append(_section(_some_failures(report)))
    if report.refused_pages:
        pages = _number(report.refused_pages, "page")
        blocks.append(_section(f"⚠️ PagerDuty refused {pages}: nobody was paged, see the receipt"))
    blocks += _contexts(_facts(report), _links(report))
    if suffix := _suffix(report):
        blocks.append(_section(suffix))
    return {"text": fallback(report), "blocks": blocks}


def progress(report: Report) -> Message:
    """Return the same message while the run goes on."""
    done, failed = report.totals["total_testcases"], report.failures
    title = f"{_name(report)}: running, {_number(done, 'test')} so far"
    blocks = [_title(f"⏳ {title}"), _section(_counts(report))]
    failed_tests = [failure.nodeid for one in report.groups for failure in one.failures]
    if failed_tests:
        names = _list(report, failed_tests, limits.SECTION - 20)
        blocks.append(_section(f"*Failed so far:*\n{names}"))
    blocks += _contexts(_facts(report), _links(report))
    return {"text": line(f"{title}, {failed} failed", limits.FALLBACK), "blocks": blocks}


def aborted(report: Report, integration: str, cause: str) -> Message:
    """Return the message of a run that did not begin."""
    title = f"{_name(report)}: no test was run{_where_it_ran(report)}"
    blocks = [_title(f"⛔ {title}")]
    if report.mentions:
        blocks.append(_section(mentions(report)))
    what = f"{code(integration, _LABEL)} is required, and failed before the tests:"
    blocks.append(_section(f"{what}\n{fence(cause, _EXCERPT)}"))
    blocks += _contexts(_facts(report), _links(report))
    return {"text": line(f"{title}: {integration}: {cause}", limits.FALLBACK), "blocks": blocks}


def replies(report: Report, *, notify: bool = False) -> list[Message]:
    """Return the thread: every group of failures, then the flaky tests, as far as there is room.

    Args:
        report: the facts.
        notify: mention people in the first of them.
    """
    first = _section(mentions(report)) if notify and report.mentions and report.failures else None
    pages = _paged(_items(report), [[first] if first else []], REPLIES, _where(report))
    return [
        {"text": _reply_text(report, number, len(pages)), "blocks": blocks}
        for number, blocks in enumerate(pages, 1)
        if blocks
    ]


def single(report: Report) -> Message:
    """Return everything in one message, for targets that know no threads."""
    message = parent(report, names=False)
    pages = _paged(_items(report), [message["blocks"]], 1, _where(report))
    return {**message, "blocks": pages[0]}


def with_link(message: Message, url: str, label: str) -> Message:
    """Return the message with one more link at its end."""
    return {**message, "blocks": [*message["blocks"], *_contexts([], [link(url, label, _LABEL)])]}


def text_only(message: Message) -> Message:
    """Return what is left of a message whose blocks Slack refuses."""
    return {"text": message["text"]}


def mentions(report: Report) -> str:
    """Return the markup that notifies those who asked for it."""
    return " ".join(mention(who) for who in report.mentions[:_MENTIONS])


def fallback(report: Report) -> str:
    """Return what notifications show and screen readers read: one line without markup."""
    names = [failure.nodeid for failure in _first_failures(report)]
    text = _headline(report)
    return line(": ".join([text, ", ".join(names)]) if names else text, limits.FALLBACK)


def size(blocks: list[Block]) -> int:
    """Return the length of blocks by the strictest way to count it."""
    return len(json.dumps(blocks, ensure_ascii=False))


# -- the parent


def _header(report: Report) -> Block:
    return _title(f"{_sign(report)} {_headline(report)}")


def _sign(report: Report) -> str:
    if report.failures:
        return "❌"
    totals = report.totals
    proves_nothing = totals["skipped_testcases"] == totals["total_testcases"]
    return "⚠️" if report.outcome == "failure" or proves_nothing else "✅"


def _headline(report: Report) -> str:
    """Say whose tests, how they went, and where: what somebody in a hurry must know."""
    if report.wording.title is not None:
        return fill(report.wording.title, _known(report))
    return f"{_name(report)}: {_verdict(report)}{_where_it_ran(report)}"


def _where_it_ran(report: Report) -> str:
    run = report.run
    places = [value for value in (run.get("environment"), run.get("branch")) if value]
    return f" ({', '.join(places)})" if places else ""


def _known(report: Report) -> dict[str, object]:
    """Return what templates may name; see ``wording.PLACEHOLDERS``."""
    totals = report.totals
    return run_facts(report.run) | {
        "outcome": report.outcome,
        "verdict": _verdict(report),
        "total": str(totals["total_testcases"]),
        "passed": str(totals["passed_testcases"]),
        "failed": str(report.failures),
        "new": str(report.new),
        "skipped": str(totals["skipped_testcases"]),
        "flaky": str(totals["flaky_testcases"]),
        "duration": duration(report.elapsed),
    }


def _suffix(report: Report) -> str:
    """Return the project's last paragraph: its own markup, with facts that have none."""
    text = fill(report.wording.suffix, _known(report), lambda fact: line(fact, _LABEL))
    return cut(text.strip(), limits.SECTION)


def _name(report: Report) -> str:
    return plain(report.run.get("project") or "Tests", 60)


def _verdict(report: Report) -> str:
    return in_words(report.totals, report.run, new=report.new, files=report.uncollected)


def _counts(report: Report) -> str:
    totals = report.totals
    if not totals["total_testcases"]:
        return duration(report.elapsed)
    failed = f"{totals['failed_testcases']} failed"
    if report.failures:
        failed = f"*{failed}*"
    if report.new:
        failed += f" ({report.new} new)"
    parts = [f"{totals['passed_testcases']} passed", failed]
    parts += [f"{totals['skipped_testcases']} skipped"]
    parts += [f"{totals['flaky_testcases']} flaky"] if totals["flaky_testcases"] else []
    parts += [f"{report.fixed} fixed"] if report.fixed else []
    return " · ".join([*parts, f"{totals['passed_percentage']} passed", duration(report.elapsed)])


def duration(seconds: float) -> str:
    """Return a duration to read: ``1h 2m 3s``, ``12.3s``."""
    if seconds < 60:
        return f"{max(seconds, 0):.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h " if hours else "") + f"{minutes}m {rest}s"


def _facts(report: Report) -> list[str]:
    run = report.run
    commit = (run.get("commit") or "")[:10]
    pairs = [
        ("Environment", run.get("environment")),
        ("Platform", run.get("platform")),
        ("Branch", run.get("branch")),
        ("Commit", commit),
        ("Run", run.get("id")),
    ]
    known = _known(report)
    pairs += [(line(label, _LABEL), fill(text, known)) for label, text in report.wording.fields]
    facts = [f"{name}: {code(value, _LABEL)}" for name, value in pairs if value]
    return [*facts, line(report.remark, _LABEL)] if report.remark else facts


def _links(report: Report) -> list[str]:
    return [*_pages(report), *([_incidents(report.incidents)] if report.incidents else [])]


def _pages(report: Report) -> list[str]:
    """Return links to where the whole run can be seen."""
    links = [link(url, label, _LABEL) for url, label in report.links]
    job = report.run.get("ci_url")
    return [link(job, report.run.get("ci") or "CI job", _LABEL), *links] if job else links


def _incidents(incidents: Sequence[tuple[str, str]]) -> str:
    """Return ``PagerDuty #1, #2, +3 more``: their titles stand at PagerDuty, and in the thread."""
    shown = [link(url, label, _INCIDENT) for url, label in incidents[:_INCIDENTS]]
    more = [f"+{len(incidents) - _INCIDENTS} more"] if len(incidents) > _INCIDENTS else []
    return f"PagerDuty {', '.join([*shown, *more])}"


# -- the failures


def _first_failures(report: Report) -> list[Failure]:
    """Return a failure of each of the first groups, then more of them where groups are few."""
    ranked = [
        (place, failure) for one in report.groups for place, failure in enumerate(one.failures)
    ]
    ranked = sorted(ranked[: limits.BLOCKS * _FIRST], key=lambda each: each[0])
    return [failure for _, failure in ranked[:_FIRST]]


def _some_failures(report: Report) -> str:
    """Name a few of the tests that failed, and count the others: the thread has them all."""
    shown = [f"• {_failure(report, failure)}" for failure in _first_failures(report)]
    shown = _fitting(shown, limits.SECTION - _LABEL)
    more = report.failures - len(shown)
    return "\n".join([*shown, *([f"and {more} more in the thread"] if more else [])])


class _Item(NamedTuple):
    """Something to show: what it counts for, and its block, built only where there is room."""

    failures: int
    flaky: int
    block: Callable[[], Block]


def _items(report: Report) -> Iterator[_Item]:
    for one in report.groups:
        yield _Item(len(one.failures), 0, partial(_group, report, one))
    if report.flaky:
        yield _Item(0, len(report.flaky), partial(_flaky, report))


def _group(report: Report, one: Group) -> Block:
    failure = one.failures[0]
    new = "🆕 " if one.new else ""
    excerpt = fence(failure.excerpt, _EXCERPT)
    if len(one.failures) == 1:
        return _section(f"{new}{_failure(report, failure)}\n{excerpt}")
    of_new = f", {one.new} new" if 0 < one.new < len(one.failures) else ""
    title = f"{new}*{len(one.failures)} tests{of_new}:* {code(one.error, _ERROR)}"
    said = _said_by_one(one, excerpt)
    room = limits.SECTION - len(title) - len(said) - 2
    return _section("\n".join([title, _list(report, one.failures, room), said]).strip())


def _said_by_one(one: Group, excerpt: str) -> str:
    """Return what the title does not say already."""
    failure = one.failures[0]
    if failure.excerpt.strip() == one.error and len(one.error) < _ERROR:
        return ""
    return excerpt if failure.error == one.error else f"The first of them:\n{excerpt}"


def _flaky(report: Report) -> Block:
    title = f"*Flaky:* {_number(len(report.flaky), 'test')} passed only after a rerun\n"
    return _section(title + _list(report, report.flaky, limits.SECTION - len(title)))


def _flaky_test(report: Report, nodeid: str) -> str:
    error = report.flaky_errors.get(nodeid)
    return code(nodeid, _NAME) + (f" failed first with {code(error, _ERROR)}" if error else "")


def _failure(report: Report, failure: Failure) -> str:
    name = code(failure.nodeid, _NAME)
    phase = _PHASES.get(failure.phase, "")
    return f"{name}{phase} {link(report.source_link(failure), failure.place, _LABEL)}".strip()


def _list(report: Report, tests: Sequence[Failure | str], room: int) -> str:
    """Return a line for each test as far as there is room, and where the others can be found."""
    last = f"+{len(tests)} more {_where(report)}"
    lines = [
        f"• {_flaky_test(report, test) if isinstance(test, str) else _failure(report, test)}"
        for test in tests[:_NAMES]
    ]
    lines = _fitting(lines, room - len(last) - 1)
    if more := len(tests) - len(lines):
        lines.append(f"+{more} more {_where(report)}")
    return "\n".join(lines)


def _fitting(lines: list[str], room: int) -> list[str]:
    fitting: list[str] = []
    for each in lines:
        room -= len(each) + 3
        if room < 0:
            break
        fitting.append(each)
    return fitting


def _paged(
    items: Iterator[_Item], pages: list[list[Block]], most: int, where: str
) -> list[list[Block]]:
    """Fill pages with blocks; what has no room on ``most`` pages is counted in the last."""
    failures = flaky = 0
    for item in items:
        if failures or flaky or not _place(item.block(), pages, most):
            failures, flaky = failures + item.failures, flaky + item.flaky
    left = [f"+{failures} more failures"] * bool(failures) + [f"+{flaky} flaky"] * bool(flaky)
    if left:
        pages[-1].append(_section(f"*{', '.join(left)}* {where}"))
    return pages


def _place(block: Block, pages: list[list[Block]], most: int) -> bool:
    """Add the block to the last page, or to a new one; ``False`` where there is no more room."""
    if not _has_room(pages[-1], block, last=len(pages) == most):
        if len(pages) == most:
            return False
        pages.append([])
    pages[-1].append(block)
    return True


def _has_room(page: list[Block], block: Block, *, last: bool) -> bool:
    kept = _MORE if last else 0
    return len(page) < limits.BLOCKS - 1 and size([*page, block]) <= limits.MESSAGE - kept


def _where(report: Report) -> str:
    """Say where the tests stand that no message had room for."""
    pages = _pages(report)
    return f"in {pages[0]}" if pages else "in the output of the run"


def _reply_text(report: Report, number: int, of: int) -> str:
    pages = f" ({number} of {of})" if of > 1 else ""
    what = _number(report.failures, "failure") if report.failures else "flaky tests"
    return line(f"{_name(report)}: {what}{pages}", limits.FALLBACK)


# -- blocks


def _title(text: str) -> Block:
    shown = {"type": "plain_text", "text": plain(text, limits.HEADER), "emoji": True}
    return {"type": "header", "text": shown}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _contexts(*groups: list[str]) -> list[Block]:
    """Return a context for each group that holds anything."""
    blocks = []
    for parts in groups:
        text = " · ".join(_fitting([part for part in parts if part], limits.CONTEXT))
        if text:
            element = {"type": "mrkdwn", "text": text, "verbatim": True}
            blocks.append({"type": "context", "elements": [element]})
    return blocks


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
