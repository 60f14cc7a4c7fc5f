"""``python -m scripts.fetch_corpus``: fetch test suites that nobody here wrote, into ``.corpus/``.

The source distributions of ``tests/corpus/sources.txt`` are downloaded, checked against their
hashes and unpacked; what their tests need beside them goes into a folder of its own.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LISTS = ROOT / "tests" / "corpus"
SOURCES, BESIDE = LISTS / "sources.txt", LISTS / "beside.txt"
CORPUS = ROOT / ".corpus"
STAMP = CORPUS / "fetched"


def main() -> int:
    """Fetch everything, unless it is there already; returns the exit code."""
    wanted = hashlib.sha256(SOURCES.read_bytes() + BESIDE.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted:
        return 0
    shutil.rmtree(CORPUS, ignore_errors=True)
    CORPUS.mkdir()
    downloads = CORPUS / "downloads"
    _pip("download", "--no-deps", "--require-hashes", "--dest", downloads, "--requirement", SOURCES)
    for archive in sorted(downloads.glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            opened.extractall(CORPUS / "suites", filter="data")
    _pip("install", "--no-deps", "--target", CORPUS / "beside", "--requirement", BESIDE)
    STAMP.write_text(wanted, encoding="ascii")
    return 0


def _pip(command: str, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
