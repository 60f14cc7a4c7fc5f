"""The settings that QLTY Framework itself and every integration have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from qlty.settings._values import Condition  # noqa: TC001 -- msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Iterable


class Settings(Struct, frozen=True, kw_only=True):
    """A group of settings: each field is one, in lower case.

    A field without a default must be set.
    ``Annotated[int, Meta(ge=1, examples=[7])]`` adds bounds and an example for error messages.
    """

    def problems(self) -> Iterable[str]:
        """Say what is wrong although each value is right for itself. Override as needed.

        Each text is one problem, in one line; :func:`qlty.settings.missing` words the frequent one.
        """
        return ()


class IntegrationSettings(Settings, frozen=True, kw_only=True):
    """What can be set for every integration.

    Attributes:
        when: which runs are reported.
        only_on: where a run must be to be reported; of each kind that is named, one must match.
        required: a failing preflight aborts the run.
        must_deliver: a passing run exits with 75 when something was not delivered.
        allow_http: plain ``http`` to another host is wanted.
    """

    when: Literal["always", "failure", "change", "success", "never"] = "always"
    only_on: tuple[Condition, ...] = ()
    required: bool = False
    must_deliver: bool = False
    allow_http: bool = False


class QltySettings(Settings, frozen=True, kw_only=True):
    """The settings of ``QLTY``.

    Attributes:
        report_to: names of the integrations to report to.
        settings: dotted name of the project's settings module.
        dir: state folder; ``<rootdir>/.qlty-framework`` where it is not set.
        environment: label of what is tested, such as ``staging``.
        platform: label of where it is tested, such as ``chrome``.
        project: what the repository is called; what CI or git call it if not set.
        keep_runs: how many runs the state folder keeps.
        hook_timeout: seconds for one call of any hook; each hook has its own default.
        delivery_timeout: seconds that a run waits at its end for what is not delivered yet.
        captured_output: keep what failed tests wrote to stdout, stderr and the log.
        history: file of earlier outcomes; ``history.jsonl`` in the state folder if not set.
    """

    report_to: tuple[str, ...] = ()
    settings: Annotated[str, Meta(description="the dotted name of a module")] = "settings"
    dir: Path | None = None
    environment: str | None = None
    platform: str | None = None
    project: str | None = None
    keep_runs: Annotated[int, Meta(ge=1, examples=[20])] = 20
    hook_timeout: Annotated[float, Meta(gt=0, examples=[30])] | None = None
    delivery_timeout: Annotated[float, Meta(ge=0, examples=[60])] = 60
    captured_output: bool = True
    history: Path | None = None
