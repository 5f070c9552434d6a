"""Phenomena of other distributions: entry points of the group `phenoscope.phenomena`, looked up when asked for.

Nothing is imported until a phenomenon is asked for by name, or all are listed. What is wrong with one stays with it.
"""

import contextlib
import dataclasses
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from importlib import metadata
from typing import Any, cast

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.phenomenon import Phenomenon

GROUP = "phenoscope.phenomena"
"""The group of entry points under which a distribution offers its phenomena."""

Maker = Callable[..., Phenomenon]
"""A function of a scale and, keyword-only and with defaults, the phenomenon's own options."""


@dataclasses.dataclass(frozen=True)
class Offer:
    """A phenomenon that another distribution offers.

    Attributes:
        name: of the entry point; of the distribution, where its entry points cannot even be read.
        distribution, version: who offers it.
        entry: where its function is found.
        problem: why it cannot be used, as far as that is known without importing it.
    """

    name: str
    distribution: str
    version: str
    entry: metadata.EntryPoint | None
    problem: str = ""

    @property
    def origin(self) -> str:
        """Distribution and version, for a person."""
        return f"{self.distribution} {self.version}"

    def maker(self) -> Maker:
        """Its function, imported now.

        Raises:
            PhenoscopeError: it cannot be imported, or is no function with a signature.
        """
        if self.entry is None or self.problem:
            raise PhenoscopeError(f"the phenomenon {self.name!r} of {self.origin} cannot be used: {self.problem}")
        with self.theirs(f"importing {self.entry.value} failed"):
            found = self.entry.load()
        if not callable(found):
            raise PhenoscopeError(
                f"the phenomenon {self.name!r} of {self.origin} cannot be used: {self.entry.value} is a "
                f"{type(found).__name__}. It must be a function of the scale that returns a Phenomenon."
            )
        with self.theirs(f"{self.entry.value} has no signature to read its options from"):
            inspect.signature(found)
        return cast(Maker, found)

    def make(self, maker: Maker, scale: str, options: dict[str, Any]) -> Phenomenon:
        """What the function returns at that scale, if it is the phenomenon that it was asked for.

        Raises:
            PhenoscopeError: the function fails, or returns something else.
        """
        with self.theirs(f"it failed at the scale {scale!r}"):
            made = maker(scale, **options)
        wrong = ""
        if not isinstance(made, Phenomenon):
            wrong = f"its function returned a {type(made).__name__}. It must return a phenoscope.phenomenon.Phenomenon."
        elif made.name != self.name:
            wrong = f"it calls itself {made.name!r}. Give the phenomenon and its entry point one name."
        elif not all(isinstance(text, str) for text in (made.title, made.question, made.summary)):
            wrong = "its title, question and summary must be text."
        elif made.scale != scale:
            wrong = f"asked for the scale {scale!r}, it says {made.scale!r}. Pass `scale=scale` to Phenomenon."
        if wrong:
            raise PhenoscopeError(f"the phenomenon {self.name!r} of {self.origin} cannot be used: {wrong}")
        return made

    @contextlib.contextmanager
    def theirs(self, failed: str) -> Iterator[None]:
        """Run another's code: what it prints is no answer of ours, and what it raises becomes one sentence."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except PhenoscopeError as problem:
            kind = BadInput if isinstance(problem, BadInput) else PhenoscopeError
            raise kind(f"the phenomenon {self.name!r} of {self.origin} refuses: {problem}") from problem
        except (Exception, SystemExit) as problem:
            raise PhenoscopeError(
                f"the phenomenon {self.name!r} of {self.origin} cannot be used: {failed}. {_told(problem)}"
            ) from problem


def offers(taken: Collection[str]) -> list[Offer]:
    """All that is offered, by name; a name that is taken, or offered twice, is nobody's.

    Args:
        taken: the names of the atlas itself.
    """
    found = list(_offered())
    counts = Counter(offer.name for offer in found)
    checked = []
    for offer in sorted(found, key=lambda offer: (offer.name, offer.origin)):
        problem = offer.problem
        if not problem and offer.name in taken:
            problem = "the atlas has a phenomenon of this name already. Rename the entry point and its phenomenon."
        elif not problem and counts[offer.name] > 1:
            who = " and ".join(sorted(other.origin for other in found if other.name == offer.name))
            problem = f"{who} both offer this name. Uninstall one, or rename it."
        checked.append(dataclasses.replace(offer, problem=problem))
    return checked


def _offered() -> Iterator[Offer]:
    """The entry points of every distribution on the path; of two of one name, the first hides the other."""
    seen = set()
    for distribution in metadata.distributions():
        try:
            if GROUP not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name, version = str(distribution.metadata["Name"]), str(distribution.metadata["Version"])
        except Exception:  # metadata of others, broken in whatever way: they are not named here, so not ours to judge
            continue
        if name.lower().replace("_", "-") in seen:
            continue
        seen.add(name.lower().replace("_", "-"))
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        except Exception as problem:  # the text is another's, and importlib has no one error for it
            yield Offer(name, name, version, None, f"its entry points cannot be read. {_told(problem)}")
        else:
            yield from (Offer(entry.name, name, version, entry) for entry in entries)


def _told(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0].rstrip('. ')}." if lines else f"{type(problem).__name__}."
