"""The code blocks of the documentation, as files of a project."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r'^( *)```python title="([^"]+)"\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="session")
def guide() -> dict[str, str]:
    """Return the code blocks of the guide by their titles."""
    text = (ROOT / "docs" / "creating-custom-integrations.md").read_text()
    blocks = {title: textwrap.dedent(code) for _, title, code in _BLOCK.findall(text)}
    assert len(blocks) == text.count("```python"), "every block has a title of its own"
    return blocks


@pytest.fixture
def source_copy(tmp_path) -> Path:
    """Return a copy of the source tree."""
    copy = tmp_path / "source"
    for package in ("qlty", "pytest_pagerduty"):
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return copy
