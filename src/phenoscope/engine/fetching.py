"""Fetch MNIST and Fashion-MNIST from the web, and know the published files by what they hold.

The published digests are of the compressed files; a mirror or a distribution may compress anew, so what counts here
is the SHA-256 of the IDX file inside.
"""

import hashlib
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.data import IDX
from phenoscope.data.idx import CLASS_COUNTS, FILES, idx_file
from phenoscope.data.places import destination
from phenoscope.engine.downloading import CHUNK, PATIENT, SILENT, Listener, Patience, checked_address, download

ADDRESSES: dict[str, tuple[str, ...]] = {
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
}
"""Folders with the four files, tried in this order. The first is the one that the authors name, where there is one."""

DIGESTS: dict[str, dict[str, str]] = {
    "fashion_mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
}
"""SHA-256 of the uncompressed files."""

SLACK = 2**16
"""Bytes by which a compressed file may exceed what it holds."""


@dataclass(frozen=True)
class Fetched:
    """What a fetch found and did.

    Attributes:
        name: of the data set.
        folder: where its four files are now, each right.
        downloaded: names of the files that were fetched.
        bytes: size of these files.
    """

    name: str
    folder: Path
    downloaded: tuple[str, ...]
    bytes: int


def fetch(
    name: str,
    *,
    to: Path | None = None,
    address: str | None = None,
    listening: Callable[[str], Listener] = lambda file: SILENT,
    patience: Patience = PATIENT,
) -> Fetched:
    """Make sure that the four files of a data set are on this machine, and right; fetch those that are not.

    Args:
        name: "fashion_mnist" or "mnist".
        to: the folder for them. By default they may be in any place where they are looked for, and what is missing
            goes into the first of these: `$PHENOSCOPE_DATA/<name>`, else the user's own folder.
        address: of a folder on a web server with the four .gz files, instead of the known ones.
        listening: gives each file that is fetched (by its name) a listener.
        patience: with slow or failing servers.

    Raises:
        BadInput: no such data set, an address of another kind, or a file in the way.
        PhenoscopeError: the files cannot be fetched or written.
    """
    if name not in ADDRESSES:
        raise BadInput(f"the data sets to fetch are {', '.join(ADDRESSES)}, got {name!r}. See `phenoscope data list`.")
    known = ADDRESSES[name] if address is None else (checked_address(address),)
    here = IDX(name).find() if to is None else None
    if here is not None and all(_right(name, here, file) for file in FILES):
        return Fetched(name, here, (), 0)
    folder = destination(name) if to is None else to.expanduser()
    missing = [file for file in FILES if not _right(name, folder, file)]
    for file in missing:
        _refuse_to_overwrite(name, folder, file)
    came = sum(
        download(
            [f"{place}{file}.gz" for place in known],
            folder / f"{file}.gz",
            check=partial(wrong_content, digest=DIGESTS[name][file], size=_size(name, file)),
            most=_size(name, file) + SLACK,
            listener=listening(file),
            patience=patience,
        )
        for file in missing
    )
    return Fetched(name, folder, tuple(missing), came)


def wrong_content(path: Path, *, digest: str, size: int) -> str | None:
    """How the content of a file, plain or (by its name) compressed, differs from the one published; `None` if not."""
    known, count = hashlib.sha256(), 0
    try:
        for content in _unpacked(path) if ".gz" in path.suffixes else _chunks(path):
            known.update(content)
            count += len(content)
            if count > size:
                return f"it holds more than the {size:,} bytes expected"
    except zlib.error:
        return f"it is {_kind(path)}"
    if known.hexdigest() == digest:
        return None
    return f"it holds {count:,} bytes with SHA-256 {known.hexdigest()}, expected {size:,} bytes with {digest}"


def _right(name: str, folder: Path, file: str) -> bool:
    """Whether the file that would be read is there, and the published one."""
    path = idx_file(folder, file)
    if path is None:
        return False
    try:
        return wrong_content(path, digest=DIGESTS[name][file], size=_size(name, file)) is None
    except OSError as problem:
        raise PhenoscopeError(f"{path} cannot be read: {problem.strerror or problem}.") from problem


def _refuse_to_overwrite(name: str, folder: Path, file: str) -> None:
    """A damaged compressed file may be replaced; a plain one would hide the fetched one, others are not ours."""
    path = idx_file(folder, file)
    if path is None:
        return
    others = [other for other in DIGESTS if other != name and _right(other, folder, file)]
    if others:
        raise BadInput(f"{folder} holds {others[0]}, whose files have the same names. Pass another folder as `--to`.")
    if path.suffix != ".gz":
        raise BadInput(
            f"{path} is not the published file of {name}, and would be read before the one fetched. Move it away."
        )


def _size(name: str, file: str) -> int:
    """Bytes of the uncompressed file: its header, and a byte a pixel or label."""
    part, kind = file.split("-")[:2]
    shape = (sum(CLASS_COUNTS[name][part]), *(IDX(name).shape if kind == "images" else ()))
    return 4 + 4 * len(shape) + math.prod(shape)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _unpacked(path: Path) -> Iterator[bytes]:
    """The content of a gzip file piece by piece, so that a small file which unpacks to a huge one does no harm."""
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for chunk in _chunks(path):
        left = chunk
        while left and not stream.eof:
            yield stream.decompress(left, CHUNK)
            left = stream.unconsumed_tail
        if stream.eof and (left or stream.unused_data):
            raise zlib.error("more follows")
    yield stream.flush()
    if not stream.eof:
        raise zlib.error("the file ends early")


def _kind(path: Path) -> str:
    """What a file is that could not be unpacked."""
    with path.open("rb") as file:
        start = file.read(24)
    if start.startswith(b"\x1f\x8b"):
        return "a gzip file that is damaged or cut short"
    return f"not a gzip file, since it begins with {start.decode('ascii', 'replace')!r}" if start else "empty"
