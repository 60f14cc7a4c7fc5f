"""The facts of a run: where it happens, of what, for whom."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qlty.results import RunInfo, clean

if TYPE_CHECKING:
    from collections.abc import Mapping


class CiSystem(NamedTuple):
    """How a CI system says what it runs, in variables that its documentation names.

    Attributes:
        name: as people call it.
        marker: set to anything where the system runs the job.
        job_url: a template over the environment.
        branch: variables that hold it, the first one set wins.
        commit: variables that hold it.
    """

    name: str
    marker: str
    job_url: str
    branch: tuple[str, ...]
    commit: tuple[str, ...]


CI_SYSTEMS = (
    CiSystem(
        "GitHub Actions",
        "GITHUB_ACTIONS",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        ("GITHUB_HEAD_REF", "GITHUB_REF_NAME"),
        ("GITHUB_SHA",),
    ),
    CiSystem("GitLab CI", "GITLAB_CI", "{CI_JOB_URL}", ("CI_COMMIT_REF_NAME",), ("CI_COMMIT_SHA",)),
    CiSystem(
        "Jenkins",
        "JENKINS_URL",
        "{BUILD_URL}",
        ("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"),
        ("GIT_COMMIT",),
    ),
    CiSystem("CircleCI", "CIRCLECI", "{CIRCLE_BUILD_URL}", ("CIRCLE_BRANCH",), ("CIRCLE_SHA1",)),
    CiSystem(
        "Buildkite",
        "BUILDKITE",
        "{BUILDKITE_BUILD_URL}",
        ("BUILDKITE_BRANCH",),
        ("BUILDKITE_COMMIT",),
    ),
    CiSystem(
        "Azure Pipelines",
        "TF_BUILD",
        "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        ("BUILD_SOURCEBRANCHNAME",),
        ("BUILD_SOURCEVERSION",),
    ),
    CiSystem("CI", "CI", "{BUILD_URL}", ("BRANCH_NAME",), ("GIT_COMMIT",)),
)


def new_run_id(now: datetime) -> str:
    """Return a run id: sortable by time, unique, safe as a file name."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def detect(
    rootdir: Path,
    environment: str | None,
    platform: str | None,
    environ: Mapping[str, str] = os.environ,
) -> RunInfo:
    """Return the facts of a run that begins now in ``rootdir``."""
    now = datetime.now(timezone.utc)
    ci = next((system for system in CI_SYSTEMS if environ.get(system.marker)), None)
    branch, commit = _revision(rootdir, ci, environ)
    return RunInfo(
        id=new_run_id(now),
        start=now,
        project=clean(rootdir.name),
        rootdir=str(rootdir),
        environment=environment,
        platform=platform,
        branch=branch,
        commit=commit,
        ci=ci.name if ci else None,
        ci_url=_filled(ci.job_url, environ) if ci else None,
        host=socket.gethostname(),
        user=_first(environ, ("USER", "LOGNAME")),
        cut_short=False,
    )


def _filled(template: str, environ: Mapping[str, str]) -> str | None:
    try:
        return clean(template.format_map(environ))
    except KeyError:
        return None


def _revision(
    rootdir: Path, ci: CiSystem | None, environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    branch = _first(environ, ci.branch) if ci else None
    commit = _first(environ, ci.commit) if ci else None
    if branch is None or commit is None:
        git_branch, git_commit = _git_head(rootdir)
        branch, commit = branch or git_branch, commit or git_commit
    return branch, commit


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((clean(environ[name]) for name in names if environ.get(name)), None)


def _git_head(rootdir: Path) -> tuple[str | None, str | None]:
    """Return branch and commit of the checkout; ``None`` where git or a checkout is missing."""
    command = ["git", "-C", str(rootdir), "rev-parse", "HEAD", "--abbrev-ref", "HEAD"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    commit, branch = done.stdout.split("\n")[:2]
    return (None if branch == "HEAD" else branch), commit
