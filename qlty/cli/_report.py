"""``qlty-framework report``: report what any runner has written, as a run of our own."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.cli._project import Project, add_arguments, flags_of, report_to_names
from qlty.errors import RunAborted
from qlty.results import for_terminal
from qlty.runtime import clock
from qlty.settings import QltySettings, custom_integrations, load

if TYPE_CHECKING:
    from qlty.ingest import Report
    from qlty.lifecycle import Run

FAILED = 1
#: pytest's exit status for what it cannot use
BAD_INPUT = 4
#: EX_DATAERR of sysexits.h: something is missing, so nobody can say that the run passed
INCOMPLETE = 65

#: warnings that are printed; --json has all
_MOST_WARNINGS = 50

_EPILOG = """\
A file is JUnit XML, CTRF JSON, a report log of pytest (pytest-reportlog) or a record of a run
(.qlty-framework/runs/*.jsonl), packed with gzip or not; which one it is tells its content.
In a folder, files that end in .xml, .json or .jsonl are read, also packed ones.

exit status: 0 where the run passed, 1 where a test failed, 65 where it is incomplete (a file that
cannot be read, or ends too early), 4 where no test could be read at all, 69 where a required
integration failed, 75 where something that must be delivered was not.
"""


def add_parser(subparsers: Any) -> None:
    """Add ``report``."""
    text = "report the results in files of any runner"
    parser = subparsers.add_parser(
        "report",
        help=text,
        description=text,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a file, a pattern such as 'reports/**/*.xml', a folder, or - for standard input",
    )
    add_arguments(parser)
    parser.add_argument(
        "--report-to",
        action="append",
        metavar="NAMES",
        help="which integrations; by default those of the project's settings",
    )
    parser.add_argument("--qlty-receipt", metavar="FILE", help="write the receipt as JSON")
    parser.add_argument("--json", action="store_true", help="print what was read as JSON")
    parser.add_argument(
        "--exit-zero", action="store_true", help="end with 0 whatever the results are"
    )
    parser.set_defaults(func=_report)


def _report(args: argparse.Namespace) -> int:
    from qlty.ingest import read

    project = Project.find(args)
    project.load_settings()
    names = report_to_names(args.report_to)
    report = read(args.files, project.rootdir, _say_progress)
    status = _report_to(args, project, names, report) if report.rows else BAD_INPUT
    if args.json:
        print(json.dumps(_as_json(report, status), indent=2))
    else:
        _show(report, status)
    return 0 if args.exit_zero else status


def _report_to(
    args: argparse.Namespace, project: Project, names: tuple[str, ...], report: Report
) -> int:
    """Play the results to the integrations as those of a run that is going on."""
    import msgspec

    from qlty.lifecycle import ABORTED, Deliveries, console

    settings = load("QLTY", QltySettings)
    if args.dir:
        settings = msgspec.structs.replace(settings, dir=args.dir.absolute())
    receipt = Path(args.qlty_receipt) if args.qlty_receipt else None
    deliveries = Deliveries(project.rootdir, settings, receipt)
    labels = _labels(settings)
    with flags_of(names, **labels), console(_say, deliveries.mask):
        run = _run(project, settings, deliveries, report)
        run.open()
        try:
            run.start()
            run.await_required()
        except RunAborted as error:
            run.abort(error)
            _say(f"qlty: {for_terminal(deliveries.mask(str(error)))}")
            return ABORTED
        return _play(run, report)


def _labels(settings: QltySettings) -> dict[str, str | None]:
    from qlty import config

    return {
        "CURRENT_ENVIRONMENT": config.CURRENT_ENVIRONMENT or settings.environment,
        "CURRENT_PLATFORM": config.CURRENT_PLATFORM or settings.platform,
    }


def _run(project: Project, settings: QltySettings, deliveries: Any, report: Report) -> Run:
    from qlty import config
    from qlty.lifecycle import Plan, Run
    from qlty.qlty_tests import _register_integrations

    plan = Plan(
        rootdir=project.rootdir,
        settings=settings,
        register=_register_integrations,
        custom=custom_integrations(),
        environment=config.CURRENT_ENVIRONMENT,
        platform=config.CURRENT_PLATFORM,
    )
    run = Run(plan, deliveries, _began=clock.monotonic() - report.seconds)
    run.info["whole"] = report.complete
    run.info["entire"] = False
    return run


def _play(run: Run, report: Report) -> int:
    status = INCOMPLETE if not report.complete else FAILED if report.failed else 0
    for case, result in report.tests(run.info["start"].timestamp()):
        run.test_started(case)
        for attempt in result["earlier_attempts"]:
            run.attempt_ended(case, attempt)
        run.test_ended(case, result)
    return run.finish(status, None, cut_short=not report.complete)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _say_progress(file: str, part: float) -> None:
    _say(f"qlty: reading {for_terminal(file)}: {part:.0%}")


def _verdict(report: Report) -> str:
    return "incomplete" if not report.complete else "failed" if report.failed else "passed"


def _counts(report: Report) -> str:
    counts: Counter[str] = Counter(row.outcome for row in report.rows)
    order = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
    parts = [f"{counts[outcome]:,} {outcome}" for outcome in order if counts[outcome]]
    flaky = sum(row.flaky for row in report.rows)
    parts += [f"{flaky:,} of them flaky"] if flaky else []
    return ", ".join(parts) or "no test"


def _show(report: Report, status: int) -> None:
    for hole in report.holes:
        _say(for_terminal(f"qlty: missing: {hole}"))
    for warning in report.warnings[:_MOST_WARNINGS]:
        _say(for_terminal(f"qlty: {warning}"))
    if len(report.warnings) > _MOST_WARNINGS:
        _say(f"qlty: {len(report.warnings) - _MOST_WARNINGS} more warnings: --json has all")
    if status == BAD_INPUT:
        _say("qlty: no test could be read: nothing is reported")
        return
    files = "1 file" if report.files == 1 else f"{report.files:,} files"
    print(f"{_verdict(report)}: {_counts(report)} in {files}")


def _as_json(report: Report, status: int) -> dict[str, Any]:
    return {
        "verdict": _verdict(report),
        "exit_status": status,
        "files": report.files,
        "tests": len(report.rows),
        "outcomes": dict(Counter(row.outcome for row in report.rows)),
        "flaky": sum(row.flaky for row in report.rows),
        "missing": [vars(remark) for remark in report.holes],
        "warnings": [vars(remark) for remark in report.warnings],
    }
