"""What is public: the packages and modules that a person may import from, and their names."""

import importlib
import inspect
import pkgutil
from typing import Any, TypeVar

import phenoscope

INSIDE = {"cli", "__main__", "core"}
"""The command is documented as a command; of the core, four modules are public."""
CORE = ("errors", "points", "seeds", "specs")


def public_modules() -> list[str]:
    """Packages and modules right below `phenoscope`, and those of the core."""
    names = [found.name for found in pkgutil.iter_modules(phenoscope.__path__) if found.name not in INSIDE]
    return sorted(names) + [f"core.{name}" for name in CORE]


def public_names(module: str) -> dict[str, Any]:
    """The public names of one: those in `__all__`, else those it defines."""
    found = importlib.import_module(f"phenoscope.{module}")
    if hasattr(found, "__all__"):
        return {name: getattr(found, name) for name in found.__all__}
    mine = {name: value for name, value in vars(found).items() if not name.startswith("_")}
    return {
        name: value
        for name, value in mine.items()
        if getattr(value, "__module__", None) == found.__name__ and not isinstance(value, TypeVar)
    }


def is_documented_by_text(value: Any) -> bool:
    """Whether it is a class or a function, which carries a docstring."""
    return inspect.isclass(value) or inspect.isroutine(value)
