"""A dry run: everything happens as always, except that nothing leaves the machine.

The integrations that ship here build and send their deliveries by the same code, to a server on
loopback in the place of their remotes; see :mod:`qlty.classes.integrations._rehearsal`. Others take
no part: what their hooks send by themselves could not be kept back.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qlty.classes.integrations._configured import ConfiguredIntegration
from qlty.classes.integrations._rehearsal import NO_PROXY, Recorder, Request
from qlty.delivery import Drainer, Outbox, mask, receipt_of
from qlty.errors import RunAborted, SettingsError
from qlty.lifecycle._courier import RunCourier
from qlty.lifecycle._deliveries import Deliveries
from qlty.results import counted
from qlty.runtime import clock, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from qlty.classes.integrations.base_integration import Integration
    from qlty.classes.integrations.registry import Registry
    from qlty.delivery import Job, Sent
    from qlty.results import Attempt, RunInfo, TestCase, TestResult
    from qlty.settings import QltySettings


#: the most that on_run_end waits for urgent deliveries
_URGENT_SECONDS = 10.0

_FILE = re.compile(r"\d{3,}-[\w.-]+\.http")
_SHOWN_BINARY = "[{} bytes that are not text]"


class Rehearsal(Deliveries):
    """Takes what integrations hand over, and shows what would be sent.

    Args:
        rootdir: the project's root.
        settings: those of QLTY itself.
        folder: where requests are written, a file each; ``None`` to print them.

    Raises:
        SettingsError: the folder holds something else.
    """

    def __init__(self, rootdir: Path, settings: QltySettings, folder: Path | None) -> None:
        super().__init__(rootdir, settings, None)
        self._folder = folder
        self._requests: list[Request] = []
        self._scratch: Path | None = None
        if folder is not None:
            _check(folder)

    def open(self, run: RunInfo, registry: Registry) -> None:
        """Connect the integrations to an outbox in memory; the state folder is left alone."""
        self._memory = Outbox.open(None)
        self._registry = registry
        self._courier = RunCourier(
            run, registry, lambda: self._memory, self._history_file, lambda: None
        )
        self._no_proxy = _NoProxy()
        registry.connect(self._courier)

    def log_file(self, run_id: str) -> Path:
        """Return where the run's log belongs: to where nothing of it is left."""
        self._scratch = Path(tempfile.mkdtemp(prefix="qlty-dry-run-"))
        return self._scratch / f"{run_id}.log"

    def registered(self) -> None:
        """Keep those that can be rehearsed, and lead their preflight to the server."""
        for integration in list(self._registry):
            if isinstance(integration, ConfiguredIntegration) and integration.can_rehearse():
                start = partial(self._start, integration, integration.on_run_start)
                vars(integration)["on_run_start"] = start
            else:
                self._registry.deregister(integration)
                logger.warning(
                    "%s takes no part in a dry run: what it sends by itself cannot be kept back",
                    integration.name,
                )

    def begin(self) -> None:
        """Keep no record, and start no reporter."""

    def started(self) -> None:
        """Keep no record."""

    def await_required(self) -> None:
        """All of them are started by now: they live in this process."""

    def tell_abort(self, aborted: RunAborted) -> None:
        """Send nothing."""

    def abandon(self) -> None:
        """Let go of everything: the run does not begin."""
        self._memory.close()

    def test_started(self, case: TestCase) -> None:
        """Keep no record."""

    def expects(self, nodeids: Iterable[str], left_out: Mapping[str, Iterable[str]]) -> None:
        """Keep no record."""

    def attempt_ended(self, case: TestCase, attempt: Attempt) -> None:
        """Keep no record."""

    def test_ended(self, case: TestCase, result: TestResult) -> None:
        """Keep no record."""

    def last_test_is_over(self, elapsed: float, log: str | None, *, interrupted: bool) -> None:
        """Begin to send to the server, so that integrations can wait for each other's answers."""
        del elapsed, log, interrupted  # a rehearsal is no part of the history
        self._recorder = self._recorder_for_all()
        self._recorder.__enter__()
        self._drainer = Drainer(self._memory, self, deadline=float("inf"))
        self._drainer.follow = True
        self._thread = threading.Thread(
            target=self._drainer.run, args=(threading.Event(),), name="qlty-dry-run", daemon=True
        )
        self._thread.start()
        # what leaves while tests run has left before on_run_end adds to it
        self._wait_until_empty(clock.monotonic() + _URGENT_SECONDS)

    def _wait_until_empty(self, deadline: float) -> None:
        while clock.monotonic() < deadline:
            counts = self._memory.counts()
            if not (counts.get("waiting") or counts.get("sending")):
                return
            time.sleep(0.01)

    def local_ended(self, name: str) -> None:
        """Keep no record."""

    def close(self, *, interrupted: bool) -> bool:
        """Show all requests, and what kept others from being made."""
        del interrupted
        self._drainer.deadline = clock.monotonic() + self._settings.delivery_timeout
        self._drainer.follow = False
        self._drainer.wake()
        self._thread.join()
        self._recorder.__exit__()
        self._no_proxy.end()
        self._requests += self._recorder.requests
        self._show()
        self._memory.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        return False

    # -- leading requests to the server

    def get(self, integration: str, class_path: str | None) -> _Twin:
        """Return the sender of an integration's deliveries; see :class:`Senders`."""
        del class_path
        found = next(each for each in self._registry if each.name == integration)
        return _Twin(found, self._recorder)

    def _recorder_for_all(self) -> Recorder:
        return Recorder({each.name: each.rehearse for each in self._rehearsing()})

    def _rehearsing(self) -> Iterator[ConfiguredIntegration[Any]]:
        return (each for each in self._registry if isinstance(each, ConfiguredIntegration))

    def _start(
        self, integration: ConfiguredIntegration[Any], on_run_start: Callable[[], None]
    ) -> None:
        settings = integration.settings
        with self._recorder_for_all() as recorder:
            vars(integration)["settings"] = recorder.redirect(settings, integration.name)
            try:
                on_run_start()
            finally:
                vars(integration)["settings"] = settings
                self._requests += recorder.requests

    # -- showing

    def _show(self) -> None:
        for text in self._remarks():
            logger.info("dry run: %s", text)
        if self._folder is None:
            for request in self._requests:
                logger.info("dry run: %s sends\n%s", request.integration, _text(request))
        else:
            self._write_files(self._folder)
        count = len(self._requests)
        place = f", written to {self._folder}" if self._folder else ""
        requests = counted(count, "request")
        logger.info("dry run: %s%s; nothing was sent", requests, place)

    def _remarks(self) -> Iterator[str]:
        """Yield what was held back, and what would fail whatever the remote says."""
        receipt = receipt_of(self._memory, self._courier.run["id"], notes=self._courier.notes)
        for line in receipt.lines:
            yield from (f"{line.integration}: {note}" for note in line.notes)
            failed = (*line.refused, *line.waiting, *line.lost)
            yield from (f"{line.integration}: would fail: {each.reason}" for each in failed)

    def _write_files(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for number, request in enumerate(self._requests, 1):
            place = _shown_url(request).partition("://")[2].partition("/")[2]
            call = re.sub(r"[^\w.]+", "-", place).strip("-")[:60] or "root"
            name = f"{number:03}-{request.integration}-{request.method}-{call}.http"
            (folder / name).write_bytes(_head(request).encode() + _body(request))


class _Twin:
    """Sends for an integration whose settings lead to the server; the original builds on."""

    def __init__(self, integration: Integration, recorder: Recorder) -> None:
        assert isinstance(integration, ConfiguredIntegration)
        self._original = integration
        self._twin = copy.copy(integration)
        vars(self._twin)["settings"] = recorder.redirect(integration.settings, integration.name)

    def target(self) -> str:
        return self._original.target()

    def targets(self) -> tuple[str, ...]:
        return self._original.targets()

    def send(self, job: Job) -> Sent | None:
        return self._twin.send(job)

    def find(self, job: Job) -> Sent | None:
        return self._twin.find(job)


class _NoProxy:
    """Has clients reach the loopback server themselves where the environment names a proxy."""

    _NAMES = ("no_proxy", "NO_PROXY")

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._NAMES}
        for name, value in self._before.items():
            os.environ[name] = f"{value},{NO_PROXY}" if value else NO_PROXY

    def end(self) -> None:
        """Put the environment back."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _check(folder: Path) -> None:
    if folder.is_dir() and all(_FILE.fullmatch(path.name) for path in folder.iterdir()):
        return
    if folder.exists():
        raise SettingsError(
            f"--qlty-dry-run={folder}: this is not a new folder, and not that of an earlier dry "
            "run; to print instead, put --qlty-dry-run behind the paths of the tests"
        )


def _text(request: Request) -> str:
    body = _body(request)
    try:
        return _head(request) + _laid_out(body.decode("utf-8"))
    except UnicodeDecodeError:
        return _head(request) + _SHOWN_BINARY.format(len(body))


def _laid_out(body: str) -> str:
    """Return JSON as a person reads it, and anything else as it is."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _head(request: Request) -> str:
    lines = [f"{request.method} {_shown_url(request)} HTTP/1.1"]
    for name, value in request.headers:
        shown = "***" if name.lower() == "authorization" else mask(value)
        lines.append(f"{name}: {shown}")
    return "\n".join(lines) + "\n\n"


def _body(request: Request) -> bytes:
    try:
        return mask(request.body.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return request.body


def _shown_url(request: Request) -> str:
    """Return the address; of one that is a secret (a webhook's) the host alone."""
    masked = mask(request.url)
    if masked == request.url:
        return masked
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}/***"
