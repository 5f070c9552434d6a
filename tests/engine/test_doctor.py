"""What the doctor says: its structure and what stands out, never how fast this machine is."""

import dataclasses
import json
import os

import pytest
import torch

from phenoscope.core.seeds import stream
from phenoscope.engine import doctor, speed
from phenoscope.engine.doctor import Folder, examine, folder, needed, warnings
from phenoscope.engine.speed import Case, Product, Threads, best, product, threads, usable_cores
from phenoscope.engine.stopwatch import Spread
from phenoscope.objective import CrossEntropy, Objective

TINY = Case("tiny", (4,), 3, 10)
STEADY = Spread(1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Everything but the timings, on a machine where nothing stands out."""
    examined = examine(tmp_path_factory.mktemp("runs"), timings=False)
    machine = examined.machine | {"torch threads": 1, "usable cores": 10**6}  # no load is high for so many
    return dataclasses.replace(examined, machine=machine)


@pytest.fixture
def timed(monkeypatch):
    """Timings of a tiny network only."""
    monkeypatch.setattr(doctor, "SECONDS", {TINY: 0.0})


def test_everything_is_looked_at_and_written_as_json(timed, tmp_path):
    found = examine(tmp_path / "not" / "yet")
    value = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert set(value) == {field.name for field in dataclasses.fields(found)}
    assert value["packages"]["torch"] == torch.__version__
    assert {"python", "processor", "cores", "usable cores", "torch threads", "cuda"} <= set(value["machine"])
    assert [entry["name"] for entry in value["data"]] == [entry.name for entry in found.data]
    assert value["out"] == {"path": str(tmp_path / "not" / "yet"), "problem": None, "free": found.out.free}
    assert [set(part["ratio"]) for part in value["products"]] == [{"low", "middle", "high"}]
    assert all(part["seconds"].keys() == {str(k) for k in found.threads[0].seconds} for part in value["threads"])
    assert not (tmp_path / "not").exists()


def test_without_timings_there_are_none(found):
    assert (found.products, found.threads) == ((), ())


def test_nothing_stands_out_where_all_is_well(found):
    assert warnings(found) == []


def test_what_the_library_needs_is_what_it_says():
    assert {"torch", "numpy", "polars", "scikit-learn", "cyclopts"} <= set(needed())
    assert "phenoscope" not in needed()


def test_a_missing_package_is_said(found):
    bad = dataclasses.replace(found, packages=found.packages | {"scipy": None})
    assert warnings(bad) == ["Missing, though the library needs them: scipy. Install phenoscope anew with pip."]


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    assert folder(tmp_path).problem is None
    assert list(tmp_path.iterdir()) == []
    assert (folder(tmp_path).free or 0) > 0


def test_a_folder_that_cannot_be_written_is_said(found, tmp_path):
    (tmp_path / "file").touch()
    there = folder(tmp_path / "file")
    assert there.problem == "Not a directory"
    (said,) = warnings(dataclasses.replace(found, out=there))
    assert (
        said == f"Runs cannot be written into {tmp_path / 'file'}: Not a directory. Choose another folder with --out."
    )


def test_a_disk_that_is_nearly_full_is_said(found):
    (said,) = warnings(dataclasses.replace(found, out=Folder("runs", None, 5_000_000)))
    assert said.startswith("Only 5 MB are free where runs is.")


def test_more_threads_than_cores_are_said(found):
    machine = found.machine | {"torch threads": 10**6 + 1}
    (said,) = warnings(dataclasses.replace(found, machine=machine))
    assert "OMP_NUM_THREADS=1000000" in said


def test_a_busy_machine_is_said(found, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (3.5, 0.0, 0.0))
    for cores, says in ((2, ["The machine is busy: 3.5 processes wanted its 2 cores"]), (3, [])):
        machine = found.machine | {"usable cores": cores}
        said = warnings(dataclasses.replace(found, machine=machine))
        assert [sentence[: len(says[0])] for sentence in said] == says if says else said == []


def test_products_that_cost_too_much_are_said(found):
    def measured(low):
        ratio = Spread(low, low + 1, low + 2)
        return warnings(dataclasses.replace(found, products=(Product("small", 1, STEADY, STEADY, ratio),)))

    assert measured(5.9) == []
    (said,) = measured(6.1)
    assert said.startswith("A Hessian product costs 7.1 gradients (small), where one to four are usual.")


def test_rough_timings_are_said(found):
    rough = Product("small", 1, Spread(1.0, 2.0, 2.5), STEADY, STEADY)
    (said,) = warnings(dataclasses.replace(found, products=(rough,)))
    assert said.startswith("The same gradient took up to 2.5 times longer")


@pytest.mark.parametrize(("two", "says"), [(1.2, 0), (1.3, 1)])
def test_a_setting_that_does_not_pay_is_said(found, two, says):
    measured = Threads("small", {1: STEADY, 2: Spread(two, two, two)}, 1)
    machine = found.machine | {"torch threads": 2}
    said = warnings(dataclasses.replace(found, machine=machine, threads=(measured,)))
    assert len(said) == says
    assert all("with 1 the gradient of a small is 1.3 times faster" in sentence for sentence in said)


@pytest.mark.parametrize("before", [1, 2])
def test_threads_are_put_back(before, monkeypatch):
    seen = []
    monkeypatch.setattr(speed, "_gradient", lambda *_: lambda: seen.append(torch.get_num_threads()))
    torch.set_num_threads(before)
    try:
        measured = threads(TINY, seconds=0.0, cores=3)
        assert torch.get_num_threads() == before
        seen_by_threads, seen[:] = set(seen), []
        product(TINY, seconds=0.0)
        assert torch.get_num_threads() == before
    finally:
        torch.set_num_threads(1)
    assert list(measured.seconds) == [1, 2, 3]
    assert seen_by_threads == {1, 2, 3}
    assert set(seen) == {1}


@pytest.mark.parametrize(
    ("cores", "counts"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 4]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_counts_of_threads(cores, counts):
    assert speed._counts(cores) == counts


@pytest.mark.parametrize(
    ("taken", "pays"),
    [
        ({1: [10.0] * 4}, 1),
        ({1: [10.0] * 4, 2: [9.5] * 4}, 1),
        ({1: [10.0] * 4, 2: [8.0] * 4}, 2),
        ({1: [10.0] * 4, 2: [5.0] * 4, 4: [4.8] * 4}, 2),
        ({1: [10.0] * 4, 2: [9.5] * 4, 4: [8.8] * 4}, 2),
        ({1: [10.0] * 4, 2: [30.0] * 4, 4: [5.0] * 4}, 4),
        ({1: [10.0] * 5, 2: [5.0, 5.0, 5.0, 60.0, 60.0]}, 1),  # quick at its best, and not to be relied on
    ],
)
def test_the_number_of_threads_that_pays(taken, pays):
    assert best(taken) == pays


def test_what_is_timed_is_the_gradient_and_the_product():
    network, inputs, labels = speed._made(TINY)
    gradient = speed._gradient(network, inputs, labels)()
    objective = Objective(network, CrossEntropy(), (inputs, labels))
    assert isinstance(gradient, tuple)
    torch.testing.assert_close(torch.cat([part.flatten() for part in gradient]), objective.gradient())
    assert product(TINY, seconds=0.0).parameters == objective.point.numel() == 3 * 4 + 4 + 4 * 10 + 10
    assert inputs.shape == (10, 3)
    assert torch.equal(inputs, torch.randn(10, 3, generator=stream(0, "inputs")))


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("nonsense", 8)]
)
def test_a_containers_quota_counts(monkeypatch, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(speed.Path, "read_text", lambda self: quota)
    assert usable_cores() == cores
