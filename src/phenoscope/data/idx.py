"""MNIST and Fashion-MNIST from IDX files that are already on this machine; nothing is downloaded.

Where the files lie is a property of the machine and not of the experiment, so it is no field of the spec and does
not change its id: folders come from `phenoscope.data.places`, or from an argument of `load`.
That the files found are the data set asked for is checked by their shapes and class counts, because the two data
sets share file names and sizes.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool
from phenoscope.data.places import VARIABLE, places

CLASS_COUNTS: dict[str, dict[str, tuple[int, ...]]] = {
    "fashion_mnist": {"train": (6000,) * 10, "t10k": (1000,) * 10},
    "mnist": {
        "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        "t10k": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    },
}
"""How often each label occurs in the official training and test parts."""

SYSTEM_FOLDERS = {"fashion_mnist": Path("/usr/share/datasets/fashion-mnist")}
"""Where a distribution's package puts the files (Debian: dataset-fashion-mnist)."""

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
UNSIGNED_BYTE = 0x08


@spec
class IDX:
    """Grey images of 28 by 28 in ten classes, 60000 to train and 10000 to test, values in [0, 1].

    Sources: Fashion-MNIST, Xiao et al. 2017, arXiv:1708.07747; MNIST, LeCun et al. 1998, "Gradient-based learning
    applied to document recognition". The file format is described with MNIST: two zero bytes, the type (8: unsigned
    byte), the number of axes, each axis's size as a big-endian 32-bit integer, then the data in C order.

    Attributes:
        name: "fashion_mnist" or "mnist".
    """

    name: str = "fashion_mnist"

    def __post_init__(self) -> None:
        one_of("the name of an IDX data set", self.name, CLASS_COUNTS)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (28, 28)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 10

    def load(self, generator: Generator, *, folder: str | Path | None = None) -> Pool:
        """Read the four files; the generator is not used.

        Args:
            generator: as every source takes one.
            folder: looked in first; then come the places that `places` lists.
        """
        found = self.find(folder)
        if found is None:
            raise BadInput(self._missing(folder))
        return Pool(self._part(found, "train"), self._part(found, "t10k"), self.classes)

    def places(self, folder: str | Path | None = None) -> list[Path]:
        """Where the files are looked for, in this order.

        The folder given, `$PHENOSCOPE_DATA/<name>`, `$PHENOSCOPE_DATA`, the user's own folder, and the folder of the
        system's package.
        """
        given = [] if folder is None else [Path(folder)]
        system = [SYSTEM_FOLDERS[self.name]] if self.name in SYSTEM_FOLDERS else []
        return [*given, *places(self.name), *system]

    def find(self, folder: str | Path | None = None) -> Path | None:
        """The first of the places that has all four files, plain or as .gz; what they hold is not looked at."""
        return next((place for place in self.places(folder) if all(idx_file(place, name) for name in FILES)), None)

    def _missing(self, folder: str | Path | None) -> str:
        package = (
            "install Debian's package (apt install dataset-fashion-mnist), " if self.name in SYSTEM_FOLDERS else ""
        )
        return (
            f"the four IDX files of {self.name} are not here (looked in: {', '.join(map(str, self.places(folder)))}): "
            f"fetch them with `phenoscope data fetch {self.name}`, {package}or set {VARIABLE} to a folder with "
            f"{', '.join(FILES)}, each plain or as .gz."
        )

    def _part(self, folder: Path, part: str) -> Examples:
        expected = CLASS_COUNTS[self.name][part]
        images_file, labels_file = (idx_file(folder, name) or folder / name for name in FILES if name.startswith(part))
        labels, images = read_idx(labels_file), read_idx(images_file)
        counts = tuple(torch.bincount(labels.flatten(), minlength=self.classes).tolist())
        if counts != expected or labels.ndim != 1:
            raise BadInput(
                f"{labels_file} does not belong to {self.name}: its labels occur {counts} times, expected {expected}. "
                f"Put the files of {self.name} into a folder of that name under PHENOSCOPE_DATA."
            )
        if images.shape != (sum(expected), *self.shape):
            raise BadInput(
                f"{images_file} does not belong to {self.name}: it has shape {tuple(images.shape)}, "
                f"expected {(sum(expected), *self.shape)}. Fetch the file again."
            )
        return Examples(images.float() / 255, labels.long())


def read_idx(path: Path) -> UInt8[Tensor, "..."]:
    """The array in an IDX file of unsigned bytes, plain or (by its name) gzip-compressed."""
    content = _content(path)
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise BadInput(
            f"{path} is not an IDX file of unsigned bytes: it begins with {content[:4].hex() or 'nothing'}, "
            "expected 000008 and the number of axes."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise BadInput(
            f"{path} is truncated: its header needs {start} bytes, got {len(content)}. Fetch the file again."
        )
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise BadInput(
            f"{path} is truncated or damaged: its header promises {math.prod(shape)} bytes of data (shape {shape}), "
            f"got {len(content) - start}. Fetch the file again."
        )
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start)).reshape(shape)


def idx_file(folder: Path, name: str) -> Path | None:
    """The file of this name in the folder, plain or else compressed."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _content(path: Path) -> bytearray:
    try:
        raw = path.read_bytes()
        return bytearray(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (OSError, EOFError, zlib.error) as problem:  # gzip's own errors are OSErrors
        raise BadInput(f"{path} cannot be read: {problem}. Fetch the file again.") from problem
