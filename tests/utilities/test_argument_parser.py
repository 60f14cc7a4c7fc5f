"""The runner's command line, and the flags that it sets."""

from __future__ import annotations

import pytest

from qlty import config
from qlty.utilities import argument_parser
from qlty.utilities.argument_parser import parse_arguments


@pytest.fixture(autouse=True)
def same_flags_afterwards():
    """Put the flags back."""
    before = dict(vars(config))
    yield
    vars(config).update(before)


@pytest.mark.parametrize(
    ("argument", "flag"),
    [
        ("-s", "SLACK_INTEGRATION"),
        ("--slack", "SLACK_INTEGRATION"),
        ("-r", "TESTRAIL_INTEGRATION"),
        ("--testrail", "TESTRAIL_INTEGRATION"),
        ("--pagerduty", "PAGERDUTY_INTEGRATION"),
    ],
)
def test_each_integration_has_its_argument(argument, flag):
    assert getattr(config, flag) is False
    parse_arguments([argument])
    assert getattr(config, flag) is True


def test_no_argument_enables_nothing():
    parse_arguments([])
    assert not any((config.SLACK_INTEGRATION, config.TESTRAIL_INTEGRATION))
    assert config.REPORT_ON_FAIL is True


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--no-report-on-fail"], False),
        (["-f"], True),
        (["--no-report-on-fail", "-f"], True),
    ],
)
def test_the_last_word_on_reporting_failures_counts(argv, expected):
    parse_arguments(argv)
    assert config.REPORT_ON_FAIL is expected


def test_labels_of_platform_and_environment_are_flags():
    parse_arguments(["-p", "chrome", "--env", "staging"])
    assert (config.CURRENT_PLATFORM, config.CURRENT_ENVIRONMENT) == ("chrome", "staging")


def test_paths_may_stand_anywhere():
    args, _ = parse_arguments(["tests/a", "-s", "tests/b", "-n", "2"])
    assert args.paths == ["tests/a", "tests/b"]


def test_everything_behind_two_dashes_is_for_pytest():
    args, rest = parse_arguments(["-s", "tests", "--", "-x", "--", "-k", "a"])
    assert args.paths == ["tests"]
    assert rest == ["-x", "--", "-k", "a"]


def test_an_unknown_argument_is_a_usage_error_that_knows_where_pytests_go(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--maxfail=1"])
    assert caught.value.code == 4
    assert "--maxfail=1 (options of pytest go behind --)" in capsys.readouterr().err


def test_the_letter_that_the_guide_gives_away_is_free(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["-x"])
    assert "unrecognized arguments: -x" in capsys.readouterr().err


def test_workers_without_xdist_say_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(argument_parser, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["-n", "2"])
    assert caught.value.code == 4
    assert "pip install 'qlty-framework[xdist]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "meant"), [(["outbx"], "outbox"), (["outbox", "delivr"], "deliver")]
)
def test_a_misspelt_subcommand_is_told_the_nearest_one(capsys, arguments, meant):
    from qlty.cli import main

    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 4
    assert f"did you mean {meant!r}?" in capsys.readouterr().err
