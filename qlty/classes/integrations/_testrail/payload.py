"""What a delivery carries: everything that its steps need beside address and account."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from qlty.classes.integrations._testrail.target import Target  # noqa: TC001 - msgspec reads it
from qlty.classes.integrations._testrail.tests import Test  # noqa: TC001 - msgspec reads it


class Payload(Struct, frozen=True, omit_defaults=True):
    """One delivery of results.

    Attributes:
        target: where they go.
        tests: what ran, in order.
        status_ids: number of each status by its system name; asked for where it is empty.
        name_field: field of a case that holds the name of its test.
        ci_url: address of the CI job.
        version: the version under test.
        values: further fields of every result.
        live: the run has further deliveries.
        log_path: console log to attach to the run.
        close: what to close when everything was stored.
        reported: cases of all deliveries of a live run, by its last one, for ``close``.
    """

    target: Target
    tests: tuple[Test, ...] = ()
    status_ids: dict[str, int] = field(default_factory=dict)
    name_field: str | None = None
    ci_url: str | None = None
    version: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    live: bool = False
    log_path: str | None = None
    close: Literal["run", "plan"] | None = None
    reported: tuple[int, ...] = ()
