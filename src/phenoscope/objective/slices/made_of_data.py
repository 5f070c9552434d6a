"""Which tensors of an evaluation are made of the data alone, whatever the parameters."""

from typing import Any

from torch import Tensor

from phenoscope.objective.batches import tensors


class MadeOfData:
    """Tensors with the versions at which they were noted: one that was written to since, or whose base was, is unknown.

    The tensors are held, so that no other one gets their ids.

    Args:
        inputs: of a batch.
    """

    def __init__(self, inputs: Any) -> None:
        self._held = {id(part): (part, part._version) for part in tensors(inputs)}

    def note(self, part: Tensor) -> None:
        """It is made of the data, as it is now."""
        self._held[id(part)] = (part, part._version)

    def has(self, part: Tensor, *, changed: bool = False) -> bool:
        """Whether it was noted, and, unless it may have `changed`, still is what it was."""
        held, version = self._held.get(id(part), (None, 0))
        return held is part and (changed or version == part._version)

    def give(self, result: Tensor, given: list[Tensor]) -> bool:
        """Whether a call that was given these tensors made, or changed, one of the data; if so it is noted."""
        made = bool(given) and all(self.has(part, changed=part is result) for part in given)
        if made:
            self.note(result)
        return made
