"""What a family of phenomena is: a question, told in parts."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Part:
    """A step of the story.

    Attributes:
        title: its heading.
        opening: what the reader should know before the phenomena.
        phenomena: their names, in order.
    """

    title: str
    opening: str
    phenomena: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Family:
    """Phenomena with one question behind them.

    Attributes:
        name: as files and addresses have it.
        title: as a page calls it.
        question: one sentence that ends in a question mark.
        summary: a paragraph on what belongs together here, and why.
        parts: the story.
    """

    name: str
    title: str
    question: str
    summary: str
    parts: tuple[Part, ...]

    @property
    def phenomena(self) -> tuple[str, ...]:
        """The names of all its phenomena, in order."""
        return tuple(name for part in self.parts for name in part.phenomena)
