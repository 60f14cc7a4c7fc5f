"""The facts of a run: where it happens, of what, for whom."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime
from typing import TYPE_CHECKING

from qlty.lifecycle._ci import Job
from qlty.lifecycle._git import Git, repository
from qlty.results import RunInfo, clean
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def new_run_id(now: datetime) -> str:
    """Return a run id: sortable by time, unique, safe as a file name."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def detect(
    rootdir: Path,
    environment: str | None,
    platform: str | None,
    environ: Mapping[str, str] = os.environ,
    *,
    project: str | None = None,
) -> RunInfo:
    """Return the facts of a run that begins now in ``rootdir``.

    ``project`` is what its repository is called, where the settings say so.
    """
    now = clock.utc_now()
    job, git = Job(environ), Git(rootdir)
    tag = job.tag
    branch = job.branch(git.remotes if "/" in environ.get("GIT_BRANCH", "") else ())
    return RunInfo(
        id=new_run_id(now),
        start=now,
        project=identity(rootdir, project, job, git),
        rootdir=str(rootdir),
        folder=clean(git.prefix if git.root else job.folder(rootdir) or ""),
        environment=environment,
        platform=platform,
        branch=branch or (None if tag else _cleaned(git.branch)),
        base_branch=job.base_branch,
        tag=tag,
        commit=job.commit or git.commit,
        pull_request=job.pull_request,
        ci=job.system,
        ci_url=job.url,
        attempt=job.attempt,
        host=socket.gethostname(),
        user=_cleaned(environ.get("USER") or environ.get("LOGNAME")),
        cut_short=False,
        former_branch=None if job.fork_of else (job.former_branch or _cleaned(git.branch) or ""),
    )


def identity(rootdir: Path, project: str | None, job: Job, git: Git) -> str:
    """Return what tells a project from all others, in a form to read: ``acme/shop/backend``.

    That is what the settings say; else the CI system's name of the repository; else that of git's
    remote; else the folder's name. The folder inside of the repository follows, for those that
    hold several projects.
    """
    name = project or job.repository
    if name is None:
        remote = next(iter(git.remotes.values()), None)
        name = repository(remote) if remote else (git.root or rootdir).name
    inside = job.folder(rootdir)
    return clean("/".join(filter(None, (name, git.prefix if inside is None else inside))))


def _cleaned(text: str | None) -> str | None:
    return clean(text) if text else None
