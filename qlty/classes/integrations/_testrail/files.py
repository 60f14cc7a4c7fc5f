"""Evidence: which files belong to which result, and their way to TestRail."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail.client import BadRequest
from qlty.classes.integrations._testrail.limits import ATTACHMENT_BYTES
from qlty.delivery import mask
from qlty.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.merging import Result
    from qlty.classes.integrations._testrail.progress import Progress

#: bytes that tell text from anything else
_HEAD = 8_192

#: lines that are masked at once, so that a large log does not have to be in memory
_LINES = 2_000


@dataclass(frozen=True)
class Upload:
    """One file and what it belongs to: a result (with its test), or the run."""

    path: Path
    run_id: int
    result_id: int | None = None
    test_id: int | None = None


def uploads(
    results: Iterable[Result],
    ids: dict[str, Sequence[int]],
    run_id: int,
    log_path: str | None,
) -> Iterator[Upload]:
    """Yield every file in the order in which it is sent.

    Args:
        results: of which files are sent.
        ids: result and test of each case, as TestRail answered.
        run_id: the run.
        log_path: console log of the run.
    """
    for result in results:
        if str(result.case_id) in ids:
            result_id, test_id = ids[str(result.case_id)]
            for file in result.files:
                yield Upload(Path(file), run_id, result_id, test_id)
    if log_path:
        yield Upload(Path(log_path), run_id)


def attach(rail: TestRail, progress: Progress, wanted: Iterable[Upload]) -> None:
    """Send the files that were not sent yet; one that cannot be sent is noted, not fatal."""
    done = progress.get("attached", 0)
    for number, upload in enumerate(wanted):
        if number < done:
            continue
        note = _why_not(upload.path) or _attach(rail, progress, upload)
        notes = progress.get("notes", [])
        progress.finish(attached=number + 1, notes=[*notes, note] if note else notes)


def _why_not(path: Path) -> str | None:
    """Say why a file cannot be sent, ``None`` where it can."""
    try:
        size = path.stat().st_size
    except OSError as error:
        return f"{path.name} was not attached: {error.strerror}"
    if not size:
        return f"{path.name} was not attached: it is empty, which TestRail refuses"
    if size > ATTACHMENT_BYTES:
        return f"{path.name} was not attached: {size} bytes, TestRail takes {ATTACHMENT_BYTES}"
    return None


def _attach(rail: TestRail, progress: Progress, upload: Upload) -> str | None:
    """Send one file; return why it was refused. The file is opened anew in every attempt."""
    if progress.was_lost("file") and _is_there(rail, upload):
        return None
    try:
        with progress.announced("file"), _masked(upload.path) as path:
            if upload.result_id is None:
                rail.write(rail.api.attachments.add_attachment_to_run, upload.run_id, path)
            else:
                rail.write(rail.api.attachments.add_attachment_to_result, upload.result_id, path)
    except (Refused, OSError) as error:
        return f"{upload.path.name} was not attached: {error}"
    return None


def _is_there(rail: TestRail, upload: Upload) -> bool:
    """Ask, after a lost answer, whether the file arrived."""
    api = rail.api.attachments
    try:
        if upload.result_id is None:
            rows = rail.all(api.get_attachments_for_run, "attachments", upload.run_id)
        else:
            rows = rail.all(api.get_attachments_for_test, "attachments", upload.test_id)
    except BadRequest:
        return False
    return any(_is(row, upload) for row in rows)


def _is(row: dict[str, Any], upload: Upload) -> bool:
    """Say whether a listed file is this one; before and after TestRail 7.1 its owner has a name."""
    if upload.path.name not in {row.get("name"), row.get("filename")}:
        return False
    owner = row.get("result_id") or row.get("entity_id")
    return upload.result_id is None or owner is None or str(owner) == str(upload.result_id)


@contextmanager
def _masked(path: Path) -> Iterator[Path]:
    """Give the file itself or, where it is text with secrets in it, a copy without them."""
    if not _is_text(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="qlty-") as folder:
        copy = Path(folder, path.name)
        changed = False
        with _open(path, "r") as source, _open(copy, "w") as out:
            while lines := "".join(islice(source, _LINES)):
                masked = mask(lines)
                changed = changed or masked != lines
                out.write(masked)
        yield copy if changed else path


def _open(path: Path, mode: str) -> Any:
    return path.open(mode, encoding="utf-8", errors="surrogateescape", newline="")


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(_HEAD)
