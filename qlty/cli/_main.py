"""Find the subcommand, and import that one alone."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

from qlty.errors import QltyError, SettingsError
from qlty.results import for_terminal
from qlty.utilities.argument_parser import USAGE_ERROR, Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

PROG = "qlty-framework"
#: what a shell reports for a command that Ctrl-C ended
INTERRUPTED = 130

#: Subcommands whose module has a ``main(argv)`` with a parser of its own.
_WHOLE = {
    "run": ("run tests and report the run", "qlty.qlty_tests"),
    "sandbox": ("start local servers that answer as the real ones", "qlty.sandbox"),
}
#: Subcommands whose module has ``add_parser(subparsers)``, which adds a parser of the same name
#: and sets its default ``func`` to a function from the parsed arguments to the exit status.
_PARSED = {
    "check": ("check settings, credentials and targets", "qlty.cli._check"),
    "outbox": ("look at deliveries that wait, and send them", "qlty.cli._outbox"),
    "report": ("report the results in files of any runner", "qlty.cli._report"),
    "testrail": ("compare tests with TestRail's cases", "qlty.cli._testrail"),
}


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the version, and end."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version(PROG)
        except PackageNotFoundError:
            number = "(a source tree that is not installed)"
        print(PROG, number)
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        argv: the command line without the command's name; by default that of the process.

    Returns:
        the exit status: the subcommand's own; 4 for a command line or a setting that cannot be
        used, 1 where the subcommand failed, 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except QltyError as error:
        print(f"{PROG}: error: {for_terminal(str(error))}", file=sys.stderr)
        return USAGE_ERROR if isinstance(error, SettingsError) else 1
    except BrokenPipeError:
        # whoever read the output has seen enough; the interpreter must not try to write the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _dispatch(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name != "run":  # whose tests find the streams as they were
        _show_every_character()
    if name in _WHOLE:
        whole = importlib.import_module(_WHOLE[name][1])
        return int(whole.main(arguments[1:]) or 0)
    parser = _parser(name)
    args = parser.parse_args(arguments)
    if not hasattr(args, "func"):
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    return int(args.func(args) or 0)


def _show_every_character() -> None:
    """Print an escape for a character that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser(named: str) -> Parser:
    """Return the parser; only the subcommand that is named has its arguments."""
    parser = Parser(
        prog=PROG,
        description="Carries the results of a test run to the people and systems that act on them.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (text, module) in {**_WHOLE, **_PARSED}.items():
        if name == named:
            importlib.import_module(module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=text)
    return parser
