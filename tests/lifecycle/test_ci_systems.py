"""What is read from the variables of CI systems, by system and by what started the job.

The values are those of the systems' documentation, with made-up names.
"""

import json
from pathlib import Path

import pytest

from qlty.lifecycle._run_info import detect

SHA = "a" * 40
NO_CHECKOUT = Path("/nowhere/work")

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SHA": SHA,
    "GITHUB_WORKSPACE": "/nowhere",
}
GITHUB_URL = "https://github.com/acme/shop/actions/runs/42/attempts/2"
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/web/shop",
    "CI_COMMIT_SHA": SHA,
    "CI_JOB_URL": "https://gitlab.com/acme/web/shop/-/jobs/7",
    "CI_PROJECT_DIR": "/builds/acme/web/shop",
}
GITLAB_MERGE = {
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/login",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_COMMIT_REF_NAME": "feature/login",
}
JENKINS = {
    "JENKINS_URL": "https://ci.example.com/",
    "BUILD_URL": "https://ci.example.com/job/shop/7/",
    "GIT_URL": "https://robot:dummy-token@git.example.com/scm/acme/shop.git",
    "GIT_COMMIT": SHA,
}
CIRCLE = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_PROJECT_USERNAME": "acme",
    "CIRCLE_PROJECT_REPONAME": "shop",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/7",
}
BUILDKITE = {
    "CI": "true",
    "BUILDKITE": "true",
    "BUILDKITE_REPO": "git@github.com:acme/shop.git",
    "BUILDKITE_COMMIT": SHA,
    "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/7",
    "BUILDKITE_JOB_ID": "0189-ab",
    "BUILDKITE_RETRY_COUNT": "0",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "",
    "BUILDKITE_TAG": "",
}
BUILDKITE_URL = "https://buildkite.com/acme/shop/builds/7#0189-ab"
AZURE = {
    "TF_BUILD": "True",
    "BUILD_SOURCEVERSION": SHA,
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "My Project",
    "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/My%20Project/_git/shop",
    "BUILD_REPOSITORY_NAME": "shop",
    "BUILD_BUILDID": "7",
    "SYSTEM_JOBID": "12f1-9c",
    "SYSTEM_JOBATTEMPT": "3",
    "SYSTEM_PULLREQUEST_ISFORK": "False",
}
AZURE_URL = "https://dev.azure.com/acme/My%20Project/_build/results?buildId=7&view=logs&j=12f1-9c"
AZURE_PULL = {
    "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
    "BUILD_SOURCEBRANCHNAME": "merge",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature/login",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
}
BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BUILD_NUMBER": "7",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_COMMIT": SHA,
    "BITBUCKET_STEP_UUID": "{b1c2}",
    "BITBUCKET_STEP_RUN_NUMBER": "1",
}
BITBUCKET_URL = "https://bitbucket.org/acme/shop/pipelines/results/7/steps/%7Bb1c2%7D"
TEAMCITY = {
    "TEAMCITY_VERSION": "2023.09",
    "BUILD_VCS_NUMBER": SHA,
    "BUILD_URL": "https://tc.example.com/build/7",
}
TRAVIS = {
    "CI": "true",
    "TRAVIS": "true",
    "TRAVIS_REPO_SLUG": "acme/shop",
    "TRAVIS_COMMIT": SHA,
    "TRAVIS_JOB_WEB_URL": "https://app.travis-ci.com/acme/shop/jobs/7",
    "TRAVIS_BRANCH": "main",
    "TRAVIS_EVENT_TYPE": "push",
    "TRAVIS_PULL_REQUEST": "false",
    "TRAVIS_TAG": "",
}
TRAVIS_PULL = {
    "TRAVIS_EVENT_TYPE": "pull_request",
    "TRAVIS_PULL_REQUEST": "12",
    "TRAVIS_PULL_REQUEST_BRANCH": "feature/login",
    "TRAVIS_PULL_REQUEST_SLUG": "acme/shop",
}
DRONE = {
    "CI": "true",
    "DRONE": "true",
    "DRONE_REPO": "acme/shop",
    "DRONE_COMMIT_SHA": SHA,
    "DRONE_BUILD_LINK": "https://drone.example.com/acme/shop/7",
    "DRONE_STAGE_NUMBER": "1",
    "DRONE_STEP_NUMBER": "2",
    "DRONE_BUILD_EVENT": "push",
    "DRONE_BRANCH": "main",
}
DRONE_URL = "https://drone.example.com/acme/shop/7/1/2"
APPVEYOR = {
    "CI": "True",
    "APPVEYOR": "True",
    "APPVEYOR_REPO_NAME": "acme/shop",
    "APPVEYOR_REPO_COMMIT": SHA,
    "APPVEYOR_REPO_BRANCH": "main",
    "APPVEYOR_REPO_TAG": "false",
    "APPVEYOR_URL": "https://ci.appveyor.com",
    "APPVEYOR_ACCOUNT_NAME": "acme",
    "APPVEYOR_PROJECT_SLUG": "shop",
    "APPVEYOR_BUILD_ID": "7",
    "APPVEYOR_JOB_ID": "j8",
}
APPVEYOR_URL = "https://ci.appveyor.com/project/acme/shop/builds/7/job/j8"
APPVEYOR_PULL = {
    "APPVEYOR_PULL_REQUEST_NUMBER": "12",
    "APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME": "acme/shop",
    "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "feature/login",
    "APPVEYOR_PULL_REQUEST_HEAD_COMMIT": SHA,
}
SEMAPHORE = {
    "CI": "true",
    "SEMAPHORE": "true",
    "SEMAPHORE_GIT_REPO_SLUG": "acme/shop",
    "SEMAPHORE_GIT_SHA": SHA,
    "SEMAPHORE_GIT_BRANCH": "main",
    "SEMAPHORE_GIT_REF_TYPE": "branch",
    "SEMAPHORE_ORGANIZATION_URL": "https://acme.semaphoreci.com",
    "SEMAPHORE_JOB_ID": "j8",
}
SEMAPHORE_PULL = {
    "SEMAPHORE_GIT_REF_TYPE": "pull-request",
    "SEMAPHORE_GIT_PR_NUMBER": "12",
    "SEMAPHORE_GIT_PR_BRANCH": "feature/login",
    "SEMAPHORE_GIT_PR_SLUG": "acme/shop",
}
WOODPECKER = {
    "CI": "woodpecker",
    "CI_REPO": "acme/shop",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_BRANCH": "main",
    "CI_STEP_URL": "https://ci.example.com/repos/1/pipeline/7/2",
}

#: the facts of a push, of a pull request, and of a tag
PUSH = {"branch": "main", "base_branch": None, "tag": None, "pull_request": None}
PULL = {"branch": "feature/login", "base_branch": "main", "tag": None, "pull_request": 12}
FORK = PULL | {"branch": "octocat:main"}
TAG = {"branch": None, "base_branch": None, "tag": "v1.2", "pull_request": None}


def facts(project, url, attempt, situation):
    return {"project": project, "ci_url": url, "attempt": attempt, "commit": SHA, **situation}


def github(situation):
    return facts("acme/shop/work", GITHUB_URL, 2, situation)


def gitlab(situation):
    return facts("acme/web/shop", GITLAB["CI_JOB_URL"], None, situation)


def jenkins(situation):
    return facts("acme/shop", JENKINS["BUILD_URL"], None, situation)


def circle(situation):
    return facts("acme/shop", CIRCLE["CIRCLE_BUILD_URL"], None, situation)


def buildkite(situation):
    return facts("acme/shop", BUILDKITE_URL, 1, situation)


def azure(situation):
    return facts("acme/My Project/shop", AZURE_URL, 3, situation)


def bitbucket(situation):
    return facts("acme/shop", BITBUCKET_URL, 1, situation)


def travis(situation):
    return facts("acme/shop", TRAVIS["TRAVIS_JOB_WEB_URL"], None, situation)


def drone(situation):
    return facts("acme/shop", DRONE_URL, None, situation)


def appveyor(situation):
    return facts("acme/shop", APPVEYOR_URL, None, situation)


def semaphore(situation):
    return facts("acme/shop", "https://acme.semaphoreci.com/jobs/j8", None, situation)


def woodpecker(situation):
    return facts("acme/shop", WOODPECKER["CI_STEP_URL"], None, situation)


TABLE = {
    "GitHub Actions": {
        "push": (
            GITHUB,
            {
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_REF_NAME": "main",
                "GITHUB_REF_TYPE": "branch",
            },
            github(PUSH),
        ),
        "schedule": (
            GITHUB,
            {"GITHUB_EVENT_NAME": "schedule", "GITHUB_REF": "refs/heads/main"},
            github(PUSH),
        ),
        "branch with a slash": (
            GITHUB,
            {"GITHUB_REF": "refs/heads/feature/login", "GITHUB_REF_NAME": "feature/login"},
            github(PUSH | {"branch": "feature/login"}),
        ),
        "pull request": (
            GITHUB,
            {
                "GITHUB_REF": "refs/pull/12/merge",
                "GITHUB_REF_NAME": "12/merge",
                "GITHUB_REF_TYPE": "branch",
                "GITHUB_HEAD_REF": "feature/login",
                "GITHUB_BASE_REF": "main",
            },
            github(PULL),
        ),
        "tag": (
            GITHUB,
            {"GITHUB_REF": "refs/tags/v1.2", "GITHUB_REF_NAME": "v1.2", "GITHUB_REF_TYPE": "tag"},
            github(TAG),
        ),
    },
    "GitLab CI": {
        "push": (GITLAB, {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}, gitlab(PUSH)),
        "merge request": (GITLAB, GITLAB_MERGE, gitlab(PULL)),
        "merge request of a fork": (
            GITLAB,
            GITLAB_MERGE
            | {
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "octocat/shop",
            },
            gitlab(FORK),
        ),
        "tag": (GITLAB, {"CI_COMMIT_TAG": "v1.2", "CI_COMMIT_REF_NAME": "v1.2"}, gitlab(TAG)),
    },
    "Jenkins": {
        "push": (JENKINS, {"GIT_BRANCH": "origin/main"}, jenkins(PUSH)),
        "push with a local branch": (JENKINS, {"GIT_LOCAL_BRANCH": "main"}, jenkins(PUSH)),
        "full ref": (JENKINS, {"GIT_BRANCH": "refs/remotes/origin/main"}, jenkins(PUSH)),
        "multibranch": (
            JENKINS,
            {"BRANCH_NAME": "feature/login", "GIT_BRANCH": "origin/feature/login"},
            jenkins(PUSH | {"branch": "feature/login"}),
        ),
        "pull request": (
            JENKINS,
            {
                "BRANCH_NAME": "PR-12",
                "CHANGE_ID": "12",
                "CHANGE_BRANCH": "feature/login",
                "CHANGE_TARGET": "main",
            },
            jenkins(PULL),
        ),
        "pull request of a fork": (
            JENKINS,
            {
                "BRANCH_NAME": "PR-12",
                "CHANGE_ID": "12",
                "CHANGE_BRANCH": "main",
                "CHANGE_FORK": "octocat",
                "CHANGE_TARGET": "main",
            },
            jenkins(FORK),
        ),
        "tag": (JENKINS, {"BRANCH_NAME": "v1.2", "TAG_NAME": "v1.2"}, jenkins(TAG)),
        "detached": (JENKINS, {"GIT_BRANCH": "detached"}, jenkins(PUSH | {"branch": None})),
        "a commit": (JENKINS, {"GIT_BRANCH": SHA}, jenkins(PUSH | {"branch": None})),
    },
    "CircleCI": {
        "push": (CIRCLE, {"CIRCLE_BRANCH": "main"}, circle(PUSH)),
        "pull request": (
            CIRCLE,
            {
                "CIRCLE_BRANCH": "feature/login",
                "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/12",
            },
            circle(PULL | {"base_branch": None}),
        ),
        "pull request of a fork": (
            CIRCLE,
            {
                "CIRCLE_BRANCH": "pull/12",
                "CIRCLE_PR_NUMBER": "12",
                "CIRCLE_PR_USERNAME": "octocat",
                "CIRCLE_PR_REPONAME": "shop",
            },
            circle(FORK | {"branch": "octocat:pull/12", "base_branch": None}),
        ),
        "tag": (CIRCLE, {"CIRCLE_TAG": "v1.2"}, circle(TAG)),
    },
    "Buildkite": {
        "push": (BUILDKITE, {"BUILDKITE_BRANCH": "main"}, buildkite(PUSH)),
        "pull request": (
            BUILDKITE,
            {
                "BUILDKITE_BRANCH": "feature/login",
                "BUILDKITE_PULL_REQUEST": "12",
                "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
                "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/acme/shop.git",
            },
            buildkite(PULL),
        ),
        "pull request of a fork": (
            BUILDKITE,
            {
                "BUILDKITE_BRANCH": "octocat:main",
                "BUILDKITE_PULL_REQUEST": "12",
                "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
                "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/octocat/shop.git",
            },
            buildkite(FORK),
        ),
        "tag": (BUILDKITE, {"BUILDKITE_BRANCH": "v1.2", "BUILDKITE_TAG": "v1.2"}, buildkite(TAG)),
        "retry": (
            BUILDKITE,
            {"BUILDKITE_BRANCH": "main", "BUILDKITE_RETRY_COUNT": "1"},
            buildkite(PUSH) | {"attempt": 2},
        ),
        "built by hand": (
            BUILDKITE,
            {"BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD"},
            buildkite(PUSH) | {"commit": None},
        ),
    },
    "Azure Pipelines": {
        "push": (
            AZURE,
            {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_SOURCEBRANCHNAME": "main"},
            azure(PUSH),
        ),
        "branch with a slash": (
            AZURE,
            {"BUILD_SOURCEBRANCH": "refs/heads/feature/login", "BUILD_SOURCEBRANCHNAME": "login"},
            azure(PUSH | {"branch": "feature/login"}),
        ),
        "pull request": (AZURE, AZURE_PULL, azure(PULL)),
        "pull request of a fork": (
            AZURE,
            AZURE_PULL | {"SYSTEM_PULLREQUEST_ISFORK": "True"},
            azure(PULL | {"branch": "fork:feature/login"}),
        ),
        "pull request of GitHub": (
            AZURE,
            AZURE_PULL
            | {
                "BUILD_REPOSITORY_URI": "https://github.com/acme/shop",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "293753840",
                "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "12",
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": "feature/login",
                "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
            },
            azure(PULL) | {"project": "acme/shop"},
        ),
        "tag": (
            AZURE,
            {"BUILD_SOURCEBRANCH": "refs/tags/v1.2", "BUILD_SOURCEBRANCHNAME": "v1.2"},
            azure(TAG),
        ),
    },
    "Bitbucket Pipelines": {
        "push": (BITBUCKET, {"BITBUCKET_BRANCH": "main"}, bitbucket(PUSH)),
        "pull request": (
            BITBUCKET,
            {
                "BITBUCKET_BRANCH": "feature/login",
                "BITBUCKET_PR_ID": "12",
                "BITBUCKET_PR_DESTINATION_BRANCH": "main",
            },
            bitbucket(PULL),
        ),
        "tag": (BITBUCKET, {"BITBUCKET_TAG": "v1.2"}, bitbucket(TAG)),
    },
    "TeamCity": {
        "any": (TEAMCITY, {}, facts("work", TEAMCITY["BUILD_URL"], None, PUSH | {"branch": None})),
    },
    "Travis CI": {
        "push": (TRAVIS, {}, travis(PUSH)),
        "pull request": (TRAVIS, TRAVIS_PULL, travis(PULL)),
        "pull request of a fork": (
            TRAVIS,
            TRAVIS_PULL
            | {
                "TRAVIS_PULL_REQUEST_BRANCH": "main",
                "TRAVIS_PULL_REQUEST_SLUG": "octocat/shop",
            },
            travis(FORK),
        ),
        "tag": (TRAVIS, {"TRAVIS_BRANCH": "v1.2", "TRAVIS_TAG": "v1.2"}, travis(TAG)),
    },
    "Drone": {
        "push": (DRONE, {}, drone(PUSH)),
        "pull request": (
            DRONE,
            {
                "DRONE_BUILD_EVENT": "pull_request",
                "DRONE_PULL_REQUEST": "12",
                "DRONE_SOURCE_BRANCH": "feature/login",
                "DRONE_TARGET_BRANCH": "main",
            },
            drone(PULL),
        ),
        "tag": (DRONE, {"DRONE_BUILD_EVENT": "tag", "DRONE_TAG": "v1.2"}, drone(TAG)),
    },
    "AppVeyor": {
        "push": (APPVEYOR, {}, appveyor(PUSH)),
        "pull request": (APPVEYOR, APPVEYOR_PULL, appveyor(PULL)),
        "pull request of a fork": (
            APPVEYOR,
            APPVEYOR_PULL
            | {
                "APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME": "octocat/shop",
                "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "main",
            },
            appveyor(FORK),
        ),
        "tag": (
            APPVEYOR,
            {"APPVEYOR_REPO_TAG": "true", "APPVEYOR_REPO_TAG_NAME": "v1.2"},
            appveyor(TAG),
        ),
    },
    "Semaphore": {
        "push": (SEMAPHORE, {}, semaphore(PUSH)),
        "pull request": (SEMAPHORE, SEMAPHORE_PULL, semaphore(PULL)),
        "pull request of a fork": (
            SEMAPHORE,
            SEMAPHORE_PULL
            | {"SEMAPHORE_GIT_PR_BRANCH": "main", "SEMAPHORE_GIT_PR_SLUG": "octocat/shop"},
            semaphore(FORK),
        ),
        "tag": (
            SEMAPHORE,
            {
                "SEMAPHORE_GIT_BRANCH": "refs/tags/v1.2",
                "SEMAPHORE_GIT_REF_TYPE": "tag",
                "SEMAPHORE_GIT_TAG_NAME": "v1.2",
            },
            semaphore(TAG),
        ),
    },
    "Woodpecker": {
        "push": (WOODPECKER, {}, woodpecker(PUSH)),
        "pull request": (
            WOODPECKER,
            {
                "CI_COMMIT_PULL_REQUEST": "12",
                "CI_COMMIT_SOURCE_BRANCH": "feature/login",
                "CI_COMMIT_TARGET_BRANCH": "main",
            },
            woodpecker(PULL),
        ),
        "tag": (WOODPECKER, {"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1.2"}, woodpecker(TAG)),
    },
}
ROWS = [
    pytest.param(system, {**common, **special}, expected, id=f"{system}, {situation}")
    for system, situations in TABLE.items()
    for situation, (common, special, expected) in situations.items()
]


@pytest.mark.parametrize(("system", "environ", "expected"), ROWS)
def test_the_facts_of_a_job(system, environ, expected):
    run = detect(NO_CHECKOUT, None, None, environ)
    assert run["ci"] == system
    assert {name: run[name] for name in expected} == expected


def test_the_source_of_a_pull_request_on_github_stands_in_its_event(tmp_path):
    event = tmp_path / "event.json"
    pull = {"number": 12, "head": {"ref": "main", "repo": {"full_name": "octocat/shop"}}}
    event.write_text(json.dumps({"pull_request": pull}))
    environ = {
        **GITHUB,
        "GITHUB_REF": "refs/heads/main",  # as with pull_request_target
        "GITHUB_HEAD_REF": "main",
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_PATH": str(event),
    }
    run = detect(NO_CHECKOUT, None, None, environ)
    assert {name: run[name] for name in FORK} == FORK


@pytest.mark.parametrize("event", ["", "[]", '{"pull_request": null}', '{"pull_request": {}}'])
def test_an_event_that_says_nothing_costs_nothing(tmp_path, event):
    (tmp_path / "event.json").write_text(event)
    environ = {**GITHUB, "GITHUB_HEAD_REF": "x", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    assert detect(NO_CHECKOUT, None, None, environ)["branch"] == "x"


@pytest.mark.parametrize("value", ["false", "0", "False", "no", "off"])
def test_ci_that_is_switched_off_is_none(value):
    assert detect(NO_CHECKOUT, None, None, {"CI": value})["ci"] is None
    assert detect(NO_CHECKOUT, None, None, {**GITHUB, "CI": value})["ci"] is None


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TRAVIS"])
def test_a_system_that_is_switched_off_is_none(variable):
    assert detect(NO_CHECKOUT, None, None, {variable: "false"})["ci"] is None


@pytest.mark.parametrize(
    "project", ["Fish & Chips", "50% #1?", "Käse", "a/b", "x;y=z", "\N{SNOWMAN}"]
)
def test_the_address_of_a_job_is_an_address_whatever_the_project_is_called(project):
    from urllib.parse import unquote, urlsplit

    environ = {**AZURE, "SYSTEM_TEAMPROJECT": project}
    url = detect(NO_CHECKOUT, None, None, environ)["ci_url"]
    parts = urlsplit(url)
    assert url.isascii()
    assert " " not in url
    assert unquote(parts.path) == f"/acme/{project}/_build/results"
    assert parts.query.startswith("buildId=7")


def test_an_address_that_a_variable_holds_stays_as_it_is():
    url = "https://ci.example.com/job/My%20Shop/7/?x=1&y=%23#log"
    assert detect(NO_CHECKOUT, None, None, {**JENKINS, "BUILD_URL": url})["ci_url"] == url
