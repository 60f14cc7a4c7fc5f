"""What a message says, before it is one: facts of a run, and none of Slack's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qlty.classes.integrations._slack.failures import Failure, describe, first_error, group
from qlty.classes.integrations._slack.wording import Wording
from qlty.results import count, iter_results, run_outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qlty.classes.integrations._slack.failures import Group
    from qlty.results import RunInfo, RunOutcome, TestResults, Totals


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        run: ``context["run"]``.
        totals: counts by status.
        elapsed: seconds.
        groups: failed tests by their error.
        flaky: node ids of tests that passed only after a rerun.
        flaky_errors: by node id, the error with which a flaky test failed first, where it is known.
        fixed: how many tests pass that failed in the run before.
        links: further pages as ``(url, text)``, such as TestRail's run.
        incidents: PagerDuty's, as ``(url, text)``.
        refused_pages: how many incidents PagerDuty did not take.
        source: template with ``{path}``, ``{line}`` and ``{commit}``, or ``None``.
        mentions: users and groups to notify where the run failed.
        remark: what else is to be said about the run; ``""`` for nothing.
        wording: what the project words itself.
    """

    run: RunInfo
    totals: Totals
    elapsed: float
    groups: tuple[Group, ...] = ()
    flaky: tuple[str, ...] = ()
    flaky_errors: Mapping[str, str] = field(default_factory=dict)
    fixed: int = 0
    links: tuple[tuple[str, str], ...] = ()
    incidents: tuple[tuple[str, str], ...] = ()
    refused_pages: int = 0
    source: str | None = None
    mentions: tuple[str, ...] = ()
    remark: str = ""
    wording: Wording = field(default_factory=Wording)

    @property
    def outcome(self) -> RunOutcome:
        """``failure`` where anything failed or the run did not come to its end."""
        return run_outcome(self.failures, self.run)

    @property
    def failures(self) -> int:
        """How many tests failed."""
        return self.totals["failed_testcases"]

    @property
    def uncollected(self) -> int:
        """How many of them are files whose tests are not known."""
        each = (failure for one in self.groups for failure in one.failures)
        return sum(failure.phase == "collect" for failure in each)

    @property
    def new(self) -> int:
        """How many of them are new."""
        return sum(one.new for one in self.groups)

    def source_link(self, failure: Failure) -> str | None:
        """Return where the failing line can be read, ``None`` where that is not known."""
        path, _, number = failure.place.rpartition(":")
        commit = self.run.get("commit")
        if not (self.source and commit and path) or path.startswith(("/", "..")):
            return None
        path = "/".join(filter(None, (self.run.get("folder"), path)))
        known = {"path": quote(path), "line": number, "commit": commit}
        return re.sub(r"\{(path|line|commit)\}", lambda match: known[match[1]], self.source)


@dataclass
class Extras:
    """What a report says beside the results, where it is known.

    Attributes:
        places: ``path:line`` of tests by node id.
        broken_before: node ids that failed in the run before; ``None`` where none is known.
        context: what other integrations found out.
        source: see :class:`Report`; by default made of the CI job's address.
        mentions: see :class:`Report`.
        remark: see :class:`Report`.
        wording: see :class:`Report`.
    """

    places: Mapping[str, str] = field(default_factory=dict)
    broken_before: Collection[str] | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    mentions: tuple[str, ...] = ()
    remark: str = ""
    wording: Wording = field(default_factory=Wording)


def build(results: TestResults, run: RunInfo, elapsed: float, extras: Extras) -> Report:
    """Return the facts of a run that is over."""
    failures, flaky, fixed = [], [], 0
    first_errors: dict[str, str] = {}
    before = extras.broken_before
    for result in iter_results(results):
        if result["status"] == "failed":
            failures.append(describe(result, extras.places, before))
        elif before is not None and result["status"] == "passed" and result["nodeid"] in before:
            fixed += 1
        if result.get("flaky"):
            flaky.append(result["nodeid"])
            if error := first_error(result):
                first_errors[result["nodeid"]] = error
    return Report(
        run=run,
        totals=count(results),
        elapsed=elapsed,
        groups=tuple(group(failures)),
        flaky=tuple(flaky),
        flaky_errors=first_errors,
        fixed=fixed,
        links=links(extras.context),
        incidents=incidents(extras.context),
        refused_pages=int(extras.context.get("pagerduty_refused") or 0),
        source=extras.source or source_of(run),
        mentions=extras.mentions,
        remark=extras.remark,
        wording=extras.wording,
    )


def links(context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the pages that other integrations left in ``context``, as ``(url, text)``."""
    run_id = context.get("testrail_run_id")
    return () if run_id is None else (testrail_link(run_id, context.get("testrail_run_url")),)


def incidents(context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return PagerDuty's incidents in ``context``, each by its number where it is known."""
    found = []
    for incident in context.get("pagerduty_incidents") or ():
        number, title = incident.get("number"), incident.get("title") or "incident"
        url = incident.get("html_url") or incident.get("url") or ""
        found.append((url, f"#{number}" if number else title))
    return tuple(found)


def testrail_link(run_id: Any, url: Any) -> tuple[str, str]:
    """Return the link to TestRail's run."""
    return (str(url or ""), f"TestRail run {run_id}")


def source_of(run: RunInfo) -> str | None:
    """Return a template for links to the source, made of the CI job's address.

    GitHub: https://docs.github.com/en/repositories/working-with-files/using-files/getting-permanent-links-to-files
    GitLab: https://docs.gitlab.com/user/project/repository/files/
    """
    job = run.get("ci_url") or ""
    if "/actions/runs/" in job:
        return job.partition("/actions/runs/")[0] + "/blob/{commit}/{path}#L{line}"
    if "/-/jobs/" in job:
        return job.partition("/-/jobs/")[0] + "/-/blob/{commit}/{path}#L{line}"
    return None
