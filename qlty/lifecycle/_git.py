"""What git says of a checkout. Where git or a checkout is missing, nothing is known."""

from __future__ import annotations

import re
import subprocess
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: seconds for one question
_PATIENCE = 5

_HEADS = "refs/heads/"
#: ``user@host:path``, as ``git clone`` takes it
_SCP = re.compile(r"(?:[^@/]+@)?[^:/]+:(?!//)(?P<path>.+)")
#: what servers put before or into the path, by a part of the address
_OF_SERVERS = (
    ("ssh.dev.azure.com", re.compile("^v3/")),
    ("/_git/", re.compile("(?:^|(?<=/))_git/")),  # Azure
    ("/scm/", re.compile("^scm/")),  # Bitbucket Server
)


class Git:
    """The checkout that a folder is part of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def root(self) -> Path | None:
        """The folder of the checkout."""
        return Path(self._head[0]) if self._head[0] else None

    @property
    def prefix(self) -> str:
        """The folder inside of the checkout, without slashes at its ends; ``""`` for its root."""
        return self._head[1].strip("/")

    @property
    def commit(self) -> str | None:
        """The full hash of what is checked out."""
        return self._head[2] or None

    @property
    def branch(self) -> str | None:
        """The branch that is checked out; ``None`` for a detached commit."""
        ref = self._head[3]
        return ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else None

    @cached_property
    def remotes(self) -> dict[str, str]:
        """The addresses of all remotes by their names, ``origin`` first."""
        lines = self._ask("config", "--get-regexp", r"^remote\..*\.url$")
        pairs = (line.partition(" ")[::2] for line in lines if line)
        found = {key[len("remote.") : -len(".url")]: url for key, url in pairs}
        return dict(sorted(found.items(), key=lambda pair: pair[0] != "origin"))

    @cached_property
    def _head(self) -> tuple[str, str, str, str]:
        asked = ("--show-toplevel", "--show-prefix", "HEAD", "--symbolic-full-name", "HEAD")
        # a checkout without a commit has the first two alone
        told = [*self._ask("rev-parse", *asked), "", "", "", ""]
        commit = told[2] if re.fullmatch("[0-9a-f]{40,64}", told[2]) else ""
        return told[0], told[1], commit, told[3] if commit else ""

    def _ask(self, *arguments: str) -> list[str]:
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                capture_output=True,
                encoding="utf-8",
                errors="backslashreplace",
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return []
        return done.stdout.split("\n")


def repository(address: str) -> str:
    """Return ``owner/name`` of a repository's address, without credentials; or what it is.

    >>> repository("git@github.com:acme/shop.git")
    'acme/shop'
    >>> repository("https://user:token@dev.azure.com/acme/My%20Project/_git/shop")
    'acme/My Project/shop'
    >>> repository("/srv/git/shop.git")
    'shop'
    >>> repository("acme/shop")
    'acme/shop'
    """
    scp = _SCP.fullmatch(address)
    if "://" in address:
        parts = urlsplit(address)
        path = parts.path if parts.netloc else Path(parts.path).name
    elif scp:
        path = scp["path"]
    else:
        path = Path(address).name if address.startswith(("/", ".", "~")) else address
    path = unquote(path).strip("/").removesuffix(".git")
    for part, pattern in _OF_SERVERS:
        path = pattern.sub("", path) if part in address else path
    return path
