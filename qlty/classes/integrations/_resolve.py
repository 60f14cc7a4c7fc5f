"""From an entry of ``CUSTOM_INTEGRATIONS`` to an instance."""

from __future__ import annotations

from typing import Any

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RegistrationError
from qlty.settings import import_of_project


class CannotBuild(RegistrationError):
    """The class could be found, and cannot be used.

    Attributes:
        required: what the class says of itself.
        must_deliver: the same.
    """

    def __init__(self, text: str, cls: type[Integration]) -> None:
        super().__init__(text)
        self.required = cls.required
        self.must_deliver = cls.must_deliver


def resolve(entry: Any) -> Integration:
    """Return the integration that ``entry`` names: an instance, or ``module.path.ClassName``.

    Raises:
        RegistrationError: with the cause; ``CannotBuild`` where the class was found.
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
        module = import_of_project(module_path)
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
        raise CannotBuild(f"its constructor raised {one_line(error)}", cls) from error
