"""Which files go into the thread, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._slack import limits
from qlty.results import iter_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qlty.results import TestResults

#: files that one line of the receipt names
_NAMED = 3


def choose(
    patterns: Sequence[str], results: TestResults, *, attachments: bool
) -> tuple[list[str], list[str]]:
    """Return absolute paths of what is to be uploaded, and why other files are not.

    Args:
        patterns: of reports, relative to the folder in which the run was started.
        results: whose failed tests may have evidence.
        attachments: whether that evidence is wanted.
    """
    paths = dict.fromkeys(_matching(patterns))
    if attachments:
        paths |= dict.fromkeys(_evidence(results))
    chosen: list[str] = []
    left_out: dict[str, list[str]] = {}
    total = 0
    for path in paths:
        size = _size(path)
        if reason := _why_not(size, len(chosen), total):
            left_out.setdefault(reason, []).append(Path(path).name)
        else:
            chosen.append(path)
            total += size or 0
    return chosen, [f"not uploaded: {_some(names)}: {why}" for why, names in left_out.items()]


def _why_not(size: int | None, files: int, total: int) -> str:
    if size is None:
        return "no such file"
    if not size:
        return "empty, which Slack refuses"
    if size > limits.FILE_BYTES:
        return f"larger than {limits.FILE_BYTES // 1_000_000} MB"
    if files >= limits.FILES:
        return f"a run has at most {limits.FILES} files"
    if total + size > limits.ALL_FILES_BYTES:
        return f"a run's files have at most {limits.ALL_FILES_BYTES // 1_000_000} MB"
    return ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def read(
    paths: Iterable[str], mask: Callable[[str], str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read files for the upload; text is masked.

    Returns:
        the files, and what went wrong with others.
    """
    uploads, problems = [], []
    for path in paths:
        try:
            content = Path(path).read_bytes()[: limits.FILE_BYTES]
        except OSError as error:
            problems.append(f"{Path(path).name} was not uploaded: {error.strerror}")
            continue
        if content:
            name = Path(path).name
            uploads.append({"filename": name, "title": name, "content": _masked(content, mask)})
    return uploads, problems


def _masked(content: bytes, mask: Callable[[str], str]) -> bytes:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    return mask(text).encode("utf-8") or b" "


def _matching(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        base = Path(pattern).anchor or "."
        relative = str(Path(pattern).relative_to(base)) if base != "." else pattern
        yield from (
            str(path.resolve()) for path in sorted(Path(base).glob(relative)) if path.is_file()
        )


def _evidence(results: TestResults) -> Iterator[str]:
    for result in iter_results(results):
        if result["status"] == "failed":
            yield from (str(Path(path).resolve()) for path in result.get("attachments") or ())


def _size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
