"""Someone who follows the guide's five steps to the letter has a working ``-x/--example``."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap

import pytest


def add(path, line, indent, text):
    """Insert ``text`` behind this line (1-based) of the file."""
    lines = path.read_text().splitlines(keepends=True)
    lines.insert(line, textwrap.indent(text, " " * indent))
    path.write_text("".join(lines))


def nodes(path, kind, start):
    """Return the syntax nodes of this kind whose source begins like this."""
    source = path.read_text()
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kind)]
    found = [n for n in found if ast.get_source_segment(source, n).startswith(start)]
    assert found, f"the guide speaks of {start!r}, which {path} does not have"
    return found


@pytest.fixture(params=["first", "last"])
def edited(request, source_copy, guide):
    """Return a copy edited as steps 1 to 4 say, at the first or at the last possible place."""
    place = {"first": 0, "last": -1}[request.param]
    example = "qlty/classes/integrations/example_integration.py"
    (source_copy / example).write_text(guide[example])

    config = source_copy / "qlty/config.py"
    config.write_text(config.read_text() + "\n" + guide["qlty/config.py"])

    parser = source_copy / "qlty/utilities/argument_parser.py"
    argument = nodes(parser, ast.Expr, "parser.add_argument(")[0]
    add(
        parser,
        argument.end_lineno,
        argument.col_offset,
        guide[f"qlty/utilities/{parser.name}: argument"],
    )
    processing = nodes(parser, ast.If, "if args.")[place]
    add(
        parser,
        processing.end_lineno,
        processing.col_offset,
        guide[f"qlty/utilities/{parser.name}: processing"],
    )

    runner = source_copy / "qlty/qlty_tests.py"
    (function,) = nodes(runner, ast.FunctionDef, "def _register_integrations(")
    add(runner, function.body[place].end_lineno, 4, guide["qlty/qlty_tests.py"])
    return source_copy


@pytest.fixture
def project(tmp_path, guide):
    """Return a small test project, edited as step 5 says."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "settings.py").write_text(guide["settings.py: example"])
    (folder / "test_shop.py").write_text(
        "import unittest\n\n"
        "def test_function(): pass\n\n"
        "class TestOld(unittest.TestCase):\n"
        "    def test_method(self): pass\n"
    )
    return folder


def run(edited, project, *command):
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environ |= {"PYTHONPATH": str(edited), "EXAMPLE_API_KEY": "k", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("argument", ["-x", "--example"])
@pytest.mark.parametrize("command", [("qlty.qlty_tests",), ("qlty", "run")])
def test_the_example_validates_and_reports(edited, project, command, argument):
    done = run(edited, project, *command, argument)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert text.count("Validating Example integration...") == 1
    assert text.count("Reporting 2 results to Example") == 1


def test_without_its_argument_the_example_is_silent(edited, project):
    done = run(edited, project, "qlty.qlty_tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Example" not in done.stdout + done.stderr


def test_the_argument_stands_in_the_help(edited, project):
    assert (
        "-x, --example         Enable Example integration"
        in run(edited, project, "qlty.qlty_tests", "--help").stdout
    )


def test_a_missing_key_names_the_line_and_the_tests_run(edited, project):
    (project / "settings.py").write_text("EXAMPLE = {}\n")
    done = run(edited, project, "qlty.qlty_tests", "-x")
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "2 passed" in text
    assert "KeyError: 'API_KEY'" in text
    assert "registry.register(ExampleIntegration())" in text
