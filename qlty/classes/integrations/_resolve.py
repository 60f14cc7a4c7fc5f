"""From an entry of ``CUSTOM_INTEGRATIONS`` to an instance."""

from __future__ import annotations

import importlib
from typing import Any

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RegistrationError


class RequiredMissing(RegistrationError):
    """The class could be found, says ``required``, and cannot be used."""

    required = True


def resolve(entry: Any) -> Integration:
    """Return the integration that ``entry`` names: an instance, or ``module.path.ClassName``.

    Raises:
        RegistrationError: with the cause; ``RequiredMissing`` where the class is required.
    """
    if isinstance(entry, Integration):
        return entry
    if not isinstance(entry, str):
        raise RegistrationError(
            "an entry is a dotted path such as 'integrations.my_module.MyIntegration' or an "
            f"instance of Integration, not {type(entry).__name__}"
        )
    return _build(find_class(entry))


def find_class(path: str) -> type[Integration]:
    """Import ``module.path.ClassName``.

    Raises:
        RegistrationError: the module or the class is not there, or it is no ``Integration``.
    """
    module_path, _, class_name = path.rpartition(".")
    if not module_path:
        raise RegistrationError("it has no module: write module.path.ClassName")
    try:
        module = importlib.import_module(module_path)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise RegistrationError(f"importing {module_path} failed: {one_line(error)}") from error
    found = getattr(module, class_name, None)
    if found is None:
        raise RegistrationError(f"module {module_path} has no class {class_name}")
    if not (isinstance(found, type) and issubclass(found, Integration)):
        raise RegistrationError(f"{class_name} does not extend Integration")
    return found


def _build(cls: type[Integration]) -> Integration:
    try:
        return cls()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        kind = RequiredMissing if cls.required else RegistrationError
        raise kind(f"its constructor raised {one_line(error)}") from error
