"""Which of the files that a report names may be sent along.

Whoever writes a report would otherwise choose any file of this machine, and where it is sent to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.ingest._report import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.ingest._report import FileReport

_ELSEWHERE = ("http:", "https:", "data:")


def keep_evidence(report: FileReport, folder: Path, rootdir: Path) -> None:
    """Keep the files that are below the report's folder or the project's root.

    Addresses stay in the properties, and are no files.
    """
    inside = [os.path.realpath(place) for place in (folder, rootdir)]
    for row in report.rows:
        if row.detail is None:
            continue
        named = row.attachments
        paths = [_path(name, folder) for name in named if not name.startswith(_ELSEWHERE)]
        row.attachments = [path for path in dict.fromkeys(paths) if _is_below(path, inside)]
        for path in paths:
            if path not in row.attachments:
                report.warn(row.line, f"the attachment {shown(path)!r} is left out: {_why(path)}")


def _path(name: str, folder: Path) -> str:
    return str(folder.absolute() / name.removeprefix("file://"))


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long, or no path at all
        return False


def _is_below(path: str, inside: Sequence[str]) -> bool:
    real = Path(os.path.realpath(path)) if _is_file(path) else None
    return real is not None and any(real.is_relative_to(place) for place in inside)


def _why(path: str) -> str:
    if not _is_file(path):
        return "there is no such file"
    return "it is neither below the report's folder nor below the project's root"
