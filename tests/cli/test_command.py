"""The command itself: what it answers before and around a subcommand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import ModuleType

import pytest

from qlty.cli import _main, main
from qlty.errors import OutboxError, SettingsError


def run(*arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "qlty", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environ},
        check=False,
    )


def test_help_lists_the_commands():
    done = run("--help")
    assert done.returncode == 0
    assert "run " in done.stdout
    assert "sandbox" in done.stdout


def test_version_is_that_of_the_installed_package():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, "qlty-framework 2.0.0\n")


def test_no_command_shows_the_help_and_is_a_usage_error():
    done = run()
    assert done.returncode == 4
    assert "usage: qlty-framework" in done.stderr


def test_an_unknown_command_is_a_usage_error():
    done = run("rnu")
    assert done.returncode == 4
    assert "'rnu'" in done.stderr


@pytest.mark.parametrize("command", ["--help", "run"])
def test_help_has_no_colours_where_they_are_unwanted(command):
    done = run(command, "--help", NO_COLOR="1", FORCE_COLOR="1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from qlty.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'pytest', 'msgspec', 'sqlite3', 'starlette', 'slack_sdk', 'requests'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def command(monkeypatch):
    """Make ``try`` a subcommand that calls a function of the test."""

    def register(action):
        module = ModuleType("qlty_try_command")
        module.add_parser = lambda subparsers: subparsers.add_parser("try").set_defaults(
            func=action
        )
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(_main._PARSED, "try", ("try it", module.__name__))

    return register


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_a_subcommands_status_is_the_commands(command, returned, status):
    command(lambda args: returned)
    assert main(["try"]) == status


@pytest.mark.parametrize(
    ("error", "status"), [(SettingsError("SHOP is wrong"), 4), (OutboxError("no such id"), 1)]
)
def test_our_own_errors_are_one_line_without_a_traceback(command, capsys, error, status):
    def fail(args):
        raise error

    command(fail)
    assert main(["try"]) == status
    assert capsys.readouterr().err == f"qlty-framework: error: {error}\n"


def test_ctrl_c_is_130_without_a_traceback(tmp_path):
    (tmp_path / "waiting.py").write_text(
        "import sys, time\n"
        "from types import ModuleType\n"
        "from qlty.cli import _main\n"
        "def wait(args):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(300)\n"
        "sys.modules['waits'] = ModuleType('waits')\n"
        "sys.modules['waits'].add_parser = "
        "lambda subparsers: subparsers.add_parser('wait').set_defaults(func=wait)\n"
        "_main._PARSED['wait'] = ('wait', 'waits')\n"
        "sys.exit(_main.main(['wait']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "waiting.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (130, "")
