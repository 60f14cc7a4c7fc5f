"""Every setting and every option of the runner stands in its reference page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qlty.settings import IntegrationSettings, QltySettings

DOCS = Path(__file__).parents[2] / "docs"


def section(page, title):
    """Return the part of a page under this heading."""
    return (DOCS / page).read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "model"), [("QLTY", QltySettings), ("Every integration", IntegrationSettings)]
)
def test_every_setting_has_a_row_and_every_row_a_setting(title, model):
    rows = re.findall(r"^\| `([A-Z_]+)` \|", section("settings.md", title), re.MULTILINE)
    assert sorted(rows) == sorted(name.upper() for name in model.__struct_fields__)


def test_every_option_of_the_runner_has_a_row():
    done = subprocess.run(
        [sys.executable, "-m", "qlty", "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "NO_COLOR": "1"},
    )
    page = (DOCS / "runner.md").read_text()
    options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", done.stdout)) - {"-h", "--help"}
    shown = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", "".join(re.findall(r"^\| .*", page, re.M))))
    assert "--slack" in options
    assert options - shown == set()
    assert shown - options == set()


#: marks of pytest itself and of pytest-rerunfailures
FOREIGN = {"flaky", "parametrize", "skip", "skipif", "usefixtures", "xfail"}


def test_every_marker_that_the_documents_name_is_registered(tmp_path):
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md", *DOCS.parent.glob("examples/**/*.md")]
    named = {
        name for page in pages for name in re.findall(r"pytest\.mark\.(\w+)", page.read_text())
    }
    command = [sys.executable, "-m", "pytest", "--markers", "-p", "no:cacheprovider"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert named - FOREIGN <= set(re.findall(r"^@pytest\.mark\.(\w+)", told, re.MULTILINE))
    assert {"owner", "testrail"} <= named
