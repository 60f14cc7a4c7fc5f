"""Reading a TestRail request: its address, its filters, the fields of its body.

Addresses are `index.php?/api/v2/METHOD/ID&key=value`: the path hides in the query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from qlty.sandbox._wire import Call

_PREFIX = "/api/v2/"
Fields = dict[str, Any]


class TestRailError(Exception):
    """A refusal: HTTP status and the text of `{"error": ...}`."""

    __test__ = False

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


@dataclass(frozen=True)
class Request:
    """A parsed call: method name, ids behind it, filters, and who asks."""

    name: str
    ids: tuple[str, ...]
    filters: dict[str, str]
    user: Fields
    call: Call

    def number(self, position: int = 0, what: str = "id") -> int:
        """The id at this position; TestRail's refusal where it is no number."""
        text = self.ids[position] if position < len(self.ids) else ""
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
            raise TestRailError(f"Field :{what} is not a valid ID.")
        return int(text)

    def fields(self) -> Fields:
        """The JSON object of the body; an empty body is an empty object."""
        if not self.call.body:
            return {}
        if self.call.content_type != "application/json":
            raise TestRailError(
                "Content-Type header missing or not supported (use Content-Type: application/json)."
            )
        try:
            data = self.call.json()
        except ValueError as error:
            raise TestRailError(f"The request body is not valid JSON: {error}") from error
        if not isinstance(data, dict):
            raise TestRailError("The request body must be a JSON object.")
        return data

    def numbers(self, name: str) -> list[int] | None:
        """A filter such as `status_id=1,5`, or None where it was not given."""
        text = self.filters.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"\d{1,10}(,\d{1,10})*", text, re.ASCII):
            raise TestRailError(f"Field :{name} is not a valid ID.")
        return [int(each) for each in text.split(",")]


def split(query: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Method name, ids and filters from `/api/v2/get_cases/1&suite_id=2`."""
    address, _, rest = query.partition("&")
    path = unquote(address)
    if not path.startswith(_PREFIX):
        return "", (), {}
    name, *ids = path.removeprefix(_PREFIX).strip("/").split("/")
    return name, tuple(ids), dict(parse_qsl(rest, keep_blank_values=True))


MAX_PAGE = 250


def page(request: Request, key: str, rows: list[Any], *, paginated: bool = True) -> Any:
    """One page of `rows` in the shape that TestRail has used since 6.7.

    Older servers answer the bare list; `paginated=False` is such a server.
    """
    if not paginated:
        return rows
    offset, limit = _whole(request, "offset", 0), _whole(request, "limit", MAX_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise TestRailError("Field :limit must be a number from 1 to 250.")
    part = rows[offset : offset + limit]
    after, before = offset + limit, max(0, offset - limit)
    return {
        "offset": offset,
        "limit": limit,
        "size": len(part),
        "_links": {
            "next": _link(request, after, limit) if after < len(rows) else None,
            "prev": _link(request, before, limit) if offset else None,
        },
        key: part,
    }


def _whole(request: Request, name: str, default: int) -> int:
    found = request.numbers(name)
    if found is None:
        return default
    if len(found) != 1:
        raise TestRailError(f"Field :{name} is not a valid ID.")
    return found[0]


def _link(request: Request, offset: int, limit: int) -> str:
    filters = {**request.filters, "limit": str(limit), "offset": str(offset)}
    path = "/".join((request.name, *request.ids))
    return _PREFIX + path + "".join(f"&{name}={value}" for name, value in filters.items())


def is_id(value: Any) -> bool:
    """Whether a JSON value can be an id: a whole number, not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def text_field(fields: Fields, name: str, *, required: bool = False, most: int = 0) -> str | None:
    """A text of the body; refused where it is missing, no text, or longer than `most`."""
    value = fields.get(name)
    if value is None or value == "":
        if required:
            raise TestRailError(f"Field :{name} is a required field.")
        return None
    if not isinstance(value, str):
        raise TestRailError(f"Field :{name} is not a valid string.")
    if most and len(value) > most:
        raise TestRailError(f"Field :{name} is too long ({most} characters at most).")
    return value


def flag_field(fields: Fields, name: str, default: bool) -> bool:
    """A true or false of the body."""
    value = fields.get(name, default)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise TestRailError(f"Field :{name} is not a valid boolean.")
    return value


def id_field(fields: Fields, name: str) -> int | None:
    """An id of the body, or None."""
    value = fields.get(name)
    if value is not None and not is_id(value):
        raise TestRailError(f"Field :{name} is not a valid ID.")
    return value


def ids_field(fields: Fields, name: str) -> list[int] | None:
    """A list of ids of the body, or None."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(is_id(each) for each in value):
        raise TestRailError(f"Field :{name} is not a valid ID.")
    return value
