"""What QLTY Framework, the tests and the project's own integrations are told."""

import os

DEBUG_LEVEL = "INFO"

#: the service under test
STOREFRONT = {
    "BASE_URL": os.getenv("STOREFRONT_URL", "http://127.0.0.1:8080"),
}

CUSTOM_INTEGRATIONS = [
    "integrations.preflight.StorefrontAnswers",
    "integrations.release_check.ReleaseCheck",
]

SLACK = {
    "AUTH_TOKEN": os.getenv("SLACK_AUTH_TOKEN"),
    "CHANNEL_ID": os.getenv("SLACK_CHANNEL_ID"),
}

TESTRAIL = {
    "BASE_URL": os.getenv("TESTRAIL_BASE_URL"),
    "USERNAME": os.getenv("TESTRAIL_USERNAME"),
    "API_KEY": os.getenv("TESTRAIL_API_KEY"),
    "PROJECT_ID": os.getenv("TESTRAIL_PROJECT_ID"),
    "SUITE_ID": os.getenv("TESTRAIL_SUITE_ID"),
}

PAGERDUTY = {
    "API_KEY": os.getenv("PAGERDUTY_API_KEY"),
    "DEFAULT_FROM": os.getenv("PAGERDUTY_DEFAULT_FROM"),
}
