"""Regular files of one's own, and no others.

A FIFO lets whoever opens it wait for ever, a device keeps nothing, and a symbolic link may lead to
a file that is somebody else's or means something else.
"""

from __future__ import annotations

import errno
import os
import stat
from os import close, fdopen, fstat, ftruncate, geteuid, lstat
from os import open as open_file
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEVER_WAIT = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_FILE = "it is no regular file"


def open_own(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file; return its descriptor.

    Raises:
        OSError: it cannot be opened, or it is no regular file of this user; ``strerror`` says why.
    """
    try:
        file = open_file(path, flags & ~os.O_TRUNC | _NEVER_WAIT, mode)
    except OSError as error:
        meant = {errno.ELOOP: "it is a symbolic link", errno.ENXIO: _NO_FILE}
        if error.errno not in meant:
            raise
        raise OSError(error.errno, meant[error.errno], str(path)) from None
    try:
        found = fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, _NO_FILE, str(path))
        if not _is_own(found):
            raise OSError(errno.EPERM, "it belongs to another user", str(path))
        if flags & os.O_TRUNC:
            ftruncate(file, 0)
    except BaseException:
        close(file)
        raise
    return file


def reading(path: Path) -> IO[bytes]:
    """Open a file to read; raises as :func:`open_own`."""
    return fdopen(open_own(path, os.O_RDONLY), "rb")


def is_own_file(path: Path) -> bool:
    """Say whether a regular file of this user is there."""
    try:
        found = lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and _is_own(found)


def check_folder(path: Path) -> None:
    """See whether nobody else can put files into a folder.

    Raises:
        OSError: somebody can, or it is no folder; ``strerror`` says why.
    """
    found = lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link", str(path))
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "it is no folder", str(path))
    if not _is_own(found):
        raise OSError(errno.EPERM, "it belongs to another user", str(path))
    if found.st_mode & stat.S_IWOTH:
        raise OSError(errno.EPERM, "every user may write to it (chmod o-w)", str(path))


def _is_own(found: os.stat_result) -> bool:
    # in a container root works on what a user of the host owns
    return geteuid() in {found.st_uid, 0}
