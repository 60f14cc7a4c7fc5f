"""`qlty-framework sandbox`, also `python -m qlty.sandbox`."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.sandbox import _seed

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

DEFAULT_PORT = 4570
_MISSING = (
    "The sandbox needs packages that are not installed ({name}).\n"
    'Install them with: pip install "qlty-framework[sandbox]"'
)


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="qlty-framework sandbox",
        description="A Slack, a TestRail and a PagerDuty on this machine, with an inbox.",
    )
    made.add_argument(
        "--port",
        type=_port,
        help=f"the port (default: {DEFAULT_PORT}, or a free one where it is taken; 0: a free one)",
    )
    made.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="take requests whose Host is NAME, such as the name of a container",
    )
    made.add_argument("--db", type=Path, metavar="FILE", help="keep what arrives in this file")
    made.add_argument("--seed", type=Path, metavar="FILE", help="begin with the world in this YAML")
    made.add_argument("--keep", type=_whole, metavar="N", help="rows kept of each kind (20000)")
    made.add_argument(
        "--env",
        action="store_true",
        help="print the variables of the sandbox that runs on --port, for eval, and end",
    )
    made.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    made.add_argument("--exit-with-stdin", action="store_true", help=argparse.SUPPRESS)
    return made


def _port(text: str) -> int:
    return _number(text, 0, 65_535)


def _whole(text: str) -> int:
    return _number(text, 1, 1_000_000_000)


def _number(text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (0 after Ctrl-C, 1 where it cannot start)."""
    options = parser().parse_args(argv)
    try:
        return _env(options) if options.env else _run(options)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "qlty":
            raise
        return _fail(_MISSING.format(name=error.name))
    except _seed.SeedError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 0


def _fail(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return 1


def _env(options: argparse.Namespace) -> int:
    host = options.host if ":" not in options.host else f"[{options.host}]"
    url = f"http://{host}:{options.port or DEFAULT_PORT}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/env", timeout=5) as answer:
            variables = json.load(answer)["env"]
    except (OSError, ValueError, KeyError) as error:
        return _fail(f"No sandbox answers at {url} ({error}). Start one: qlty-framework sandbox")
    print(_exports(variables))  # noqa: T201
    return 0


def _exports(variables: dict[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(each)}" for name, each in variables.items())


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _run(options: argparse.Namespace) -> int:
    import sqlite3

    from qlty.sandbox._app import build
    from qlty.sandbox._server import root_of, serve
    from qlty.sandbox._store import Caps
    from qlty.sandbox._world import World

    seed = _seed.load(options.seed)
    try:
        bound = _bind(options)
    except OSError as error:
        where = f"{options.host} port {DEFAULT_PORT if options.port is None else options.port}"
        return _fail(f"Cannot listen on {where}: {_words(error)}")
    caps = Caps(rows=options.keep) if options.keep else Caps()
    with contextlib.closing(bound):
        root = root_of(bound)
        try:
            world = World(seed, options.db, caps)
        except (OSError, sqlite3.Error) as error:
            return _fail(f"--db {options.db} cannot be used: {_words(error)}")
        app = build(world, options.host, tuple(options.allow_host))
        _announce(options, seed, root)
        serve(app, bound, watch_parent=options.exit_with_stdin)
    return 0


def _bind(options: argparse.Namespace) -> socket.socket:
    from qlty.sandbox._server import listen

    if options.port is not None:
        return listen(options.host, options.port)
    try:
        return listen(options.host, DEFAULT_PORT)
    except OSError:
        return listen(options.host, 0)


def _announce(options: argparse.Namespace, seed: dict[str, object], root: str) -> None:
    from qlty.sandbox._world import alternatives, environment

    variables = environment(seed, root)
    if options.json:
        ready = {"url": root, "env": variables, "more": alternatives(seed, root)}
        print(json.dumps(ready), flush=True)  # noqa: T201
        return
    if options.host not in ("127.0.0.1", "::1", "localhost"):
        warning = "anybody who reaches this machine can read and write here"
        print(f"Listening on {options.host}: {warning}.", file=sys.stderr)  # noqa: T201
    more = "\n".join(f"  {name}={each}" for name, each in alternatives(seed, root).items())
    text = f"Inbox: {root}/\n\n{_exports(variables)}\n\nAlso there:\n{more}\n\nCtrl-C ends it."
    print(text, flush=True)  # noqa: T201
