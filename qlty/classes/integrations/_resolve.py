"""From an entry of ``CUSTOM_INTEGRATIONS`` to an instance."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._guard import one_line
from qlty.classes.integrations.base_integration import Integration
from qlty.errors import RegistrationError
from qlty.settings import import_of_project

if TYPE_CHECKING:
    from collections.abc import Iterator


class CannotBuild(RegistrationError):
    """The class, or at least its source, could be found, and cannot be used.

    Attributes:
        required: what the class says of itself.
        must_deliver: the same.
    """

    def __init__(self, text: str, *, required: object, must_deliver: object) -> None:
        super().__init__(text)
        self.required = required is True
        self.must_deliver = must_deliver is True


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
        said = _said_in_source(module_path, class_name)
        raise CannotBuild(
            f"importing {module_path} failed: {one_line(error)}",
            required=said.get("required"),
            must_deliver=said.get("must_deliver"),
        ) from error
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
        raise CannotBuild(
            f"its constructor raised {one_line(error)}",
            required=cls.required,
            must_deliver=cls.must_deliver,
        ) from error


def _said_in_source(module_path: str, class_name: str) -> dict[str, object]:
    """Return the plain values that a class sets, of a module that cannot be imported.

    A check that must not be left out, such as one that reads its address where it is imported,
    says that it is required in the very module that fails.
    """
    try:
        spec = find_spec(module_path)
        source = spec.loader.get_source(module_path)  # type: ignore[union-attr]
        body = ast.parse(source).body
    except Exception:  # noqa: BLE001 -- there is none that can be read
        return {}
    found = [n for n in body if isinstance(n, ast.ClassDef) and n.name == class_name]
    return dict(chain.from_iterable(map(_assigned, chain.from_iterable(c.body for c in found))))


def _assigned(node: ast.stmt) -> Iterator[tuple[str, object]]:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Constant):
        return
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name):
            yield target.id, node.value.value
