"""What the CI system says of the job: rows of :mod:`qlty.lifecycle._ci_systems`, filled in."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING
from urllib.parse import quote

from qlty.lifecycle._ci_systems import CI_SYSTEMS
from qlty.lifecycle._git import repository
from qlty.results import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qlty.lifecycle._ci_systems import CiSystem, Templates

#: what people set a variable to in order to switch CI behaviour off
_OFF = frozenset({"", "0", "false", "no", "off"})
#: characters that stay as they are in a value that is an address already
_ADDRESS = "%/:?#[]@!$&'()*+,;=~"
_COMMIT = re.compile("[0-9a-f]{4,64}", re.I)
_NUMBER = re.compile(r"(?:^|/(?:pull|pulls|pull-requests|merge_requests)/)(\d+)(?:$|/)")
_PULL = re.compile(r"refs/(pull|pull-requests|merge-requests)/(\d+)/.*")
#: what tools write where a commit is checked out and no branch
_DETACHED = frozenset({"HEAD", "detached"})
#: bytes of GitHub's event; that of a pull request has some 30 kB
_EVENT = 5_000_000


class Job:
    """The job of a CI system in which this process runs; outside of CI nothing is known."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {**environ, **_github_event(environ)}
        self._system = _system(self._environ)

    @property
    def system(self) -> str | None:
        """The name of the CI system; ``None`` outside of CI."""
        return self._system.name if self._system else None

    @property
    def repository(self) -> str | None:
        """``owner/name`` of the repository that the job belongs to."""
        told = self._told("repository")
        return repository(told) if told else None

    @property
    def commit(self) -> str | None:
        """The full hash; ``None`` where the system says no more than ``HEAD``."""
        told = self._told("commit")
        return told if told and _COMMIT.fullmatch(told) else None

    @property
    def tag(self) -> str | None:
        """What was tagged, where a tag is what is tested."""
        ref = self._told("branch") or ""
        return self._told("tag") or ref.removeprefix("refs/tags/") if self._is_tag(ref) else None

    def branch(self, remotes: Iterable[str] = ()) -> str | None:
        """Return the branch; the source of a pull request, ``owner:branch`` where that is a fork.

        Args:
            remotes: names of git's remotes, which Jenkins puts before a branch.
        """
        told = self._told("branch") or ""
        if self._is_tag(told):
            return None
        branch, owner = _branch(told, remotes), self.fork_of
        if branch is None or (len(branch) >= 7 and (self.commit or "").startswith(branch)):
            return None
        return branch if not owner or branch.startswith(f"{owner}:") else f"{owner}:{branch}"

    @property
    def fork_of(self) -> str:
        """Who has the fork that a pull request comes from; ``""`` for none."""
        source = repository(self._told("source") or "")
        if source == (self.repository or ""):
            return ""
        return source.rpartition("/")[0] or source

    @property
    def base_branch(self) -> str | None:
        """The branch that a pull request wants to go to."""
        return _branch(self._told("base_branch") or "", ())

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request, or of what the system calls so."""
        found = _NUMBER.search(self._told("pull_request") or "")
        return int(found[1]) if found else None

    @property
    def attempt(self) -> int | None:
        """How many times this was run, from 1; ``None`` where the system does not say."""
        told = self._told("attempt") or ""
        if self._system is None or not told.isdecimal():
            return None
        return int(told) + 1 - self._system.first_attempt

    @property
    def url(self) -> str | None:
        """The address of the job."""
        return self._told("job", quoted=True)

    @property
    def former_branch(self) -> str | None:
        """See ``RunInfo``."""
        return self._told("former_branch")

    def folder(self, rootdir: Path) -> str | None:
        """Return where ``rootdir`` is inside of the checkout; ``None`` where it is not."""
        told = self._told("checkout")
        if told is None:
            return None
        try:
            inside = rootdir.resolve().relative_to(Path(told).expanduser().resolve())
        except (ValueError, OSError, RuntimeError):
            return None
        return "" if inside == Path() else inside.as_posix()

    def _is_tag(self, ref: str) -> bool:
        return ref.startswith("refs/tags/") or self._told("tag") is not None

    def _told(self, fact: str, *, quoted: bool = False) -> str | None:
        templates: Templates = getattr(self._system, fact, ())
        found = (_filled(template, self._environ, quoted=quoted) for template in templates)
        return next((clean(text) for text in found if text), None)


def _system(environ: Mapping[str, str]) -> CiSystem | None:
    if environ.get("CI") and _is_off(environ["CI"]):
        return None
    on = {name: value for name, value in environ.items() if not _is_off(value)}
    marked = (system for system in CI_SYSTEMS if _filled(system.marker, on) is not None)
    return next(marked, None)


def _is_off(value: str) -> bool:
    return value.strip().lower() in _OFF


def _filled(template: str, environ: Mapping[str, str], *, quoted: bool = False) -> str | None:
    """Fill in a template; ``None`` where a variable is missing or a condition does not hold."""
    parts: list[str] = []
    for text, field, _, _ in Formatter().parse(template):
        parts.append(text)
        if field is None:
            continue
        name, condition, pattern = field.partition("=")
        value = environ.get(name)
        if not value or (condition and not fnmatchcase(value.lower(), pattern.lower())):
            return None
        if not condition:
            # an address begins with one, and what follows is part of it
            safe = "/" if any(parts) else _ADDRESS
            parts.append(quote(value, safe=safe) if quoted else value)
    return "".join(parts)


def _branch(ref: str, remotes: Iterable[str]) -> str | None:
    """Return the branch that a ref or a name means, ``None`` where it means none."""
    pull = _PULL.fullmatch(ref)
    if pull:
        return f"{pull[1]}/{pull[2]}"  # unlike any branch, and unlike other pull requests
    for prefix in ("refs/heads/", "refs/remotes/", "remotes/"):
        ref = ref.removeprefix(prefix)
    for remote in ("origin", *remotes):
        ref = ref.removeprefix(f"{remote}/")
    hashed = len(ref) >= 40 and _COMMIT.fullmatch(ref)
    return None if not ref or hashed or ref in _DETACHED or ref.startswith("(") else ref


def _github_event(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what only the event says, as if it were variables.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
    """
    path = environ.get("GITHUB_EVENT_PATH")
    if not path or not environ.get("GITHUB_HEAD_REF"):
        return {}
    try:
        if not Path(path).is_file():
            return {}
        with Path(path).open("rb") as file:
            pull = json.loads(file.read(_EVENT))["pull_request"]
        return {
            "GITHUB_EVENT.pull_request.number": str(pull["number"]),
            "GITHUB_EVENT.pull_request.head.repo.full_name": str(pull["head"]["repo"]["full_name"]),
        }
    except (OSError, ValueError, LookupError, TypeError):
        return {}
