"""Bad and hostile models, weights and data at the prompt: one sentence, exit code 1, nothing run, and no hanging."""

import io
import itertools
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hostile import Hostile
from phenoscope.cli import main
from prompt import LONG, OTHER, Make, contents, nothing, refused


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def saved(name: str, value: object) -> Make:
    """What `torch.save` writes."""
    return lambda: torch.save(value, name)


def pickled(name: str, protocol: int = 2) -> Make:
    """A pickle as an attacker would write it: run, it would create a file."""
    return lambda: Path(name).write_bytes(pickle.dumps(Hostile(Path("created")), protocol))


def header(length: int, about: object, data: bytes = b"") -> bytes:
    """A safetensors file with any length and header."""
    return struct.pack("<Q", length) + json.dumps(about).encode() + data


def overlapping() -> bytes:
    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    about = {"0.weight": one, "0.bias": one}
    return header(len(json.dumps(about)), about, bytes(8))


def looped() -> dict[str, object]:
    """A dictionary that holds itself where weights are looked for."""
    found: dict[str, object] = {}
    found["state_dict"] = found
    return found


def state(**changes: torch.Tensor) -> dict[str, torch.Tensor]:
    return network().state_dict() | {name.replace("_", "."): value for name, value in changes.items()}


def renamed(name: str) -> Make:
    """A hostile checkpoint under the name of another kind."""
    return lambda: torch.save({"state_dict": state(), "more": Hostile(Path("created"))}, name)


WEIGHTS: dict[str, tuple[Make, str, str]] = {
    "no file": (nothing, "none.pt", "there is no file none.pt"),
    "a name too long": (nothing, f"{OTHER}.pt", "File name too long"),
    "a folder": (lambda: Path("w.pt").mkdir(), "w.pt", "it is a folder"),
    "a pipe": (lambda: os.mkfifo("w.pt"), "w.pt", "it is a pipe"),
    "a pipe named safetensors": (lambda: os.mkfifo("w.safetensors"), "w.safetensors", "it is a pipe"),
    "a device": (nothing, "/dev/zero", "it is a device"),
    "a link to a device": (
        lambda: Path("w.safetensors").symlink_to("/dev/zero"), "w.safetensors", "it is a device",
    ),
    "a loop of links": (lambda: Path("w.pt").symlink_to("w.pt"), "w.pt", "cannot be looked at"),
    "an empty file": (lambda: Path("w.pt").touch(), "w.pt", "cannot be read as a checkpoint"),
    "an empty safetensors file": (lambda: Path("w.safetensors").touch(), "w.safetensors", "cannot be read as saf"),
    "a header of a terabyte": (
        lambda: Path("w.safetensors").write_bytes(header(2**40, {})), "w.safetensors", "cannot be read as safetensors",
    ),
    "a header of all bytes": (
        lambda: Path("w.safetensors").write_bytes(b"\xff" * 64), "w.safetensors", "cannot be read as safetensors",
    ),
    "tensors that overlap": (
        lambda: Path("w.safetensors").write_bytes(overlapping()), "w.safetensors", "cannot be read as safetensors",
    ),
    "a deep header": (
        lambda: Path("w.safetensors").write_bytes(struct.pack("<Q", 10**5) + b"[" * 10**5), "w.safetensors",
        "cannot be read as safetensors",
    ),
    **{
        f"a pickle named {name} (protocol {protocol})": (pickled(name, protocol), name, "Error: w")
        for name, protocol in itertools.product(("w.pt", "w.pth", "w.bin", "w.ckpt", "w.safetensors", "w"), (0, 2, 5))
    },
    **{
        f"a checkpoint with more than data named {name}": (renamed(name), name, "w.")
        for name in ("w.pt", "w.pth", "w.bin", "w.safetensors")
    },
    "a whole model": (saved("w.pt", network()), "w.pt", "refused without running anything"),
    "a script": (
        lambda: torch.jit.save(torch.jit.script(nn.Linear(2, 2)), "w.pt"), "w.pt", "w.pt",
    ),
    "an archive of something else": (
        lambda: zipfile.ZipFile("w.pt", "w").writestr("a.txt", "text"), "w.pt", "cannot be read as a checkpoint",
    ),
    "a dictionary that holds itself": (saved("w.pt", looped()), "w.pt", "holds no named tensors"),
    "a list": (saved("w.pt", [1, 2]), "w.pt", "holds no named tensors"),
    "another architecture": (saved("w.pt", nn.Linear(4, 3).state_dict()), "w.pt", "of another architecture"),
    "a sparse tensor": (saved("w.pt", state(**{"0_bias": torch.ones(5).to_sparse()})), "w.pt", "of another kind"),
    "complex numbers": (saved("w.pt", state(**{"0_bias": torch.ones(5) * 1j})), "w.pt", "of another kind: 0.bias"),
    "a tensor without data": (
        saved("w.pt", state(**{"0_bias": torch.ones(5, device="meta")})), "w.pt", "0.bias",
    ),
    "weights that are not finite": (
        saved("w.pt", state(**{"0_bias": torch.full((5,), torch.nan)})), "w.pt", "the loss is not finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Duplicate name:UserWarning")
def test_weights_that_cannot_be_used(here, capsys, name):
    make, path, says = WEIGHTS[name]
    make()
    before = contents(here)
    words = ("measure", "--model", "lab:build", "--data", "lab:data", "--weights", path, "--json")
    assert says in refused(capsys, words)
    assert not Path("created").exists()
    assert contents(here) == before


def arrays(**parts: object) -> Make:
    """A `.npz` of these."""
    return lambda: np.savez("d.npz", **parts)  # type: ignore[arg-type]


def bomb() -> None:
    """An archive that says it unpacks to a petabyte."""
    content = io.BytesIO()
    np.save(content, np.ones((3, 4)))
    with zipfile.ZipFile("d.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("inputs.npy", "targets.npy"):
            archive.writestr(name, content.getvalue())
        archive.filelist[0].file_size = 2**50


def boundless(shape: str) -> Make:
    """An array whose header asks for more than there is."""

    def make() -> None:
        head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
        head += b" " * (63 - (len(head) + 10) % 64) + b"\n"
        with zipfile.ZipFile("d.npz", "w") as archive:
            archive.writestr("inputs.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(8))
            archive.writestr("targets.npy", b"")

    return make


def corrupted() -> None:
    """A deflated stream with other bytes in its middle."""
    np.savez_compressed("d.npz", inputs=np.random.default_rng(0).normal(size=(50, 4)), targets=np.zeros(50, int))
    whole = bytearray(Path("d.npz").read_bytes())
    whole[300:340] = bytes(40)
    Path("d.npz").write_bytes(bytes(whole))


def encrypted() -> None:
    """An archive with the flag of encryption set."""
    np.savez("d.npz", inputs=np.ones((3, 4)), targets=np.zeros(3, int))
    whole = Path("d.npz").read_bytes()
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.index(sign) + place
        whole = whole[:at] + bytes([whole[at] | 1]) + whole[at + 1 :]
    Path("d.npz").write_bytes(whole)


def single() -> None:
    """One array by the name of an archive."""
    with Path("d.npz").open("wb") as file:
        np.save(file, FINE)


FINE, LABELS = np.ones((3, 4)), np.zeros(3, int)

DATA: dict[str, tuple[Make, str, str]] = {
    "no file": (nothing, "none.npz", "there is no file none.npz"),
    "a name too long": (nothing, f"{OTHER}.npz", "File name too long"),
    "a name too long that is no file": (nothing, LONG, "--data is one of"),
    "a folder": (lambda: Path("d.npz").mkdir(), "d.npz", "it is a folder"),
    "a pipe": (lambda: os.mkfifo("d.npz"), "d.npz", "it is a pipe"),
    "a device": (lambda: Path("d.npz").symlink_to("/dev/zero"), "d.npz", "it is a device"),
    "a loop of links": (lambda: Path("d.npz").symlink_to("d.npz"), "d.npz", "cannot be looked at"),
    "objects": (arrays(inputs=np.array([Hostile(Path("created"))], object), targets=LABELS), "d.npz", "as arrays of"),
    "a pickle": (pickled("d.npz"), "d.npz", "cannot be read as arrays of numbers"),
    "a pickle named safetensors": (pickled("d.safetensors"), "d.safetensors", "cannot be read as arrays of numbers"),
    "one array": (single, "d.npz", "cannot be read as arrays of numbers"),
    "an archive that fills the memory": (bomb, "d.npz", "unpacks to 1,125,899.9 GB"),
    "an array that fills the memory": (boundless("(1000000000000, 4)"), "d.npz", "cannot be read as arrays"),
    "an array beyond all numbers": (boundless(f"({10**30}, 4)"), "d.npz", "cannot be read as arrays"),
    "an array with a deep header": (boundless("(" * 3000), "d.npz", "cannot be read as arrays"),
    "other bytes in its middle": (corrupted, "d.npz", "cannot be read as arrays of numbers"),
    "an encrypted archive": (encrypted, "d.npz", "cannot be read as arrays of numbers"),
    "words": (arrays(inputs=np.array(["a", "b"]), targets=LABELS), "d.npz", "cannot be read as arrays of numbers"),
    "the other order of bytes": (arrays(inputs=FINE.astype(">f8"), targets=LABELS), "d.npz", "d.npz"),
    "no axis": (arrays(inputs=np.array(1.0), targets=np.array(1)), "d.npz", "d"),
    "empty arrays": (arrays(inputs=FINE[:0], targets=LABELS[:0]), "d.npz", "the data are empty"),
    "uneven arrays": (arrays(inputs=FINE, targets=LABELS[:2]), "d.npz", "as many examples"),
    "numbers that are not finite": (arrays(inputs=FINE * np.nan, targets=LABELS), "d.npz", "the loss is not finite"),
    "labels beyond the classes": (arrays(inputs=FINE, targets=LABELS + 7), "d.npz", "Target 7 is out of bounds"),
    "labels below zero": (arrays(inputs=FINE, targets=LABELS - 1), "d.npz", "d"),
    "complex numbers": (arrays(inputs=FINE * 1j, targets=LABELS), "d.npz", "The inputs are complex128"),
    "a Dataset that fails": (nothing, "lab:broken", "RuntimeError: no such image (lab.py, line"),
    "data without an axis": (nothing, "lab:scalar", "do not take these data"),
    "a function that leaves": (nothing, "lab:leaving", "SystemExit"),
    "a function without an end": (nothing, "lab:deep", "RecursionError"),
    "targets that are infinite": (nothing, "lab:infinite_target", "the targets float32"),
}  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--examples", "2")], ids=["all", "some"])
@pytest.mark.parametrize("name", DATA)
def test_data_that_cannot_be_used(here, capsys, name, more):
    make, reference, says = DATA[name]
    make()
    before = contents(here)
    line = refused(capsys, ("measure", "--model", "lab:build", "--data", reference, "--json", *more))
    assert says in line or more, line
    assert not Path("created").exists()
    assert contents(here) == before


MODELS: dict[str, tuple[Make, str, str]] = {
    "a name too long": (nothing, LONG, "written package.module:name"),
    "a long module": (nothing, f"{OTHER}:build", "there is no module"),
    "dots": (nothing, "..:build", "--model"),
    "a pipe for config.json": (
        lambda: (Path("m").mkdir(), os.mkfifo("m/config.json")), "m", "holds no config.json",
    ),
    "a function that leaves": (nothing, "lab:leaving", "SystemExit"),
    "a function without an end": (nothing, "lab:deep", "RecursionError"),
    "a module that is no Python": (lambda: Path("bad.py").write_bytes(b"\x00\xff"), "bad:build", "importing bad fail"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models_that_cannot_be_used(here, capsys, name):
    make, reference, says = MODELS[name]
    make()
    assert says in refused(capsys, ("measure", "--model", reference, "--data", "lab:data"))


def test_what_a_module_prints_does_not_stand_in_the_json(here, capsys):
    main(["measure", "--model", "lab:build", "--data", "lab:data", "--instruments", "loss", "--json"])
    assert json.loads(capsys.readouterr().out)["readings"]["loss"]["value"] > 0
