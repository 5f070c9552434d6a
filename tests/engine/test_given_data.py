"""What a person names on the command line: modules of their own, data from a registry, files and functions."""

import sys
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close

from hostile import Hostile
from phenoscope.core.errors import BadInput
from phenoscope.engine.given_data import GivenData, given_data
from phenoscope.engine.imported import called, named, told
from phenoscope.engine.weights import digest
from phenoscope.objective import Objective


def test_modules_of_the_current_folder_are_found_and_the_path_is_put_back(mine):
    name = mine("class A:\n    b = 3\ndef f(): return 4")
    before = list(sys.path)
    assert named(f"{name}:A.b", "--model") == 3
    assert called(f"{name}:f", "--model") == 4
    assert sys.path == before


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nothing_of_this_name:f", "there is no module 'nothing_of_this_name'"),
        ("nothing_of_this_name.at.all:f", "there is no module 'nothing_of_this_name'"),
        ("torch.nn:Nothing", "the module torch.nn has no 'Nothing'"),
        ("torch", "is written package.module:name"),
        (":f", "is written package.module:name"),
        ("torch:", "is written package.module:name"),
    ],
)
def test_what_cannot_be_imported(reference, says):
    with pytest.raises(BadInput, match=says):
        named(reference, "--model")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_package_either", "imports 'no_such_package_either', which is not installed"),
        ("1 / 0", r"failed. ZeroDivisionError: division by zero \(own_.*, line 3\)"),
        ("def f(:", "failed. SyntaxError"),
        ("raise SystemExit(3)", "failed. SystemExit"),
    ],
)
def test_a_module_that_fails(mine, text, says):
    with pytest.raises(BadInput, match=says):
        named(f"{mine(text)}:f", "--model")


@pytest.mark.parametrize("text", ["def f(): raise ValueError('bad luck\\nmore')", "def f():\n    {}['x']"])
def test_a_function_that_raises_is_told_with_its_line(mine, text):
    with pytest.raises(BadInput, match=r"failed when called without arguments. .*\(own_.*\.py, line [34]\)\.$"):
        called(f"{mine(text)}:f", "--model")


def test_an_error_without_words():
    assert told(RuntimeError()) == "RuntimeError."


def given(reference: str, **options: Any) -> GivenData:
    return given_data(reference, **({"examples": None, "batch_size": None, "dtype": torch.float32} | options))


def test_a_registry_name_gives_its_training_examples():
    found = given("digits", dtype=torch.float64)
    assert found.data[0].shape == (1797, 64)
    assert found.data[0].dtype == torch.float64
    assert found.about["spec"]["kind"] == "Dataset"


@pytest.mark.parametrize("end", ["npz", "safetensors"])
def test_files_of_arrays(tmp_path, end):
    path = tmp_path / f"d.{end}"
    inputs, targets = np.random.default_rng(0).normal(size=(6, 3)), np.arange(6, dtype=np.int32)
    if end == "npz":
        np.savez(path, inputs=inputs, targets=targets)
    else:
        save_file({"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}, path)
    found = given(str(path), examples=4)
    assert_close(found.data[0], torch.from_numpy(inputs[:4]).float())
    assert torch.equal(found.data[1], torch.arange(4))
    assert found.about == {"source": str(path), "sha256": digest([path])}


def test_files_that_cannot_be_used(tmp_path):
    np.savez(tmp_path / "lacks.npz", inputs=np.ones(3), targets_=np.ones(3))
    np.savez(tmp_path / "objects.npz", inputs=np.array([{}]), targets=np.ones(1))
    np.savez(tmp_path / "words.npz", inputs=np.array(["a"]), targets=np.ones(1))
    whole = (tmp_path / "lacks.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    says = {"lacks.npz": "lacks targets: it holds inputs", "none.npz": "there is no file"}
    for name in ("lacks.npz", "objects.npz", "words.npz", "cut.npz", "empty.npz", "cut.safetensors", "none.npz"):
        with pytest.raises(BadInput, match=says.get(name, "cannot be read as arrays of numbers")):
            given(str(tmp_path / name))


def test_a_hostile_npz_is_not_unpickled(tmp_path):
    held = np.array([Hostile(tmp_path / "created")], dtype=object)
    np.savez(tmp_path / "d.npz", inputs=held, targets=np.ones(1))
    with pytest.raises(BadInput, match="cannot be read as arrays"):
        given(str(tmp_path / "d.npz"))
    assert not (tmp_path / "created").exists()


def test_what_functions_return(mine):
    name = mine(
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "x, y = torch.arange(12.0, dtype=torch.float64).reshape(6, 2), torch.arange(6)\n"
        "def pair(): return x, y\n"
        "def listed(): return [x, y]\n"
        "def dataset(): return TensorDataset(x, y)\n"
        "def loader(): return DataLoader(TensorDataset(x, y), batch_size=4)\n"
        "def batches(): return [(x[:4], y[:4]), (x[4:], y[4:])]\n"
        "def spec():\n    from phenoscope.data import dataset as d\n    return d('digits', train=6, test=0)\n"
        "def nothing(): pass\n"
    )
    model = nn.Linear(2, 6)
    expected = [
        nn.CrossEntropyLoss()(model(torch.arange(12.0).reshape(6, 2)[:count]), torch.arange(count)).item()
        for count in (6, 5)
    ]
    for how in ("pair", "listed", "dataset", "loader", "batches"):
        for wanted, examples in zip(expected, (None, 5), strict=True):
            found = given(f"{name}:{how}", examples=examples)
            loss = Objective(model, nn.CrossEntropyLoss(), found.data).loss().item()
            assert_close(loss, wanted, rtol=1e-6, atol=0)
    assert len(given(f"{name}:spec").data[1]) == 6
    with pytest.raises(BadInput, match="gives a NoneType"):
        given(f"{name}:nothing")


@pytest.mark.parametrize("how", ["pair", "dataset", "loader"])
def test_more_examples_than_there_are(mine, how):
    name = mine(
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "pair = lambda: (torch.zeros(6, 2), torch.arange(6))\n"
        "dataset = lambda: TensorDataset(*pair())\n"
        "loader = lambda: DataLoader(dataset(), batch_size=4)\n"
    )
    with pytest.raises(BadInput, match=r"--examples asks for 7 examples, (there are|one pass has) 6"):
        given(f"{name}:{how}", examples=7)
    with pytest.raises(BadInput, match="at least 1, got 0"):
        given(f"{name}:{how}", examples=0)


def test_a_loader_cannot_be_cut_again(mine):
    name = mine("batches = [(torch.zeros(2, 3), torch.zeros(2))]")
    with pytest.raises(BadInput, match="come in batches already"):
        given(f"{name}:batches", batch_size=1)
