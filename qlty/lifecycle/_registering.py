"""Registering integrations so that one that fails costs no other its place."""

from __future__ import annotations

import ast
import textwrap
import traceback
from inspect import getsource
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RunAborted
from qlty.runtime import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def register_each(register: Callable[[], None]) -> Iterator[str]:
    """Run the statements of ``_register_integrations()``, each by itself.

    Whoever adds an integration edits that function by hand. A constructor that raises there would
    end it, and with it the registration of everybody behind.

    Yields:
        what went wrong, with the line.

    Raises:
        RunAborted: an integration that says ``required`` cannot be built.
    """
    for statement in _statements(register):
        try:
            statement()
        except RunAborted:
            raise
        except (Exception, SystemExit) as error:
            where, cause = _line_of(error, register), one_line(error)
            if name := _required_one(error):
                raise RunAborted(name, f"{cause}: {where}") from error
            logger.error("registration: %s: %s", where, cause)
            yield f"{where}: {cause}"


def _statements(function: Callable[[], None]) -> list[Callable[[], None]]:
    try:
        tree = ast.parse(textwrap.dedent(getsource(function)))
        code = function.__code__
        (definition,) = tree.body
        ast.increment_lineno(tree, code.co_firstlineno - 1)
        pieces = [
            compile(ast.Module([node], []), code.co_filename, "exec")
            for node in definition.body  # type: ignore[attr-defined]
        ]
    except (OSError, TypeError, ValueError, AttributeError, SyntaxError):
        return [function]  # no source to read, or no function of plain statements
    names = dict(function.__globals__)
    return [lambda piece=piece: exec(piece, names) for piece in pieces]  # type: ignore[misc] # noqa: S102


def _line_of(error: BaseException, function: Callable[[], None]) -> str:
    """Return the line of the registering function itself, where its author looks first."""
    frames = traceback.extract_tb(error.__traceback__)
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    own = [frame for frame in frames if frame.filename == file]
    last = (own or frames)[-1]
    return f"{last.filename}:{last.lineno} ({last.line})"


def _required_one(error: BaseException) -> str:
    """Return the name of the integration whose constructor has raised, if it is required."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        own: Any = frame.f_locals.get("self")
        if isinstance(own, Integration) and type(own).required is True:
            return type(own).name or type(own).__name__
    return ""
