"""A pickle as an attacker would write it."""

from pathlib import Path


class Hostile:
    """Unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))
