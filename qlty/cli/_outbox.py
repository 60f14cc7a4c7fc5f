"""``qlty-framework outbox``: look at deliveries, send them, give them up."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import threading
import time
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from _pytest._io import TerminalWriter

from qlty.cli._project import Project, add_arguments
from qlty.delivery import (
    STATES,
    Drainer,
    ImportedSenders,
    Left,
    Outbox,
    Row,
    for_elsewhere,
    lines_of,
    render_lines,
)
from qlty.errors import OutboxError, SettingsError
from qlty.lifecycle import MARKUP, Recovered, RunCourier, report_dead_runs
from qlty.results import for_terminal
from qlty.runs import dead_records
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from qlty.results import RunInfo

#: EX_TEMPFAIL of sysexits.h: something is left that can be sent later
STILL_WAITING = 75
#: something will not arrive unless somebody does something about it
FAILED = 1

_WAITING = ("waiting", "sending")
_FAILED = ("refused", "lost", "given_up")
_DAY = 86_400.0

_EPILOG = """\
exit status of deliver: 0 where nothing is left but what is for targets that the settings do not
name any more, 75 where something still waits or a killed run could not be reported now, 1 where
something was refused, lost or given up meanwhile.
"""


def add_parser(subparsers: Any) -> None:
    """Add ``outbox`` and its commands."""
    parser = subparsers.add_parser(
        "outbox",
        help="look at deliveries that wait, and send them",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(func=lambda _: _usage(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    listing = _command(commands, "list", "show what is in the outbox", _list)
    listing.add_argument("--state", choices=STATES, help="only those in this state")
    listing.add_argument("--run", metavar="ID", help="only those of this run")
    show = _command(commands, "show", "show one delivery whole", _show)
    show.add_argument("id", type=_id, metavar="ID")
    deliver = _command(commands, "deliver", "send what is due", _deliver)
    deliver.add_argument("--timeout", type=_number, metavar="SECONDS", help="at most so long (60)")
    deliver.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    retry = _command(commands, "retry", "have a refused or lost delivery sent again", _retry)
    retry.add_argument("ids", type=_id, nargs="*", metavar="ID")
    retry.add_argument("--failed", action="store_true", help="all refused, lost and given up ones")
    drop = _command(commands, "drop", "have a delivery never sent", _drop)
    drop.add_argument("ids", type=_id, nargs="*", metavar="ID")
    drop.add_argument("--target", help="all that waits for this target, as 'outbox show' names it")
    prune = _command(commands, "prune", "forget what was settled long ago", _prune)
    prune.add_argument("--days", type=_number, default=30, help="how long ago at least (30)")


def _id(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number


# argparse names them in its errors
_id.__name__, _number.__name__ = "delivery's number", "number of at least 0"


def _command(
    commands: Any, name: str, text: str, function: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(func=partial(_guarded, function))
    return parser


def _guarded(function: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        return function(args)
    except sqlite3.Error as error:
        raise OutboxError(f"the outbox cannot be read or written: {error}") from error


def _usage(parser: argparse.ArgumentParser) -> int:
    parser.print_help(sys.stderr)
    return 4


def _open(args: argparse.Namespace) -> tuple[Project, Outbox]:
    project = Project.find(args)
    return project, Outbox.open_existing(project.state_dir.outbox)


def _list(args: argparse.Namespace) -> int:
    _, outbox = _open(args)
    rows = outbox.rows(run_id=args.run, state=args.state)
    outbox.close()
    if args.json:
        _print_json([_facts(row) for row in rows])
        return 0
    if not rows:
        print("no such deliveries" if args.run or args.state else "the outbox is empty")
        return 0
    table: list[tuple[str, ...]] = [
        ("ID", "STATE", "INTEGRATION", "KIND", "AGE", "TRIED", "REASON")
    ]
    table += [_cells(row) for row in rows]
    _print_table(table)
    return 0


def _show(args: argparse.Namespace) -> int:
    _, outbox = _open(args)
    row = outbox.get(args.id)
    outbox.close()
    facts = {**_facts(row), "payload": row.payload, "checkpoint": row.checkpoint}
    if args.json:
        _print_json(facts)
        return 0
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            shown = json.dumps(value, indent=2) if isinstance(value, (dict, list)) else str(value)
            print(f"{name}: {for_terminal(shown)}")
    return 0


def _deliver(args: argparse.Namespace) -> int:
    outbox = _outbox_to_send(project := Project.find(args))
    project.load_settings()
    timeout = args.timeout if args.timeout is not None else (None if args.follow else 60.0)
    began = clock.now()
    killed = Recovered()
    try:
        killed = _send(project, outbox, timeout, follow=args.follow)
    except KeyboardInterrupt:
        print("interrupted: what is left is kept", file=sys.stderr)
    rows, elsewhere = _came_to(outbox, began)
    outbox.close()
    _report_delivery(rows, elsewhere, as_json=args.json)
    states = {row.state for row in rows}
    if killed.given_up or states & set(_FAILED):
        return FAILED
    return STILL_WAITING if killed.waiting or states & set(_WAITING) else 0


def _came_to(outbox: Outbox, began: float) -> tuple[list[Row], list[Left]]:
    """Return what was settled since then or can still be sent, and what is for other targets."""
    settled = {row.id: row for row in outbox.tell_given_up()}
    settled |= {row.id: row for row in outbox.rows(settled_since=began)}
    rows = list(settled.values())
    left = outbox.left()
    for one in left:
        if not one.elsewhere:
            for state in _WAITING:
                rows += outbox.rows(state=state, integration=one.integration, target=one.target)
    return sorted(rows, key=lambda row: row.id), [one for one in left if one.elsewhere]


def _outbox_to_send(project: Project) -> Outbox:
    """Open the outbox; one that is gone is made again where a killed run is to be reported."""
    state = project.state_dir
    if not state.outbox.exists() and dead_records(state):
        return Outbox.open(state.outbox)
    return Outbox.open_existing(state.outbox)


def _send(project: Project, outbox: Outbox, timeout: float | None, *, follow: bool) -> Recovered:
    """Send in a thread: hooks of killed runs need the main one, and wait for what is sent."""
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    drainer = Drainer(outbox, ImportedSenders(), deadline=deadline)
    drainer.follow = True
    stop = threading.Event()
    thread = threading.Thread(target=drainer.run, args=(stop, _progress), daemon=True)
    thread.start()
    try:
        killed = _report_killed_runs(project, outbox)
        drainer.follow = follow
        while thread.is_alive():
            thread.join(0.1)
        return killed
    finally:
        stop.set()


def _report_killed_runs(project: Project, outbox: Outbox) -> Recovered:
    from qlty.classes.integrations.registry import HookLimits, Registry

    history = project.history

    def courier(run: RunInfo, registry: Registry) -> RunCourier:
        return RunCourier(run, registry, lambda: outbox, history, on_urgent=lambda: None)

    killed = report_dead_runs(project.state_dir, project.rootdir, courier, HookLimits())
    for reporter, registry in killed.reported:
        senders = ", ".join(integration.name for integration in registry)
        print(f"run {reporter.run['id']} was killed: reported to {senders}", file=sys.stderr)
    return killed


def _progress(left: int) -> None:
    if left:
        print(f"delivering: {left} left", file=sys.stderr, flush=True)


def _report_delivery(rows: list[Row], elsewhere: list[Left], *, as_json: bool) -> None:
    lines = lines_of(rows)
    for one in elsewhere:
        print(for_terminal(for_elsewhere(one.target, one.number)), file=sys.stderr)
    if as_json:
        _print_json([line.to_json() for line in lines])
        return
    if not lines:
        print("nothing to deliver")
    writer = TerminalWriter()
    for text in render_lines(lines):
        writer.line(for_terminal(text.text), **MARKUP.get(text.style, {}))


def _retry(args: argparse.Namespace) -> int:
    if not args.ids and not args.failed:
        raise SettingsError("retry: name deliveries by their ID, or all that failed by --failed")
    _, outbox = _open(args)
    ids = list(args.ids)
    if args.failed:
        ids += [row.id for state in _FAILED for row in outbox.rows(state=state)]
    return _for_each(args, "due", ids, outbox, outbox.retry)


def _drop(args: argparse.Namespace) -> int:
    if bool(args.ids) == (args.target is not None):
        raise SettingsError("drop: name deliveries by their ID, or all for one target by --target")
    _, outbox = _open(args)
    if args.target is None:
        return _for_each(args, "dropped", args.ids, outbox, outbox.drop)
    number = outbox.drop_target(args.target)
    outbox.close()
    if args.json:
        _print_json({"dropped": number})
    else:
        print(f"dropped: {number}")
    return 0 if number else FAILED


def _for_each(
    args: argparse.Namespace,
    what: str,
    ids: list[int],
    outbox: Outbox,
    function: Callable[[int], None],
) -> int:
    """Do to all what can be done to them; one that refuses keeps nobody else from it."""
    done = []
    for number in ids:
        try:
            function(number)
            done.append(number)
        except OutboxError as error:
            print(f"qlty-framework: error: {for_terminal(str(error))}", file=sys.stderr)
    outbox.close()
    if done or not ids or args.json:
        _print_done(args, what, done)
    return FAILED if len(done) < len(ids) else 0


def _prune(args: argparse.Namespace) -> int:
    _, outbox = _open(args)
    number = outbox.prune(older_than=args.days * _DAY)
    outbox.close()
    if args.json:
        _print_json({"pruned": number})
    else:
        print(f"forgotten: {number}")
    return 0


def _print_done(args: argparse.Namespace, what: str, ids: list[int]) -> None:
    if args.json:
        _print_json({what: ids})
    else:
        print(f"{what}: {', '.join(map(str, ids)) or 'none'}")


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _facts(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "integration": row.integration,
        "kind": row.kind,
        "target": row.target,
        "key": row.key,
        "run_id": row.run_id,
        "class_path": row.class_path,
        "attempts": row.attempts,
        "created": _time(row.created_at),
        "due": _time(row.due_at) if row.state == "waiting" else None,
        "expires": _time(row.expires_at),
        "settled": _time(row.settled_at),
        "reason": row.reason,
        "text": row.sent.text if row.sent else None,
        "links": list(row.sent.links) if row.sent else [],
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (OverflowError, ValueError):
        return "never"


def _cells(row: Row) -> tuple[str, ...]:
    said = row.reason or (row.sent.text if row.sent else "")
    age = _age(time.time() - row.created_at)
    kind, tried = row.kind or "-", str(row.attempts)
    return str(row.id), row.state, row.integration, kind, age, tried, _short(said)


def _short(text: str, width: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _age(seconds: float) -> str:
    for unit, size in (("d", _DAY), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(for_terminal("  ".join(cells).rstrip()))
