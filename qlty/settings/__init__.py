"""Settings by one rule.

The setting ``KEY`` of ``NAME`` is ``NAME['KEY']`` in ``settings.py``, ``NAME_KEY`` in the
environment, ``name_key`` as an ini key and ``--name_key`` as an option.
A key that already begins with ``NAME_`` is not prefixed twice.
A secret may also come from a file: ``NAME_KEY_FILE``.
Precedence: option, ini, environment, ``settings.py``, default.
``None`` and empty text are "not set" everywhere.

An integration describes its settings as a struct and loads them::

    class ExampleSettings(IntegrationSettings, frozen=True, kw_only=True):
        api_key: Secret
        base_url: Url = Url("https://example.com/")

    settings = load("EXAMPLE", ExampleSettings)
"""

from qlty.settings._all_secrets import remember_secrets
from qlty.settings._load import flag, given, load, missing, noting_loads, only_on
from qlty.settings._model import IntegrationSettings, QltySettings, Settings
from qlty.settings._project import (
    close_project,
    import_of_project,
    import_project_settings,
    project_scope,
)
from qlty.settings._report_to import (
    BUILT_IN,
    Entry,
    custom_integrations,
    installed_integrations,
    report_to,
    required,
    split_names,
)
from qlty.settings._sources import Sources, current, install
from qlty.settings._suggest import nearest
from qlty.settings._values import Condition, Secret, SecretUrl, Url

__all__ = [
    "BUILT_IN",
    "Condition",
    "Entry",
    "IntegrationSettings",
    "QltySettings",
    "Secret",
    "SecretUrl",
    "Settings",
    "Sources",
    "Url",
    "close_project",
    "current",
    "custom_integrations",
    "flag",
    "given",
    "import_of_project",
    "import_project_settings",
    "install",
    "installed_integrations",
    "load",
    "missing",
    "nearest",
    "noting_loads",
    "only_on",
    "project_scope",
    "remember_secrets",
    "report_to",
    "required",
    "split_names",
]
