"""What CI systems say of the job that they run, one row for each.

Each fact has templates over the environment, and the first one that can be filled in wins:
``{NAME}`` stands for a variable that is set and not empty. ``{NAME=pattern}`` stands for nothing,
and is a condition: the variable has such a value. :mod:`qlty.lifecycle._ci` fills them in.
"""

from __future__ import annotations

from typing import NamedTuple

Templates = tuple[str, ...]


class CiSystem(NamedTuple):
    """How a CI system says what it runs, in variables that its documentation names.

    Attributes:
        name: as people call it.
        marker: can be filled in where the system runs the job.
        repository: ``owner/name``, or an address that ends with it.
        source: where a pull request comes from, as ``repository``; another one is a fork.
        branch: the source branch of a pull request, or what was pushed, with or without ``refs/``.
        base_branch: where a pull request wants to go.
        tag: what was tagged.
        commit: the full hash.
        pull_request: a number, or an address that ends with it.
        job: address of the job, of this attempt where one has an address of its own.
        attempt: how many times this was run.
        first_attempt: the number of the first one.
        checkout: the folder of the repository.
        former_branch: what was taken for the branch while keys of incidents lacked the project.
    """

    name: str
    marker: str
    repository: Templates = ()
    source: Templates = ()
    branch: Templates = ()
    base_branch: Templates = ()
    tag: Templates = ()
    commit: Templates = ()
    pull_request: Templates = ()
    job: Templates = ()
    attempt: Templates = ()
    first_attempt: int = 1
    checkout: Templates = ()
    former_branch: Templates = ("{BRANCH_NAME}",)


_GITHUB_RUN = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
_AZURE_BUILD = "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"
_BITBUCKET_RUN = (
    "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"
)
_APPVEYOR_BUILD = (
    "{APPVEYOR_URL}/project/{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}"
    "/builds/{APPVEYOR_BUILD_ID}"
)

CI_SYSTEMS = (
    CiSystem(  # https://docs.github.com/en/actions/reference/workflows-and-actions/variables
        name="GitHub Actions",
        marker="{GITHUB_ACTIONS}",
        repository=("{GITHUB_REPOSITORY}",),
        # of the file GITHUB_EVENT_PATH: no variable tells a fork
        source=("{GITHUB_EVENT.pull_request.head.repo.full_name}",),
        branch=("{GITHUB_HEAD_REF}", "{GITHUB_REF}", "{GITHUB_REF_NAME}"),
        base_branch=("{GITHUB_BASE_REF}",),
        tag=("{GITHUB_REF_TYPE=tag}{GITHUB_REF_NAME}",),
        commit=("{GITHUB_SHA}",),
        pull_request=("{GITHUB_EVENT.pull_request.number}", "{GITHUB_REF}"),
        # the numeric id of a job, which its own page needs, is in no variable
        job=(_GITHUB_RUN + "/attempts/{GITHUB_RUN_ATTEMPT}", _GITHUB_RUN),
        attempt=("{GITHUB_RUN_ATTEMPT}",),
        checkout=("{GITHUB_WORKSPACE}",),
        former_branch=(
            "{GITHUB_HEAD_REF}",
            "{GITHUB_REF_NAME}",
        ),
    ),
    CiSystem(  # https://docs.gitlab.com/ci/variables/predefined_variables/
        name="GitLab CI",
        marker="{GITLAB_CI}",
        repository=("{CI_PROJECT_PATH}",),
        source=("{CI_MERGE_REQUEST_SOURCE_PROJECT_PATH}",),
        branch=(
            "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}",
            "{CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME}",
            "{CI_COMMIT_BRANCH}",
            "{CI_COMMIT_REF_NAME}",
        ),
        base_branch=(
            "{CI_MERGE_REQUEST_TARGET_BRANCH_NAME}",
            "{CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME}",
        ),
        tag=("{CI_COMMIT_TAG}",),
        commit=("{CI_COMMIT_SHA}",),
        pull_request=("{CI_MERGE_REQUEST_IID}", "{CI_EXTERNAL_PULL_REQUEST_IID}"),
        job=("{CI_JOB_URL}",),  # a job that is run again has another address
        checkout=("{CI_PROJECT_DIR}",),
        former_branch=("{CI_COMMIT_REF_NAME}",),
    ),
    CiSystem(  # https://www.jenkins.io/doc/book/pipeline/jenkinsfile/, plugins: git, branch-api
        name="Jenkins",
        marker="{JENKINS_URL}",
        repository=("{GIT_URL}", "{GIT_URL_1}"),
        source=("{CHANGE_FORK}",),
        branch=("{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_LOCAL_BRANCH}", "{GIT_BRANCH}"),
        base_branch=("{CHANGE_TARGET}",),
        tag=("{TAG_NAME}",),
        commit=("{GIT_COMMIT}",),
        pull_request=("{CHANGE_ID}",),
        job=("{BUILD_URL}",),
        checkout=("{WORKSPACE}",),
        former_branch=(
            "{CHANGE_BRANCH}",
            "{BRANCH_NAME}",
            "{GIT_BRANCH}",
        ),
    ),
    CiSystem(  # https://circleci.com/docs/variables/
        name="CircleCI",
        marker="{CIRCLECI}",
        repository=(
            "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}",
            "{CIRCLE_REPOSITORY_URL}",
        ),
        source=("{CIRCLE_PR_USERNAME}/{CIRCLE_PR_REPONAME}",),  # of forks alone
        branch=("{CIRCLE_BRANCH}",),
        tag=("{CIRCLE_TAG}",),
        commit=("{CIRCLE_SHA1}",),
        pull_request=("{CIRCLE_PR_NUMBER}", "{CIRCLE_PULL_REQUEST}"),
        job=("{CIRCLE_BUILD_URL}",),
        checkout=("{CIRCLE_WORKING_DIRECTORY}",),
        former_branch=("{CIRCLE_BRANCH}",),
    ),
    CiSystem(  # https://buildkite.com/docs/pipelines/configure/environment-variables
        name="Buildkite",
        marker="{BUILDKITE}",
        repository=("{BUILDKITE_REPO}",),
        source=("{BUILDKITE_PULL_REQUEST_REPO}",),
        branch=("{BUILDKITE_BRANCH}",),
        base_branch=("{BUILDKITE_PULL_REQUEST_BASE_BRANCH}",),
        tag=("{BUILDKITE_TAG}",),
        commit=("{BUILDKITE_COMMIT}",),
        pull_request=("{BUILDKITE_PULL_REQUEST}",),
        job=("{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", "{BUILDKITE_BUILD_URL}"),
        attempt=("{BUILDKITE_RETRY_COUNT}",),
        first_attempt=0,
        checkout=("{BUILDKITE_BUILD_CHECKOUT_PATH}",),
        former_branch=("{BUILDKITE_BRANCH}",),
    ),
    CiSystem(  # https://learn.microsoft.com/azure/devops/pipelines/build/variables
        name="Azure Pipelines",
        marker="{TF_BUILD}",
        repository=("{BUILD_REPOSITORY_URI}", "{SYSTEM_TEAMPROJECT}/{BUILD_REPOSITORY_NAME}"),
        source=("{SYSTEM_PULLREQUEST_ISFORK=True}fork",),
        branch=(
            "{SYSTEM_PULLREQUEST_SOURCEBRANCH}",
            "{BUILD_SOURCEBRANCH}",
            "{BUILD_SOURCEBRANCHNAME}",
        ),
        base_branch=("{SYSTEM_PULLREQUEST_TARGETBRANCH}",),
        commit=("{BUILD_SOURCEVERSION}",),
        pull_request=(
            "{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}",
            "{SYSTEM_PULLREQUEST_PULLREQUESTID}",
        ),
        job=(_AZURE_BUILD + "&view=logs&j={SYSTEM_JOBID}", _AZURE_BUILD),
        attempt=("{SYSTEM_JOBATTEMPT}",),
        checkout=("{BUILD_SOURCESDIRECTORY}",),
        former_branch=("{BUILD_SOURCEBRANCHNAME}",),
    ),
    CiSystem(  # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
        name="Bitbucket Pipelines",
        marker="{BITBUCKET_BUILD_NUMBER}",
        repository=("{BITBUCKET_REPO_FULL_NAME}",),
        branch=("{BITBUCKET_BRANCH}",),
        base_branch=("{BITBUCKET_PR_DESTINATION_BRANCH}",),
        tag=("{BITBUCKET_TAG}",),
        commit=("{BITBUCKET_COMMIT}",),
        pull_request=("{BITBUCKET_PR_ID}",),
        job=(_BITBUCKET_RUN + "/steps/{BITBUCKET_STEP_UUID}", _BITBUCKET_RUN),
        attempt=("{BITBUCKET_STEP_RUN_NUMBER}",),
        checkout=("{BITBUCKET_CLONE_DIR}",),
    ),
    CiSystem(  # https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
        name="TeamCity",
        marker="{TEAMCITY_VERSION}",
        # the branch is in no variable by default; git knows it
        commit=("{BUILD_VCS_NUMBER}",),
        job=("{BUILD_URL}",),
    ),
    CiSystem(  # https://docs.travis-ci.com/user/environment-variables/
        name="Travis CI",
        marker="{TRAVIS}",
        repository=("{TRAVIS_REPO_SLUG}",),
        source=("{TRAVIS_PULL_REQUEST_SLUG}",),
        branch=("{TRAVIS_PULL_REQUEST_BRANCH}", "{TRAVIS_BRANCH}"),
        base_branch=("{TRAVIS_EVENT_TYPE=pull_request}{TRAVIS_BRANCH}",),
        tag=("{TRAVIS_TAG}",),
        commit=("{TRAVIS_COMMIT}",),
        pull_request=("{TRAVIS_PULL_REQUEST}",),
        job=("{TRAVIS_JOB_WEB_URL}", "{TRAVIS_BUILD_WEB_URL}"),
        checkout=("{TRAVIS_BUILD_DIR}",),
    ),
    CiSystem(  # https://docs.drone.io/pipeline/environment/reference/
        name="Drone",
        marker="{DRONE}",
        repository=("{DRONE_REPO}",),
        branch=("{DRONE_SOURCE_BRANCH}", "{DRONE_BRANCH}"),
        base_branch=("{DRONE_BUILD_EVENT=pull_request}{DRONE_TARGET_BRANCH}",),
        tag=("{DRONE_TAG}",),
        commit=("{DRONE_COMMIT_SHA}", "{DRONE_COMMIT}"),
        pull_request=("{DRONE_PULL_REQUEST}",),
        job=("{DRONE_BUILD_LINK}/{DRONE_STAGE_NUMBER}/{DRONE_STEP_NUMBER}", "{DRONE_BUILD_LINK}"),
        checkout=("{DRONE_WORKSPACE}",),
    ),
    CiSystem(  # https://www.appveyor.com/docs/environment-variables/
        name="AppVeyor",
        marker="{APPVEYOR}",
        repository=("{APPVEYOR_REPO_NAME}",),
        source=("{APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME}",),
        branch=("{APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH}", "{APPVEYOR_REPO_BRANCH}"),
        base_branch=("{APPVEYOR_PULL_REQUEST_NUMBER=*}{APPVEYOR_REPO_BRANCH}",),
        tag=("{APPVEYOR_REPO_TAG=true}{APPVEYOR_REPO_TAG_NAME}",),
        commit=("{APPVEYOR_PULL_REQUEST_HEAD_COMMIT}", "{APPVEYOR_REPO_COMMIT}"),
        pull_request=("{APPVEYOR_PULL_REQUEST_NUMBER}",),
        job=(_APPVEYOR_BUILD + "/job/{APPVEYOR_JOB_ID}",),
        checkout=("{APPVEYOR_BUILD_FOLDER}",),
    ),
    CiSystem(  # https://docs.semaphoreci.com/reference/env-vars
        name="Semaphore",
        marker="{SEMAPHORE}",
        repository=("{SEMAPHORE_GIT_REPO_SLUG}", "{SEMAPHORE_GIT_URL}"),
        source=("{SEMAPHORE_GIT_PR_SLUG}",),
        branch=(
            "{SEMAPHORE_GIT_PR_BRANCH}",
            "{SEMAPHORE_GIT_WORKING_BRANCH}",
            "{SEMAPHORE_GIT_BRANCH}",
        ),
        base_branch=("{SEMAPHORE_GIT_REF_TYPE=pull-request}{SEMAPHORE_GIT_BRANCH}",),
        tag=("{SEMAPHORE_GIT_TAG_NAME}",),
        commit=("{SEMAPHORE_GIT_SHA}",),
        pull_request=("{SEMAPHORE_GIT_PR_NUMBER}",),
        job=("{SEMAPHORE_ORGANIZATION_URL}/jobs/{SEMAPHORE_JOB_ID}",),
    ),
    CiSystem(  # https://woodpecker-ci.org/docs/usage/environment
        name="Woodpecker",
        marker="{CI=woodpecker}",
        repository=("{CI_REPO}",),
        branch=("{CI_COMMIT_SOURCE_BRANCH}", "{CI_COMMIT_BRANCH}"),
        base_branch=("{CI_COMMIT_TARGET_BRANCH}",),
        tag=("{CI_COMMIT_TAG}",),
        commit=("{CI_COMMIT_SHA}",),
        pull_request=("{CI_COMMIT_PULL_REQUEST}",),
        job=("{CI_STEP_URL}", "{CI_PIPELINE_URL}"),
        checkout=("{CI_WORKSPACE}",),
    ),
    CiSystem(
        name="CI",
        marker="{CI}",
        repository=("{GIT_URL}",),
        branch=("{BRANCH_NAME}", "{GIT_BRANCH}"),
        commit=("{GIT_COMMIT}",),
        job=("{BUILD_URL}",),
    ),
)
