"""``qlty-framework check``: would a run reach those that it is to report to?"""

from __future__ import annotations

import argparse
import json
import logging
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qlty.cli._project import Project, add_arguments, flags_of, report_to_names
from qlty.errors import RunAborted, SettingsError
from qlty.results import for_terminal
from qlty.settings import (
    BUILT_IN,
    QltySettings,
    Sources,
    current,
    install,
    load,
    only_on,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qlty.classes.integrations.base_integration import Integration, Order
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Delivery, History, Sent
    from qlty.results import RunInfo

#: at least one of them would not be reached
FAILED = 1

#: seconds for one integration's preflight, as in a run
PREFLIGHT_SECONDS = 30.0

#: seconds for what one integration sends for a check
SEND_SECONDS = 60.0

_EPILOG = """\
Every integration's own preflight is run, as before a run, and no test is run. Nothing is posted,
except with --send: then each makes something that can be looked at and wakes nobody.

exit status: 0 where all are fine, 1 where one is not, 4 for settings that cannot be used.
"""


@dataclass(frozen=True)
class Finding:
    """What became of one integration's preflight.

    Attributes:
        name: of the integration.
        ok: it would take part in a run.
        target: where its deliveries would go; empty where that cannot be said.
        cause: why it would not take part.
        notes: what is odd but stops nothing.
        sent: what --send has made, to look at.
        links: where it is.
    """

    name: str
    ok: bool
    target: str = ""
    cause: str = ""
    notes: tuple[str, ...] = ()
    sent: str = ""
    links: tuple[str, ...] = ()


class _Courier:
    """Takes what integrations say; they have nothing to deliver before a run."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._sources = sources
        self.notes: dict[str, list[str]] = {}

    def note_where(self, integration: Integration) -> None:
        """Say where ``ONLY_ON`` would hold a run back here.

        Raises:
            SettingsError: it is no list of conditions.
        """
        from qlty.classes.integrations._where import elsewhere, setting_name

        name = setting_name(integration.name)
        if why := elsewhere(name, only_on(name, self._sources), self.run):
            self.note(integration, f"a run here would be held back: {why}")

    @cached_property
    def run(self) -> RunInfo:
        from qlty.lifecycle import detect

        qlty = load("QLTY", QltySettings)
        where = (self._project.rootdir, qlty.environment, qlty.platform)
        return {**detect(*where, project=qlty.project), "id": "check"}

    @property
    def history(self) -> History:
        from qlty.delivery import History

        return History.of_run(self._project.history, self.run)

    def deliver(self, integration: Integration, payload: dict[str, Any], order: Order) -> Delivery:
        del payload, order
        raise RuntimeError(f"{integration.name} delivers in on_run_start: a check sends nothing")

    def waiting(self, integration: Integration, kind: str) -> list[dict[str, Any]]:
        del integration, kind
        return []

    def note(self, integration: Integration, text: str) -> None:
        self.notes.setdefault(integration.name, []).append(text)


def add_parser(subparsers: Any) -> None:
    """Add ``check``."""
    text = "check settings, credentials and targets"
    parser = subparsers.add_parser(
        "check",
        help=text,
        description=text,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument(
        "--report-to",
        action="append",
        metavar="NAMES",
        help="which integrations; by default those of the project's settings",
    )
    parser.add_argument(
        "--send", action="store_true", help="have each make something that can be looked at"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(func=_check)


def check(project: Project, named: Sequence[str] | None, *, send: bool = False) -> list[Finding]:
    """Run the preflight of each integration that a run would report to.

    With ``send``, those that pass it make something that can be looked at.

    Raises:
        SettingsError: there is none, or a name is unknown.
    """
    names = report_to_names(named)
    courier = _Courier(project, current())
    _look_from_anywhere(names)
    with flags_of(names), _warnings() as left_out:
        registry = _registered(courier, left_out)
        findings = [_preflight(integration, courier) for integration in registry]
        if send:
            pairs = zip(registry, findings, strict=True)
            findings = [_sent(each, found) if found.ok else found for each, found in pairs]
    for text in left_out:
        name, _, cause = text.partition(": ")
        findings.append(Finding(name, ok=False, cause=cause))
    if not findings:
        raise SettingsError(
            f"nothing to check: no integration is named; name some with --report-to, known are "
            f"{', '.join(BUILT_IN)}"
        )
    return findings


def _look_from_anywhere(names: Sequence[str]) -> None:
    # one that is not required goes on where its remote is away, because it can deliver later
    required = {f"{name}_required": "true" for name in names}
    # what is set for a CI job is looked at, wherever it is looked at from
    anywhere: dict[str, tuple[str, ...]] = {f"{name}_only_on": () for name in names}
    install(replace(current(), options={**current().options, **required, **anywhere}))


def _registered(courier: _Courier, left_out: list[str]) -> Registry:
    from qlty.classes.integrations import registry
    from qlty.lifecycle import register_each
    from qlty.qlty_tests import _register_integrations

    made = registry.reset()
    made.connect(courier)
    try:
        for _ in register_each(_register_integrations):
            pass  # it is logged, and with that among what is left out
    except RunAborted as error:
        left_out.append(f"{error.integration}: {error.cause}")
    return made


def _preflight(integration: Integration, courier: _Courier) -> Finding:
    from qlty.classes.integrations._guard import attempt
    from qlty.delivery import mask

    def ask() -> None:
        courier.note_where(integration)
        integration.on_run_start()

    failure = attempt(ask, PREFLIGHT_SECONDS)
    if failure is not None and failure.interrupted:
        raise KeyboardInterrupt
    notes = tuple(mask(note) for note in courier.notes.get(integration.name, ()))
    cause = mask(failure.cause) if failure is not None else ""
    target = _target(integration)
    return Finding(integration.name, failure is None, target, cause, notes)


def _sent(integration: Integration, finding: Finding) -> Finding:
    """Add what became of the integration's test message."""
    from qlty.classes.integrations._guard import attempt
    from qlty.delivery import mask

    answers: list[Sent | None] = []
    failure = attempt(lambda: answers.append(integration.send_test()), SEND_SECONDS)
    if failure is not None and failure.interrupted:
        raise KeyboardInterrupt
    if failure is not None:
        return replace(finding, ok=False, cause=f"nothing was sent: {mask(failure.cause)}")
    sent = answers[0]
    if sent is None:
        note = "it offers nothing that could be sent for a check"
        return replace(finding, notes=(*finding.notes, note))
    notes = (*finding.notes, *map(mask, sent.notes))
    return replace(finding, sent=mask(sent.text), links=tuple(map(mask, sent.links)), notes=notes)


def _target(integration: Integration) -> str:
    from qlty.classes.integrations._guard import attempt

    targets: list[str] = []
    attempt(lambda: targets.append(integration.target()), PREFLIGHT_SECONDS)
    return "".join(target for target in targets if target != integration.name)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Gather what is logged as a warning: entries that cannot be registered."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("qlty")
    propagate, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.propagate = propagate


def _check(args: argparse.Namespace) -> int:
    project = Project.find(args)
    project.load_settings()
    findings = check(project, args.report_to, send=args.send)
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print(for_terminal("\n".join(_table(findings))))
    return 0 if all(finding.ok for finding in findings) else FAILED


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        result = "ok" if finding.ok else "failed"
        details = [*_details(finding)] or [""]
        yield f"{finding.name:<{width}}  {result:<6}  {details[0]}".rstrip()
        yield from (f"{'':<{width}}  {'':<6}  {line}" for line in details[1:])


def _details(finding: Finding) -> Iterator[str]:
    yield from finding.cause.splitlines()
    # a connection error alone does not tell whom it is about
    if finding.target and finding.target.split()[0] not in finding.cause:
        yield finding.target
    if finding.sent:
        yield f"look at: {finding.sent}"
    yield from finding.links
    yield from finding.notes
