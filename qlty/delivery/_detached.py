"""Starting a process that is no child of the run, and that the run steers through a pipe.

A suite may wait for all of its children, count them, or end them: ours must not be among them.
A launcher forks the process, tells its number and ends; the launcher is waited for right here.

A test may have put mocks in the place of ``subprocess`` and ``os``, or may close descriptors that
are not its own. So functions are taken when this module is imported, and a descriptor is looked at
before it is used.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import weakref
from contextlib import suppress
from os import close, environb, pipe, posix_spawn, waitpid
from os import open as open_file
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from qlty.delivery._process import born_at, identity
from qlty.runtime import Descriptor, clock
from qlty.runtime.files import open_own

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAIN = str(Path(__file__).absolute().with_name("_detached_main.py"))
_POLL = 0.01
_KILL_TIMEOUT = 5.0
_NO_STATUS = -1


class Detached:
    """A process that was started by :func:`start_detached`.

    Attributes:
        pid: its number.
    """

    def __init__(self, pid: int, control: Descriptor, status: Descriptor) -> None:
        self.pid = pid
        self._born = born_at(pid)
        self._control = control
        self._status = status
        self._said = b""
        self._lines: list[bytes] = []
        self._ended: int | None = None
        _all.add(self)

    @property
    def is_reachable(self) -> bool:
        """Whether no test has closed the pipes to it."""
        return self._control.is_ours and self._status.is_ours

    def tell(self, line: bytes) -> bool:
        """Write to its standard input; say whether that was possible. Never waits."""
        return self._control.write(line)

    def close(self) -> None:
        """Tell it, by the end of its input, that nothing more comes."""
        self._control.close()

    def heard(self) -> list[bytes]:
        """Return the lines that it has told since the last call. Never waits."""
        self.poll()
        lines, self._lines = self._lines, []
        return lines

    def poll(self) -> int | None:
        """Return its exit status, ``None`` while it lives, -1 where it ended without one."""
        while self._ended is None and (said := self._status.read()):
            *lines, self._said = (self._said + said).split(b"\n")
            self._lines += lines
        if self._ended is None:
            if self._said.isdigit():
                self._ended = int(self._said)
            elif said is not None or born_at(self.pid) != self._born:
                self._ended = _NO_STATUS
            if self._ended is not None:
                self._status.close()
        return self._ended

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            with suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
        deadline = clock.monotonic() + _KILL_TIMEOUT
        while self.poll() is None and clock.monotonic() < deadline:
            sleep(_POLL)
        self.close()

    def forget(self) -> None:
        """Close what a forked child has inherited: the process is not its own."""
        self._control.close()
        self._status.close()


_all: weakref.WeakSet[Detached] = weakref.WeakSet()


def _forget_all() -> None:
    for process in tuple(_all):
        process.forget()


os.register_at_fork(after_in_child=_forget_all)


def start_detached(
    module: str,
    setup: Mapping[str, Any],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Detached:
    """Start ``module.run(setup, control, tell)`` in a process of its own, in a session of its own.

    There the interpreter's own modules and the installed ones come first, then what else stands
    on ``sys.path`` here, and what lies in the project's root last: nothing of a project takes the
    place of a module that the process needs.

    Args:
        module: dotted name; its ``run`` gets the setup; its standard input, as a binary file that
            ends when this process ends or closes it; and a descriptor that takes lines for
            :meth:`Detached.heard`. It returns the exit status; what it raises makes that 1.
        setup: JSON, handed over through a pipe, so that secrets are never on a command line.
            ``rootdir`` says where the project is. ``run`` is added: the name of this process, as
            :func:`qlty.delivery._process.is_alive` takes it.
        cwd: its working directory.
        environ: its environment; that of this process where there is none.
        log: file for its standard error.

    Raises:
        OSError: no process can be started.
    """
    variables = dict(environb) if environ is None else _encoded(environ)
    full = {
        **setup,
        "run": identity(),
        "cwd": str(cwd) if cwd else None,
        "sys_path": list(filter(_is_text, sys.path)),
        # kept from the interpreter, which would put it before its own modules
        "pythonpath": os.fsdecode(variables.pop(b"PYTHONPATH", b"")) or None,
    }
    ends = [Descriptor(number) for _ in range(2) for number in pipe()]
    its_input, control, status, its_output = ends
    try:
        launcher = _spawn(module, its_input, its_output, variables, log)
        its_input.close()
        its_output.close()
        pid = _wait_for(launcher, status)
        control.write(json.dumps(full).encode() + b"\n")
    except BaseException:
        for end in ends:
            end.close()
        raise
    for end in (control, status):
        os.set_blocking(end.number, False)
    return Detached(pid, control, status)


def _is_text(entry: object) -> bool:
    return isinstance(entry, str)  # others are put there by mistake, and passed over by Python


def _encoded(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}


def _spawn(
    module: str,
    its_input: Descriptor,
    its_output: Descriptor,
    environ: Mapping[bytes, bytes],
    log: Path | None,
) -> int:
    # warnings are the business of the tests alone
    command = [sys.executable, "-W", "ignore", _MAIN, module]
    errors = _open_log(log)
    try:
        return posix_spawn(
            sys.executable,
            command,
            environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, its_input.number, 0),
                (os.POSIX_SPAWN_DUP2, its_output.number, 1),
                (os.POSIX_SPAWN_DUP2, errors, 2),
            ],
            # Ctrl-C in a terminal goes to the run, which tells the process what to do
            setpgroup=0,
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGTERM),
        )
    finally:
        close(errors)


def _open_log(path: Path | None) -> int:
    if path is not None:
        with suppress(OSError):
            return open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return open_file(os.devnull, os.O_WRONLY)


def _wait_for(launcher: int, status: Descriptor) -> int:
    """Return the number of the process that the launcher has forked before it ended.

    Raises:
        OSError: it ended without one.
    """
    line = b""
    try:
        while not line.endswith(b"\n") and (more := status.read()):
            line += more
    finally:
        ended = _reap(launcher)
    if not line.endswith(b"\n"):
        raise OSError(f"{sys.executable} ended with status {ended} before it began")
    return int(line)


def _reap(launcher: int) -> int | None:
    try:
        return os.waitstatus_to_exitcode(waitpid(launcher, 0)[1])
    except ChildProcessError:
        return None  # a thread of the suite that waits for every child was faster
