"""``qlty-framework testrail``: how tests and TestRail's cases fit together."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlty.cli._project import Project, add_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qlty.recording.collection import Collected
    from qlty.results import TestCase

#: ids that do not exist, or files that cannot be collected
FAILED = 1
#: pytest's exit status for a command line that it cannot use
USAGE_ERROR = 4
#: that, and the one for a command line that no test belongs to
_NOT_USABLE = {USAGE_ERROR, 5}

_EPILOG = """\
exit status: 0 where every id that a test names exists, 1 where one does not, where a marker
is wrong, where a file cannot be collected or where pytest itself failed, 4 where there are no such
tests. pytest is started in the folder that --rootdir names, else in this one.
"""


@dataclass(frozen=True)
class Comparison:
    """Tests against cases.

    Attributes:
        tests_without_case: node ids.
        cases_without_test: titles by id.
        unknown_ids: the tests that name a case that does not exist, by its id.
        linked: how many tests have a case.
        mistakes: the tests whose ``testrail`` markers are wrong, by what is wrong with them.
    """

    tests_without_case: list[str]
    cases_without_test: dict[int, str]
    unknown_ids: dict[int, list[str]]
    linked: int
    mistakes: dict[str, list[str]] = field(default_factory=dict)


def add_parser(subparsers: Any) -> None:
    """Add ``testrail`` and its commands."""
    parser = subparsers.add_parser("testrail", help="compare tests with TestRail's cases")
    parser.set_defaults(func=lambda _: _usage(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    text = "list tests without a case, cases without a test, and ids that do not exist"
    cases = commands.add_parser(
        "cases",
        help=text,
        description=text,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(cases)
    cases.add_argument("--json", action="store_true", help="print JSON")
    cases.add_argument("arguments", nargs="*", metavar="ARG", help="for pytest, such as paths")
    cases.set_defaults(func=_cases)


def compare(wanted: Mapping[str, Sequence[int]], titles: Mapping[int, str]) -> Comparison:
    """Compare the cases of each test with those that exist.

    Args:
        wanted: ids of the cases of each test, by its node id.
        titles: of every case that exists.
    """
    unknown: dict[int, list[str]] = {}
    for nodeid, ids in wanted.items():
        for case_id in ids:
            if case_id not in titles:
                unknown.setdefault(case_id, []).append(nodeid)
    tested = {case_id for ids in wanted.values() for case_id in ids}
    return Comparison(
        tests_without_case=[nodeid for nodeid, ids in wanted.items() if not ids],
        cases_without_test={id_: title for id_, title in titles.items() if id_ not in tested},
        unknown_ids=dict(sorted(unknown.items())),
        linked=sum(bool(ids) for ids in wanted.values()),
    )


def _usage(parser: argparse.ArgumentParser) -> int:
    parser.print_help(sys.stderr)
    return USAGE_ERROR


def _cases(args: argparse.Namespace) -> int:
    from qlty.recording.collection import collect

    project = Project.find(args)
    project.load_settings()
    wanted_of = _Wanted()
    folder = project.rootdir if args.rootdir else Path.cwd()
    collected = collect([*args.arguments, f"--rootdir={project.rootdir}"], folder)
    if collected.broken:
        print(collected.said.strip(), file=sys.stderr)
        return USAGE_ERROR if collected.status in _NOT_USABLE else FAILED
    for nodeid, reason in collected.errors.items():
        print(f"{nodeid} cannot be collected:\n{reason}\n", file=sys.stderr)
    found = compare(wanted_of(collected), wanted_of.titles)
    found = replace(found, mistakes=wanted_of.mistakes(collected))
    print(json.dumps(asdict(found), indent=2) if args.json else "\n".join(_shown(found)))
    return FAILED if found.unknown_ids or found.mistakes or collected.errors else 0


class _Wanted:
    """Asks TestRail for its cases and knows which of them a test belongs to."""

    def __init__(self) -> None:
        from qlty.classes.integrations.testrail_integration import TestRailIntegration

        self._integration = TestRailIntegration()
        self.titles = self._integration.case_titles()

    def __call__(self, collected: Collected) -> dict[str, tuple[int, ...]]:
        return {test.nodeid: self._ids(test) for test in collected.tests}

    @staticmethod
    def mistakes(collected: Collected) -> dict[str, list[str]]:
        """Return the tests whose markers are wrong, by what is wrong with them."""
        from qlty.classes.integrations._testrail.cases import mistakes

        found: dict[str, list[str]] = {}
        for test in collected.tests:
            for mistake in mistakes(test):
                found.setdefault(mistake, []).append(test.nodeid)
        return found

    def _ids(self, test: TestCase) -> tuple[int, ...]:
        return self._integration.cases_of(test)


def _shown(found: Comparison) -> Iterator[str]:
    yield from _section("Ids that do not exist", _unknown_lines(found))
    wrong = [
        f"{mistake}  {nodeid}" for mistake in found.mistakes for nodeid in found.mistakes[mistake]
    ]
    yield from _section("Markers that are wrong", wrong)
    yield from _section("Tests without a case", found.tests_without_case)
    titles = [f"C{case_id}  {title}" for case_id, title in found.cases_without_test.items()]
    yield from _section("Cases without a test", titles)
    yield "1 test has a case." if found.linked == 1 else f"{found.linked} tests have a case."


def _unknown_lines(found: Comparison) -> list[str]:
    return [f"C{id_}  {nodeid}" for id_, nodeids in found.unknown_ids.items() for nodeid in nodeids]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title} ({len(lines)}):"
        yield from (f"  {line}" for line in lines)
        yield ""
