"""What the reference has to know of this library's code: `Example:` is code, and a spec is a dataclass."""

from typing import Any

import griffe


class House(griffe.Extension):
    """Loaded by mkdocstrings, see `mkdocs.yml`."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section `Example:`, since Google's style knows `Examples:` only."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give a class made by `@spec` the signature that its fields make."""
        if not any(str(decorator.value) == "spec" for decorator in cls.decorators) or "__init__" in cls.members:
            return
        named = griffe.ParameterKind.positional_or_keyword
        fields = [
            griffe.Parameter(name, annotation=field.annotation, default=field.value, kind=named)
            for name, field in cls.attributes.items()
            if field.annotation is not None and "property" not in field.labels
        ]
        init = griffe.Function("__init__", parameters=griffe.Parameters(griffe.Parameter("self"), *fields))
        cls.set_member("__init__", init)
        cls.labels.add("dataclass")
