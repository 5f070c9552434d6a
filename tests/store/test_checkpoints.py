"""A checkpoint comes back bit for bit, or counts for nothing."""

import json
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from hostile import Hostile
from phenoscope.instruments import Tracking
from phenoscope.instruments.spectra.companions import Companions
from phenoscope.probes import Following
from phenoscope.store import (
    Checkpoint,
    Maker,
    checkpoint_step,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from phenoscope.training import Reached

MAKER = Maker(("a", "b"), {"torch": "2", "device": "cpu"})
FILE = "checkpoint.safetensors"


def checkpoint(seed: int = 0) -> Checkpoint:
    drawn = torch.Generator().manual_seed(seed)
    points, block = torch.randn(2, 5, generator=drawn), torch.randn(2, 3, 5, generator=drawn, dtype=torch.float64)
    beside = Companions(block, block[..., 0])
    memory = {"mean": points * 2, "count": torch.ones(2, 1, dtype=torch.float64)}
    reached = Reached(7, points, memory, torch.tensor([True, False]), torch.ones(2, dtype=torch.float64))
    memories = (
        None,
        Following(Tracking(block, (block,), beside, beside, 3, 1, True), block[:, 0]),
        (block[:, 0, 0], block[:, 1, 1]),
    )
    return Checkpoint(reached, memories, (None, 4), frozenset({(0, "initial"), (1, "m")}), (10, 20), 1.5)


@pytest.fixture
def folder(tmp_path):
    write_checkpoint(tmp_path, MAKER, checkpoint())
    return tmp_path


def test_it_comes_back(folder):
    found, wanted = read_checkpoint(folder, MAKER), checkpoint()
    assert found is not None
    assert torch.equal(found.reached.points, wanted.reached.points)
    assert torch.equal(found.reached.alive, wanted.reached.alive)
    assert found.reached.memory["count"].dtype == torch.float64
    assert list(found.reached.memory) == list(wanted.reached.memory)
    assert torch.equal(found.memories[1].tracking.vectors, wanted.memories[1].tracking.vectors)
    assert found.memories[1].vectors.stride() == wanted.memories[1].vectors.stride()
    assert (found.memories[0], found.memories[1].tracking.count) == (None, 3)
    assert (found.stopped, found.kept, found.journals, found.seconds) == ((None, 4), wanted.kept, (10, 20), 1.5)
    assert checkpoint_step(folder, MAKER) == found.reached.step == 7


def test_it_serves_only_its_own_members_in_the_same_circumstances(folder):
    others = [
        Maker(("b", "a"), MAKER.circumstances),
        Maker(("a",), MAKER.circumstances),
        Maker(("a", "b", "c"), MAKER.circumstances),
        Maker(MAKER.cohort, {"torch": "3", "device": "cpu"}),
        Maker(MAKER.cohort, {"torch": "2", "device": "cuda"}),
        Maker(MAKER.cohort, {}),
    ]
    for other in others:
        assert read_checkpoint(folder, other) is None
        assert checkpoint_step(folder, other) is None


def test_there_is_none_where_none_was_written_or_it_was_removed(folder, tmp_path_factory):
    assert read_checkpoint(tmp_path_factory.mktemp("empty"), MAKER) is None
    remove_checkpoint(folder)
    remove_checkpoint(folder)
    assert read_checkpoint(folder, MAKER) is None
    assert not list(folder.iterdir())


def test_a_new_one_takes_the_place_of_the_old(folder):
    write_checkpoint(folder, MAKER, checkpoint(1))
    found = read_checkpoint(folder, MAKER)
    assert found is not None
    assert torch.equal(found.reached.points, checkpoint(1).reached.points)
    assert [file.name for file in folder.iterdir()] == [FILE]


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_noticed_wherever_it_is(folder, data):
    """One byte changed anywhere, also inside a tensor where it would only be another number; or the end cut off."""
    whole = (folder / FILE).read_bytes()
    broken = bytearray(whole)
    place = data.draw(st.integers(0, len(broken) - 1))
    broken[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    cut = data.draw(st.integers(0, len(broken) - 1) | st.just(len(broken)))
    try:
        for content in (bytes(broken), whole[:cut] if cut < len(whole) else bytes(broken)):
            (folder / FILE).write_bytes(content)
            assert _nothing_or_the_same(folder)
    finally:
        (folder / FILE).write_bytes(whole)


def test_a_bit_of_a_number_is_noticed(folder):
    whole = (folder / FILE).read_bytes()
    for place in range(len(whole) - 300, len(whole), 7):  # all inside the tensors, which stand at the end
        broken = bytearray(whole)
        broken[place] ^= 1
        (folder / FILE).write_bytes(bytes(broken))
        assert read_checkpoint(folder, MAKER) is None


def _nothing_or_the_same(folder) -> bool:
    """Padding and spaces of the header may differ without a word changed."""
    checkpoint_step(folder, MAKER)
    found, wanted = read_checkpoint(folder, MAKER), checkpoint()
    if found is None:
        return True
    same = torch.equal(found.reached.points, wanted.reached.points) and found.journals == wanted.journals
    return same and torch.equal(found.memories[1].tracking.vectors, wanted.memories[1].tracking.vectors)


@given(content=st.binary(max_size=100))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_no_checkpoint(folder, content):
    (folder / FILE).write_bytes(content)
    assert read_checkpoint(folder, MAKER) is None
    assert checkpoint_step(folder, MAKER) is None


def test_a_pickle_is_no_checkpoint_and_is_not_run(folder, tmp_path):
    (folder / FILE).write_bytes(pickle.dumps(Hostile(tmp_path / "run")))
    assert read_checkpoint(folder, MAKER) is None
    assert not (tmp_path / "run").exists()


def forged(folder, change) -> None:
    """The checkpoint with its JSON changed, and a digest that fits again, as someone could write it on purpose."""
    from phenoscope.store.checkpoints import _digest

    with safe_open(folder / FILE, framework="pt") as stored:
        about = json.loads(stored.metadata()["checkpoint"])
        tensors = {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
    change(about)
    text = json.dumps(about)
    save_file(tensors, folder / FILE, metadata={"checkpoint": text, "digest": _digest(text, tensors)})


def test_a_forgery_that_changes_nothing_is_read(folder):
    forged(folder, lambda about: None)
    assert read_checkpoint(folder, MAKER) is not None


def tree(about):
    return about["tree"]["dict"]


FORGERIES = {
    "a class of no memory": lambda about: tree(about).update(probes={"kind": "Popen", "fields": {"args": "true"}}),
    "a class of this library": lambda about: tree(about).update(probes={"kind": "Maker", "fields": {}}),
    "no points": lambda about: tree(about).pop("points"),
    "points that are none": lambda about: tree(about).update(points=None),
    "alive that is none": lambda about: tree(about).update(alive={"tensor": "t.0", "stride": None}),
    "memory that is none": lambda about: tree(about).update(memory={"list": []}),
    "rows too few": lambda about: tree(about).update(stopped={"tuple": [None]}),
    "journals that are no sizes": lambda about: tree(about).update(journals={"tuple": ["a", "b"]}),
    "points kept by nobody": lambda about: tree(about).update(kept={"list": [3]}),
    "a step that is none": lambda about: about.update(step="7"),
    "a newer schema": lambda about: about.update(schema=99),
    "a cohort that is none": lambda about: about.update(cohort=3),
    "no tree": lambda about: about.pop("tree"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_does_not_hang_together_counts_for_nothing(folder, name):
    forged(folder, FORGERIES[name])
    assert read_checkpoint(folder, MAKER) is None
