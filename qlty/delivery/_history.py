"""The last outcomes of every test, in one small file that CI systems can cache."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from qlty.delivery._masking import current_masker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import ModuleType

    from qlty.results import TestResult

#: the version of the format that is written here
HISTORY_VERSION = 1

#: outcomes kept per test
KEPT = 20

#: a test that was not seen for so long has been removed or renamed
_FORGET_AFTER = timedelta(days=90)

_FAILED = {"failed", "error"}

_Scope = tuple[str, str, str]


class History:
    """Outcomes of the same suite in the same environment on the same branch.

    The file is JSON Lines: a header ``{"version": 1}``, then one object per test and scope with
    ``suite``, ``environment``, ``branch``, ``nodeid``, ``outcomes`` (oldest first, at most 20),
    ``run_id`` and ``time`` (of the newest).

    Attributes:
        trouble: why the file could not be read or written; ``None`` where all is well.
    """

    def __init__(self, path: Path, scope: _Scope) -> None:
        self.path = path
        self.trouble: str | None = None
        self._scope = scope
        self._entries: dict[tuple[_Scope, str], dict[str, Any]] = {}
        self._new: dict[str, dict[str, Any]] = {}

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        suite: str = "",
        environment: str | None = None,
        branch: str | None = None,
    ) -> History:
        """Read the file; one that is missing, damaged or newer is an empty history."""
        history = cls(path, (suite, environment or "", branch or ""))
        history._read()
        return history

    @property
    def known(self) -> bool:
        """Whether any earlier run of this suite, environment and branch is known."""
        return any(scope == self._scope for scope, _ in self._entries)

    def outcomes(self, nodeid: str) -> tuple[str, ...]:
        """Return the outcomes of earlier runs, oldest first; empty for a test never seen.

        They are those of ``TestResult["outcome"]``, and ``flaky`` for a pass after a rerun.
        """
        entry = self._entries.get((self._scope, _stored(nodeid)))
        return tuple(entry["outcomes"]) if entry else ()

    def failed_last(self) -> frozenset[str]:
        """Return the node ids that failed in the newest run; see :attr:`known`."""
        own = [(nodeid, e) for (scope, nodeid), e in self._entries.items() if scope == self._scope]
        newest = max((entry["time"], entry["run_id"]) for _, entry in own) if own else ("", "")
        return frozenset(
            nodeid
            for nodeid, entry in own
            if entry["run_id"] == newest[1] and entry["outcomes"][-1] in _FAILED
        )

    def record(self, results: Iterable[TestResult], *, run_id: str) -> None:
        """Add a run's results; what was interrupted says nothing about its test."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        for result in results:
            if result["interrupted"]:
                continue
            outcome = "flaky" if result["flaky"] else result["outcome"]
            nodeid = _stored(result["nodeid"])
            self._new[nodeid] = {"outcome": outcome, "run_id": run_id, "time": now}

    def save(self) -> None:
        """Write what was recorded; what other runs have written meanwhile is kept."""
        try:
            with self._locked():
                self._read()
                self._merge()
                self._write()
        except OSError as error:
            self.trouble = f"the history {self.path} cannot be written: {error.strerror}"

    def _merge(self) -> None:
        for nodeid, new in self._new.items():
            entry = self._entries.setdefault((self._scope, nodeid), {"outcomes": []})
            if entry.get("run_id") != new["run_id"]:
                entry["outcomes"] = [*entry["outcomes"], new["outcome"]][-KEPT:]
            entry.update(run_id=new["run_id"], time=new["time"])
        self._new = {}

    def _read(self) -> None:
        self._entries = {}
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            self.trouble = f"the history {self.path} cannot be read: {error.strerror}"
            return
        if lines and _parse(lines[0]).get("version") != HISTORY_VERSION:
            self.trouble = f"the history {self.path} is of another version: it is not used"
            return
        for line in lines[1:]:
            self._take(_parse(line))

    def _take(self, record: dict[str, Any]) -> None:
        outcomes = record.get("outcomes")
        nodeid = record.get("nodeid")
        if isinstance(nodeid, str) and isinstance(outcomes, list):
            suite, environment, branch = (
                str(record.get(name, "")) for name in ("suite", "environment", "branch")
            )
            self._entries[(suite, environment, branch), nodeid] = {
                "outcomes": [str(outcome) for outcome in outcomes][-KEPT:],
                "run_id": str(record.get("run_id", "")),
                "time": str(record.get("time", "")),
            }

    def _write(self) -> None:
        if self.trouble is not None:
            return
        encode = _json().encode
        oldest = (datetime.now(timezone.utc) - _FORGET_AFTER).isoformat()
        lines = [encode({"version": HISTORY_VERSION})]
        for ((suite, environment, branch), nodeid), entry in self._entries.items():
            if entry["time"] >= oldest:
                scope = {"suite": suite, "environment": environment, "branch": branch}
                lines.append(encode({**scope, "nodeid": nodeid, **entry}))
        self._replace(b"\n".join(lines) + b"\n")

    def _replace(self, content: bytes) -> None:
        scratch = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
        scratch.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _stored(nodeid: str) -> str:
    """Return how a node id is written: without secrets and lone surrogates, and still its own."""
    return current_masker().key(nodeid).encode("utf-8", "backslashreplace").decode()


def _json() -> ModuleType:
    import msgspec.json

    return msgspec.json


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = _json().decode(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
