"""The runner: ``qlty-framework run``, or ``python -m qlty.qlty_tests``.

It keeps no state: started with ``-m`` it is loaded a second time when the run begins.
PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from qlty import config
from qlty.classes.integrations import registry
from qlty.runner_plugin import Order, Selection, current_flags
from qlty.settings import custom_integrations
from qlty.utilities.argument_parser import USAGE_ERROR, parse_arguments

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def _register_integrations() -> None:
    """Register the integrations of this run; hooks are called in this order.

    Slack comes last, so that it can link what the others put into ``context``.
    """
    if config.TESTRAIL_INTEGRATION:
        from qlty.classes.integrations.testrail_integration import TestRailIntegration

        registry.register(TestRailIntegration())

    if config.PAGERDUTY_INTEGRATION:
        from qlty.classes.integrations.pagerduty_integration import PagerDutyIntegration

        registry.register(PagerDutyIntegration())

    registry.register_custom(custom_integrations())

    if config.SLACK_INTEGRATION:
        from qlty.classes.integrations.slack_integration import SlackIntegration

        registry.register(SlackIntegration())


def main(argv: Sequence[str] | None = None) -> int:
    """Run tests and report the run.

    Args:
        argv: the command line without the command's name; by default that of the process.

    Returns:
        pytest's exit status; 69 where a required integration aborted the run, 75 where the tests
        passed and something that must be delivered was not.
    """
    before = dict(vars(config))
    try:
        args, rest = parse_arguments(sys.argv[1:] if argv is None else argv)
        return int(pytest.main(_pytest_arguments(args, rest)))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE_ERROR
    finally:
        vars(config).update(before)


def _pytest_arguments(args: argparse.Namespace, rest: Sequence[str]) -> list[str]:
    selection = Selection(
        tests=args.test,
        exclude=args.exclude,
        tags=args.tag,
        exclude_tags=args.exclude_tag,
    )
    dry_run = [] if args.qlty_dry_run is None else [f"--qlty-dry-run={args.qlty_dry_run}"]
    workers = ["-p", "xdist", "-n", args.workers] if args.workers else []
    return [
        *("-p", "qlty.pytest_plugin", "-p", "qlty.runner_plugin", "--qlty"),
        Order(selection, current_flags()).to_argument(),
        *(f"--report-to={names}" for names in args.report_to),
        *dry_run,
        *workers,
        *rest,
        *args.paths,
    ]


if __name__ == "__main__":
    sys.exit(main())
