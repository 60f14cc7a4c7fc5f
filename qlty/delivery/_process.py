"""Telling whether the process that wrote something is still alive."""

from __future__ import annotations

from os import getpid, kill
from pathlib import Path
from socket import gethostname

_PROC = Path("/proc")


def identity() -> str:
    """Name this process so that another one can later ask :func:`is_alive`.

    The name holds host, boot, process-id namespace, process id and start time: a process id alone
    is given to somebody else sooner or later, and means nothing in another container.
    """
    pid = getpid()
    return "|".join([gethostname(), _boot(), _namespace(), str(pid), _start_time(pid) or ""])


def is_alive(name: str) -> bool | None:
    """Say whether the process of this name lives; ``None`` where that cannot be known from here."""
    try:
        host, boot, namespace, pid_text, started = name.split("|")
        pid = int(pid_text)
    except ValueError:
        return None
    if (host, boot, namespace) != (gethostname(), _boot(), _namespace()):
        return None
    if started:
        return _start_time(pid) == started
    return _answers(pid)


def born_at(pid: int) -> str | None:
    """Return what tells a process from a later one of its number, ``None`` where it is dead."""
    if _start_time(getpid()) is not None:
        return _start_time(pid)
    return None if _answers(pid) is False else ""


def _answers(pid: int) -> bool | None:
    """Ask the kernel about a process id whose start time is unknown: only "no" is certain."""
    try:
        kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return None


def _boot() -> str:
    return _read(_PROC / "sys/kernel/random/boot_id").strip()


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _start_time(pid: int) -> str | None:
    """Return the start time in clock ticks, ``None`` for a dead process (also one not reaped)."""
    # the second field is the program's name in parentheses, which may hold anything
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if not fields or fields[0] in {"Z", "X"}:
        return None
    return fields[19]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
