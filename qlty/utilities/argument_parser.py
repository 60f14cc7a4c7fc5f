"""The command line of the runner.

A new integration adds its argument in :func:`parse_arguments` and sets its flag there.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

from qlty import config

if TYPE_CHECKING:
    from collections.abc import Sequence

#: pytest's exit status for a command line that it cannot use
USAGE_ERROR = 4
_EPILOG = (
    "Everything behind -- goes to pytest, which runs the tests, unittest suites included "
    "(load_tests is not honoured)."
)


class Parser(argparse.ArgumentParser):
    """Ends with pytest's exit status for a usage error: argparse's own 2 means "interrupted".

    Attributes:
        hint: what to say about an unrecognized argument.
    """

    hint = ""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.print_usage(sys.stderr)
        if message.startswith("unrecognized arguments"):
            message += self.hint
        message += _nearest_choice(message)
        self.exit(USAGE_ERROR, f"{self.prog}: error: {message}\n")


def _nearest_choice(message: str) -> str:
    from qlty.settings import nearest  # takes a while to import, for a mistake alone

    found = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    meant = nearest(found[1], re.findall(r"[\w-]+", found[2])) if found else []
    return f"; did you mean {meant[0]!r}?" if meant else ""


def parse_arguments(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Parse the runner's command line and set the flags in ``qlty.config``.

    Returns:
        the runner's own arguments, and those behind ``--``, which are pytest's.

    Raises:
        SystemExit: after ``--help``, and with 4 after a wrong argument.
    """
    own, rest = _split(argv)
    parser = _new_parser()

    # Arguments. A new integration's argument goes here.
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders with tests")
    parser.add_argument("-s", "--slack", action="store_true", help="Enable Slack integration")
    parser.add_argument("-r", "--testrail", action="store_true", help="Enable TestRail integration")
    parser.add_argument("--pagerduty", action="store_true", help="Enable PagerDuty integration")
    _add_reporting(parser)
    _add_selection(parser)

    args = parser.parse_intermixed_args(own)

    if args.workers and find_spec("xdist") is None:
        parser.error("-n needs pytest-xdist: pip install 'qlty-framework[xdist]'")

    # Argument processing. A new integration's flag is set here.
    if args.slack:
        config.SLACK_INTEGRATION = True
    if args.testrail:
        config.TESTRAIL_INTEGRATION = True
    if args.pagerduty:
        config.PAGERDUTY_INTEGRATION = True
    config.REPORT_ON_FAIL = args.report_on_fail
    config.CURRENT_PLATFORM = args.platform
    config.CURRENT_ENVIRONMENT = args.env
    return args, rest


def _new_parser() -> Parser:
    parser = Parser(
        prog="qlty-framework run",
        description="Run tests, and report the run.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.hint = " (options of pytest go behind --)"
    return parser


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    arguments = list(argv)
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report-to",
        action="append",
        metavar="NAMES",
        default=[],
        help="report to these integrations, those of installed packages too (repeatable)",
    )
    parser.add_argument(
        "-f",
        "--report-on-fail",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="report runs that have failures, too (the default)",
    )
    parser.add_argument(
        "--qlty-dry-run",
        metavar="DIR",
        nargs="?",
        const="",
        help="print the requests that would be sent, or write them to DIR, and send nothing",
    )
    parser.add_argument("-p", "--platform", help="label of the platform, such as chrome or ios")
    parser.add_argument("--env", help="label of the environment under test, such as staging")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "which tests run",
        "NAME is TestClass, TestClass.test_x or module.TestClass.test_x. "
        "TAG is a pytest mark, or one of the 'tags' of a test's class or function. "
        "Each option may be repeated.",
    )
    for flags, metavar, text in (
        (("-t", "--test"), "NAME", "only the tests of these names"),
        (("--exclude",), "NAME", "none of the tests of these names"),
        (("--tag",), "TAG", "only tests with one of these tags"),
        (("--exclude-tag",), "TAG", "no test with one of these tags"),
    ):
        group.add_argument(*flags, action="append", metavar=metavar, default=[], help=text)
    parser.add_argument(
        "-n", metavar="NUM", dest="workers", help="processes: a number or auto (pytest-xdist)"
    )
