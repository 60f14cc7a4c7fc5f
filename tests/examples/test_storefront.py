"""The example project, as its users run it."""

from .conftest import STOREFRONT, python, shop

QUIET = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_the_suite_passes_on_the_release_without_bugs():
    with shop("--fixed") as url:
        done = python(*QUIET, cwd=STOREFRONT, STOREFRONT_URL=url)
    assert done.returncode == 0, done.stdout


def test_the_legacy_suite_still_runs_without_pytest():
    with shop("--fixed") as url:
        done = python(
            "-m", "unittest", "tests/legacy/test_prices.py", cwd=STOREFRONT, STOREFRONT_URL=url
        )
    assert done.returncode == 0, done.stdout


def test_no_test_runs_while_the_service_is_down():
    with shop() as url:
        pass
    done = python(*QUIET, "--qlty", cwd=STOREFRONT, STOREFRONT_URL=url)
    assert done.returncode == 69, done.stdout
    assert "StorefrontAnswers" in done.stdout
    assert "passed" not in done.stdout
