"""Where a cohort has come to: one file in the folder of its first member, replaced as a whole every few seconds.

It holds plain tensors and JSON, and a digest of both: damage is noticed, and nothing in it can name code to run. A
checkpoint that is damaged, or was made by other members or in other circumstances, counts for nothing; the members
then begin anew.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import packed, unpacked
from phenoscope.store.files import SCHEMA, write_bytes, writing
from phenoscope.store.soundness import plain_file
from phenoscope.training import Reached

CHECKPOINT = "checkpoint.safetensors"

UNREADABLE = (
    SafetensorError, OSError, MemoryError, RuntimeError, RecursionError, LookupError, TypeError, ValueError,
    AttributeError, OverflowError, BadInput,
)  # fmt: skip
"""What reading a damaged or foreign file may raise."""


@dataclasses.dataclass(frozen=True)
class Maker:
    """Who made a checkpoint, and in what circumstances: it serves only those for whom both are the same.

    Attributes:
        cohort: ids of the members, in the order of the rows.
        circumstances: whatever the bytes of the results depend on, besides the members: versions, the device.
    """

    cohort: tuple[str, ...]
    circumstances: Mapping[str, str | None]


@dataclasses.dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a cohort before the readings at a step.

    Attributes:
        reached: the training's state.
        memories: of the probes.
        stopped: the step at which each row stopped, `None` for those that have not.
        kept: rows and names of the points that have been kept.
        journals: bytes of each member's journal, all of which are needed to go on from here.
        seconds: spent on the cohort so far.
    """

    reached: Reached
    memories: tuple[Any, ...]
    stopped: tuple[int | None, ...]
    kept: frozenset[tuple[int, str]]
    journals: tuple[int, ...]
    seconds: float


def write_checkpoint(folder: Path, maker: Maker, checkpoint: Checkpoint) -> None:
    """Write the checkpoint of a cohort.

    Args:
        folder: of the cohort's first member.
        maker: whose it is.
        checkpoint: what to write.

    Raises:
        BadInput: the memory of a probe cannot be stored.
    """
    reached = checkpoint.reached
    tree = {
        "points": reached.points,
        "alive": reached.alive,
        "first": reached.first,
        "memory": reached.memory,
        "probes": checkpoint.memories,
        "stopped": checkpoint.stopped,
        "kept": sorted(checkpoint.kept),
        "journals": checkpoint.journals,
        "seconds": float(checkpoint.seconds),
    }
    skeleton, tensors = packed(tree, "t")
    made = {"schema": SCHEMA, "cohort": list(maker.cohort), "circumstances": dict(maker.circumstances)}
    text = json.dumps({**made, "step": reached.step, "tree": skeleton})
    about = {"checkpoint": text, "digest": _digest(text, tensors)}
    write_bytes(folder / CHECKPOINT, save(tensors, about))


def read_checkpoint(folder: Path, maker: Maker, device: torch.device | str = "cpu") -> Checkpoint | None:
    """The checkpoint of a cohort; `None` where there is none that it can go on from.

    Args:
        folder: of the cohort's first member.
        maker: who asks: only its own checkpoint counts.
        device: where its tensors are put.
    """
    try:
        plain_file(folder / CHECKPOINT)
        with safe_open(folder / CHECKPOINT, framework="pt") as stored:
            text, digest = stored.metadata()["checkpoint"], stored.metadata()["digest"]
            # Copies, so that nothing refers to a file that is about to be replaced.
            tensors = {name: cast(Tensor, stored.get_tensor(name)).clone() for name in stored.keys()}  # noqa: SIM118
        about = json.loads(text)
        if _maker(about) != maker or _digest(text, tensors) != digest:
            return None
        return _checked(about["step"], unpacked(about["tree"], tensors, device), len(maker.cohort))
    except UNREADABLE:
        return None


def checkpoint_step(folder: Path, maker: Maker) -> int | None:
    """The step of the checkpoint there, without its tensors; `None` where there is none of that maker."""
    try:
        plain_file(folder / CHECKPOINT)
        with safe_open(folder / CHECKPOINT, framework="pt") as stored:
            about = json.loads(stored.metadata()["checkpoint"])
        return int(about["step"]) if _maker(about) == maker else None
    except UNREADABLE:
        return None


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint there, if there is one."""
    with writing(folder / CHECKPOINT):
        (folder / CHECKPOINT).unlink(missing_ok=True)


def _maker(about: Mapping[str, Any]) -> Maker | None:
    if about["schema"] != SCHEMA:
        return None
    return Maker(tuple(about["cohort"]), dict(about["circumstances"]))


def _checked(step: int, tree: Mapping[str, Any], rows: int) -> Checkpoint:
    """The checkpoint in a tree; what does not hang together is a `ValueError`. Shapes are checked where it is used."""
    reached = Reached(step, tree["points"], tree["memory"], tree["alive"], tree["first"])
    tensors = [reached.points, reached.alive, *reached.memory.values()]
    tensors += [] if reached.first is None else [reached.first]
    stopped, journals = tuple(tree["stopped"]), tuple(tree["journals"])
    whole = all(type(number) is int for number in (step, *journals)) and len(stopped) == len(journals) == rows
    if not whole or not all(isinstance(one, Tensor) for one in tensors) or reached.alive.dtype != torch.bool:
        raise ValueError("it does not hold what a checkpoint holds")
    kept = frozenset((int(row), str(name)) for row, name in tree["kept"])
    return Checkpoint(reached, tuple(tree["probes"]), stopped, kept, journals, float(tree["seconds"]))


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
