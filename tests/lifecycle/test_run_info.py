"""The facts of a run where no CI system says them: git, and the folder."""

import subprocess

import pytest

from qlty.lifecycle._git import Git, repository
from qlty.lifecycle._run_info import detect

COMMIT = ("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty")


def git(folder, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    """A repository of one commit on the branch ``main``."""
    folder = tmp_path / "shop-clone"
    git(folder, "init", "-q", "-b", "main")
    git(folder, *COMMIT, "-m", "one")
    return folder


def run_of(folder, environ=None, **more):
    return detect(folder, None, None, environ or {}, **more)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git",
        "https://user:dummy-token@github.com/acme/shop.git/",
        "git@github.com:acme/shop.git",
        "ssh://git@git.example.com:7999/acme/shop.git",
        "https://git.example.com/scm/acme/shop.git",
        "git://github.com/acme/shop.git",
        "acme/shop",
    ],
)
def test_a_repository_has_one_name_however_it_is_reached(address):
    assert repository(address) == "acme/shop"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://dev.azure.com/acme/My%20Project/_git/shop", "acme/My Project/shop"),
        ("git@ssh.dev.azure.com:v3/acme/My%20Project/shop", "acme/My Project/shop"),
        ("/srv/git/shop.git", "shop"),
        ("../shop.git", "shop"),
        ("file:///srv/git/shop.git", "shop"),
        ("v3/shop", "v3/shop"),
        ("https://github.com/scm/shop", "shop"),
        ("https://gitlab.com/acme/web/shop.git", "acme/web/shop"),
    ],
)
def test_the_name_of_a_repository(address, name):
    assert repository(address) == name


def test_a_project_is_called_as_its_remote(checkout):
    git(checkout, "remote", "add", "backup", "git@example.com:somebody/else.git")
    git(checkout, "remote", "add", "origin", "https://u:dummy-token@github.com/acme/shop.git")
    assert run_of(checkout)["project"] == "acme/shop"


def test_a_checkout_without_a_remote_is_called_as_its_folder(checkout):
    assert run_of(checkout)["project"] == "shop-clone"


def test_a_folder_without_git_is_the_project(tmp_path):
    run = run_of(tmp_path)
    assert (run["project"], run["branch"], run["commit"], run["folder"]) == (
        tmp_path.name,
        None,
        None,
        "",
    )


def test_two_projects_of_one_repository_are_told_apart(checkout):
    git(checkout, "remote", "add", "origin", "git@github.com:acme/shop.git")
    for folder in ("backend", "web/app"):
        (checkout / folder).mkdir(parents=True)
        run = run_of(checkout / folder)
        assert (run["project"], run["folder"]) == (f"acme/shop/{folder}", folder)


def test_what_the_settings_say_stands_for_the_repository(checkout):
    (checkout / "backend").mkdir()
    environ = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop"}
    assert run_of(checkout, environ, project="Store")["project"] == "Store"
    assert run_of(checkout / "backend", environ, project="Store")["project"] == "Store/backend"


def test_the_ci_systems_name_of_the_repository_comes_before_the_remote(checkout):
    git(checkout, "remote", "add", "origin", "git@github.com:somebody/fork.git")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop"}
    assert run_of(checkout, environ)["project"] == "acme/shop"


def test_two_repositories_that_one_job_checks_out_are_told_apart(checkout):
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/deploy",
        "GITHUB_WORKSPACE": str(checkout.parent),
    }
    run = run_of(checkout, environ)
    assert (run["project"], run["folder"]) == ("acme/deploy/shop-clone", "")


def test_the_folder_is_known_without_git_where_ci_names_the_checkout(tmp_path):
    (tmp_path / "backend").mkdir()
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_WORKSPACE": str(tmp_path),
    }
    run = run_of(tmp_path / "backend", environ)
    assert (run["project"], run["folder"]) == ("acme/shop/backend", "backend")


def test_branch_and_commit_of_a_checkout(checkout):
    git(checkout, "checkout", "-q", "-b", "feature/login")
    git(checkout, "tag", "feature/login")  # git calls the branch heads/feature/login then
    run = run_of(checkout)
    assert run["branch"] == "feature/login"
    assert run["commit"] == Git(checkout).commit
    assert len(run["commit"] or "") == 40


def test_a_detached_commit_is_on_no_branch(checkout):
    git(checkout, "checkout", "-q", "--detach")
    assert (run_of(checkout)["branch"], len(run_of(checkout)["commit"] or "")) == (None, 40)


def test_a_tag_of_ci_is_not_on_the_branch_that_git_has_checked_out(checkout):
    environ = {"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"}
    run = run_of(checkout, environ)
    assert (run["branch"], run["tag"]) == (None, "v1")


def test_a_checkout_without_a_commit_is_still_one(tmp_path):
    git(tmp_path / "new", "init", "-q", "-b", "main")
    (tmp_path / "new" / "sub").mkdir()
    run = run_of(tmp_path / "new" / "sub")
    assert (run["project"], run["commit"], run["branch"]) == ("new/sub", None, None)


def test_git_says_the_commit_where_ci_says_no_more_than_head(checkout):
    environ = {"BUILDKITE": "true", "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main"}
    assert run_of(checkout, environ)["commit"] == Git(checkout).commit


def test_jenkins_puts_the_name_of_any_remote_before_the_branch(checkout):
    git(checkout, "remote", "add", "upstream", "git@github.com:acme/shop.git")
    environ = {"JENKINS_URL": "https://ci.example.com/", "GIT_BRANCH": "upstream/release/7"}
    assert run_of(checkout, environ)["branch"] == "release/7"


def test_what_was_once_taken_for_the_branch_is_kept():
    from pathlib import Path

    nowhere = Path("/nowhere/work")
    azure = {
        "TF_BUILD": "True",
        "BUILD_SOURCEBRANCH": "refs/heads/a/b",
        "BUILD_SOURCEBRANCHNAME": "b",
    }
    assert run_of(nowhere, azure)["former_branch"] == "b"
    fork = {"TRAVIS": "true", "TRAVIS_REPO_SLUG": "a/b", "TRAVIS_PULL_REQUEST_SLUG": "c/b"}
    assert run_of(nowhere, fork)["former_branch"] is None
