"""The shapes that every driver produces and every integration reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["passed", "failed", "skipped"]
Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
Phase = Literal["collect", "setup", "call", "teardown"]


class Attempt(TypedDict):
    """One attempt of a test that was repeated afterwards."""

    status: Status
    outcome: Outcome
    #: failure text, cut; ``None`` where there is none
    message: str | None
    #: where it failed; ``None`` where it did not
    phase: Phase | None
    #: aware, in UTC
    start_time: datetime
    #: aware, in UTC
    end_time: datetime
    #: seconds
    duration: float


class TestResult(TypedDict):
    """The final outcome of one test over all its phases and reruns."""

    #: one of the three that any integration must handle
    status: Status
    #: the finer word; a strict xpass is ``failed``, xfailed counts as skipped
    outcome: Outcome
    #: failure text or skip reason, the traceback as pytest shows it; ``None`` for a plain pass
    message: str | None
    #: what failed, in one line of at most 300 characters, as pytest's summary shows it:
    #: ``ValueError: no price``; ``None`` where nothing did
    error: str | None
    #: where it failed; ``None`` where it did not
    phase: Phase | None
    #: aware, in UTC
    start_time: datetime
    #: aware, in UTC
    end_time: datetime
    #: seconds, over all phases of the last attempt
    duration: float
    #: how many times the test ran; 1 without reruns
    attempts: int
    #: passed, but only after a rerun
    flaky: bool
    #: ended because its run was interrupted or killed
    interrupted: bool
    #: TestRail case ids
    test_case_ids: list[int]
    #: optional label
    feature_name: str | None
    #: optional label
    test_target: str | None
    #: folder of evidence
    results_dir: str | None
    #: files of evidence
    attachments: list[str]
    #: pytest's node id
    nodeid: str
    #: the attempts before the last one, in their order
    earlier_attempts: list[Attempt]
    #: what ``record_property`` was given, in order, a name as often as it was recorded
    properties: list[tuple[str, Any]]
    #: names of the test's own marks, nearest first
    tags: list[str]
    #: values of a parametrized test by the parameter's name; what is no plain value as its repr
    parameters: dict[str, Any]
    #: ``stdout``, ``stderr`` and ``log`` of a failed test, each cut; only what is not empty
    captured: dict[str, str]


#: ``{class_key: {test_key: result}}``
TestResults = dict[str, dict[str, TestResult]]


@dataclass(frozen=True)
class Marker:
    """A pytest mark. Values that JSON cannot hold are their ``repr``."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TestCase:
    """What is known of a test before it runs. What a source cannot know is ``None`` or empty."""

    __test__ = False

    nodeid: str
    name: str
    class_name: str | None = None
    module: str | None = None
    #: relative to the project's root, with forward slashes
    path: str | None = None
    #: 1-based
    line: int | None = None
    docstring: str | None = None
    #: nearest first: the function's own, then its class's, then its module's
    markers: tuple[Marker, ...] = ()
    #: names of all fixtures that the test uses, directly or not
    fixtures: tuple[str, ...] = ()
    #: TestRail case ids
    case_ids: tuple[int, ...] = ()
    #: names of the marks that are the project's own, nearest first
    tags: tuple[str, ...] = ()
    #: values of a parametrized test by the parameter's name; what is no plain value as its repr
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def get_closest_marker(self, name: str) -> Marker | None:
        """Return the nearest marker of this name, as pytest's items do."""
        return next(self.iter_markers(name), None)

    def iter_markers(self, name: str) -> Any:
        """Yield the markers of this name, nearest first."""
        return (marker for marker in self.markers if marker.name == name)


class RunInfo(TypedDict, total=False):
    """``context['run']``: the facts of the run itself."""

    id: str
    #: aware, in UTC
    start: datetime
    #: what tells the project from all others: ``QLTY_PROJECT``, else what the CI system calls the
    #: repository, else git's remote, else the folder's name; then the folder inside of it
    project: str
    #: the project's root folder
    rootdir: str
    #: that folder inside of its repository, such as ``backend``; empty for the repository's root
    folder: str
    environment: str | None
    platform: str | None
    #: what a pull request comes from, ``owner:branch`` where that is a fork; ``None`` for a tag and
    #: for a detached commit
    branch: str | None
    #: the branch that a pull request wants to go to
    base_branch: str | None
    #: where a tag is what is tested
    tag: str | None
    #: full hash; in a pull request it may be that of the merge, as the CI system says
    commit: str | None
    #: number of the pull request or merge request, where the CI system says it
    pull_request: int | None
    #: address of the CI job, of this attempt where the CI system lets it be known
    ci_url: str | None
    #: name of the CI system; ``None`` outside of CI
    ci: str | None
    #: how many times CI ran this job, from 1; ``None`` where the CI system does not say
    attempt: int | None
    #: the branch as keys had it while they lacked the project; ``None`` where no such key counts
    former_branch: str | None
    host: str
    user: str | None
    #: every test of the chosen files was to run: none was chosen or left out, by whatever plugin
    whole: bool
    #: every test of the project was to run: no file was chosen or left out either
    entire: bool
    #: pytest's exit status; absent until the last test is over
    exit_status: int
    #: interrupted, stopped early or killed: some tests did not run
    cut_short: bool


def run_info_from_json(record: Mapping[str, Any]) -> RunInfo:
    """Return the run info that was written as JSON."""
    # Python 3.10 does not read the Z
    start = datetime.fromisoformat(record["start"].replace("Z", "+00:00"))
    return cast("RunInfo", {**record, "start": start})
