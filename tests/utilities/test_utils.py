"""The logger and the ids that integrations use."""

from __future__ import annotations

import io
import itertools
import logging
import re
import sys

import pytest

from qlty.utilities import utils
from qlty.utilities.utils import BUILD_ID, get_unique_build_id, install_masker, setup_logger

_numbers = itertools.count()


@pytest.fixture
def name():
    """Return a logger name that no other test uses."""
    return f"tests.utils.{next(_numbers)}"


@pytest.fixture
def masker():
    """Mask the word ``hunter2``."""
    install_masker(lambda text: text.replace("hunter2", "***"))
    yield
    install_masker(None)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("DEBUG", logging.DEBUG),
        ("warning", logging.WARNING),
        (logging.ERROR, logging.ERROR),
        ("10", logging.DEBUG),
        (None, logging.INFO),
        ("VERBOSE", logging.INFO),
    ],
)
def test_the_level_is_a_name_a_number_or_nothing(name, level, expected):
    assert setup_logger(name, level).level == expected


def test_a_wrong_level_is_said(name, capsys):
    setup_logger(name, "VERBOSE")
    assert "'VERBOSE' is no logging level" in capsys.readouterr().err


def test_a_message_is_written_once_although_set_up_twice(name, capsys):
    setup_logger(name, "INFO")
    setup_logger(name, "INFO").info("only once")
    assert capsys.readouterr().err.count("only once") == 1


def test_a_message_is_written_once_although_the_parent_is_set_up_too(name, capsys):
    setup_logger(name, "INFO")
    setup_logger(f"{name}.child", "INFO").info("only once")
    assert capsys.readouterr().err.count("only once") == 1


def test_the_root_logger_is_left_alone(name):
    root = logging.getLogger()
    before = (list(root.handlers), list(root.filters), root.level)
    setup_logger(name, "DEBUG")
    assert (list(root.handlers), list(root.filters), root.level) == before


def test_it_writes_to_what_stderr_is_now(name, monkeypatch):
    logger = setup_logger(name, "INFO")
    for text in ("first", "second"):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        logger.info(text)
        assert text in stream.getvalue()
        stream.close()


def test_records_reach_other_handlers_too(name, caplog):
    setup_logger(name, "INFO").info("heard")
    assert "heard" in caplog.text


@pytest.mark.usefixtures("masker")
def test_secrets_are_masked_for_every_handler(name, caplog, capsys):
    setup_logger(name, "INFO").info("token %s", "hunter2")
    assert "hunter2" not in caplog.text + capsys.readouterr().err
    assert "token ***" in caplog.text


@pytest.mark.usefixtures("masker")
def test_secrets_are_masked_in_tracebacks(name, caplog, capsys):
    try:
        raise ValueError("hunter2 was refused")
    except ValueError:
        setup_logger(name, "INFO").exception("failed")
    shown = caplog.text + capsys.readouterr().err
    assert "*** was refused" in shown
    assert shown.count("ValueError") >= 1
    assert "ValueError: hunter2" not in shown


@pytest.mark.usefixtures("masker")
def test_a_wrongly_formatted_message_is_masked_too(name, capsys):
    setup_logger(name, "INFO").info("%d", "hunter2")
    shown = capsys.readouterr().err
    assert "***" in shown
    assert "hunter2" not in shown


def test_build_ids_are_unique_sortable_and_safe_as_a_file_name():
    ids = [get_unique_build_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [each[:18] for each in ids] == sorted(each[:18] for each in ids)
    assert all(re.fullmatch(r"\d{8}T\d{9}-[0-9a-f]{8}", each) for each in [*ids, BUILD_ID])


def test_the_build_id_stays_the_same():
    assert utils.BUILD_ID is BUILD_ID
