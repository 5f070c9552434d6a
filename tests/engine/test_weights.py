"""Weights from files: what scripts write is read, foreign and truncated files refused, hostile ones not run."""

import pickle
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hostile import Hostile
from phenoscope.core.errors import BadInput
from phenoscope.engine.weights import digest, load_weights, read_weights


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(self.one(x).tanh())


@pytest.mark.parametrize("how", ["safetensors", "torch", "wrapped", "parallel", "compiled and wrapped"])
def test_weights_are_read_from_what_scripts_write(tmp_path, how):
    source, target = net(), net()
    state = source.state_dict()
    path = tmp_path / ("w.safetensors" if how == "safetensors" else "w.pt")
    if how == "safetensors":
        save_file(state, path)
    elif how == "torch":
        torch.save(state, path)
    elif how == "wrapped":
        torch.save({"epoch": 3, "model_state_dict": state, "optimizer": {"lr": 0.1}}, path)
    elif how == "parallel":
        torch.save(OrderedDict((f"module.{name}", tensor) for name, tensor in state.items()), path)
    else:
        torch.save({"state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()}}, path)
    load_weights(target, read_weights(path), "w")
    for one, other in zip(source.parameters(), target.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("wrap", [lambda bad: bad, lambda bad: {"state_dict": net().state_dict(), "more": bad}])
@pytest.mark.parametrize("writer", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, wrap, writer):
    victim = tmp_path / "created"
    for name in ("w.pt", "w.bin", "w.safetensors"):
        writer(wrap(Hostile(victim)), tmp_path / name)
        with pytest.raises(BadInput, match=r"refused without running anything|cannot be read as safetensors"):
            read_weights(tmp_path / name)
        assert not victim.exists()
    # That it would have run: the nearest wrong cousin.
    torch.load(tmp_path / "w.pt", weights_only=False) if writer is torch.save else pickle.loads(
        (tmp_path / "w.pt").read_bytes()
    )
    assert victim.exists()


def test_a_pickled_model_is_refused_with_the_mend(tmp_path):
    torch.save(net(), tmp_path / "w.pt")
    with pytest.raises(BadInput, match=r"save `model.state_dict\(\)`"):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "legacy.pt"])
def test_every_truncation_is_a_sentence(tmp_path, name):
    if name == "w.safetensors":
        save_file(net().state_dict(), tmp_path / name)
    else:
        torch.save(net().state_dict(), tmp_path / name, _use_new_zipfile_serialization=name == "w.pt")
    whole = (tmp_path / name).read_bytes()
    for size in [0, 1, 7, 8, 9, 100, *range(200, len(whole), 97), len(whole) - 1]:
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(BadInput, match=r"truncated|refused without running"):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("value", [[1, 2], {"epoch": 3}, {}, torch.ones(3), {"state_dict": {"a": 1}}])
def test_a_checkpoint_without_named_tensors_is_refused(tmp_path, value):
    torch.save(value, tmp_path / "w.pt")
    with pytest.raises(BadInput, match="holds no named tensors"):
        read_weights(tmp_path / "w.pt")


def test_no_file_and_a_folder_are_refused(tmp_path):
    for path, says in ((tmp_path / "none.pt", "there is no file"), (tmp_path, "it is a folder, and no plain file")):
        with pytest.raises(BadInput, match=says):
            read_weights(path)


def test_another_architecture_is_told_name_by_name():
    state = net().state_dict()
    state["2.weight"] = torch.zeros(5, 4)
    state["extra"] = torch.zeros(1)
    del state["0.bias"]
    model = net()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(BadInput) as refused:
        load_weights(model, state, "w.pt")
    text = str(refused.value)
    assert "another architecture" in text
    assert "missing: 0.bias" in text
    assert "unexpected: extra" in text
    assert "of another shape: 2.weight (5 x 4 there, 2 x 4 in the model)" in text
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_long_lists_are_cut():
    with pytest.raises(BadInput, match="unexpected: x0, x1, x2, x3 and 6 more"):
        load_weights(net(), net().state_dict() | {f"x{k}": torch.zeros(1) for k in range(10)}, "w")


def test_tied_weights_may_be_there_once():
    source, target = Tied(), Tied()
    state = {name: tensor for name, tensor in source.state_dict().items() if name != "two.weight"}
    load_weights(target, state, "w")
    assert torch.equal(target.two.weight, source.one.weight)
    del state["one.weight"]
    with pytest.raises(BadInput, match=r"missing: one.weight, two.weight"):
        load_weights(target, state, "w")


def test_a_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"ab")
    (tmp_path / "b").write_bytes(b"c")
    assert (
        digest([tmp_path / "a", tmp_path / "b"]) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
