"""The tangent kernel along training: as measured on the network itself; frozen features keep theirs."""

import dataclasses

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.instruments import effective_rank, empirical_ntk, kernel_alignment, kernel_change, kernel_distance
from phenoscope.probes import KernelChange, series_units
from phenoscope.training import train
from small import recipe


def series(probe, recipes):
    found: dict[str, dict[int, list[float]]] = {}
    memory = None
    for state in train(recipes):
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            for each in rows:
                found.setdefault(each.name, {})[each.step] = each.values.tolist()
    return found


def kernels(made, steps):
    """Of one member alone, at these steps, with its first targets."""
    draw = made.data.draw(stream(made.seed, "data"))
    model = made.model.build(stream(0, "other"), inputs=made.data.shape, outputs=2, dtype=torch.float64)
    found = {}
    for state in train([made]):
        if state.step in steps:
            write(state.points[0], model)
            found[state.step] = empirical_ntk(model, draw.train.inputs[:8].double(), outputs="trace").matrix
    return found, draw.train.targets[:8]


def test_reads_what_the_kernels_say():
    recipes = [recipe(0.2 + 0.2 * seed, seed=seed, steps=6) for seed in (3, 4)]
    probe = KernelChange(every=3, examples=8)
    found = series(probe, recipes)
    assert set(found) == set(series_units((probe,)))
    for row, made in enumerate(recipes):
        own, targets = kernels(made, (0, 3, 6))
        expected = {
            "kernel change": kernel_change(own[0], own[6]),
            "kernel distance": kernel_distance(own[0], own[6]),
            "kernel velocity": kernel_distance(own[3], own[6]) / 3,
            "kernel alignment": kernel_alignment(own[6], targets),
            "kernel rank": effective_rank(own[6]),
        }
        for name, value in expected.items():
            assert found[name][6][row] == pytest.approx(value, rel=1e-5, abs=1e-9), name
        assert found["kernel change"][0][row] == found["kernel velocity"][0][row] == 0.0


def test_frozen_features_keep_their_kernel():
    made = dataclasses.replace(recipe(0.3, seed=3, steps=4), dynamics="linearised")
    found = series(KernelChange(every=2, examples=6), [made])
    assert max(found["kernel change"][4]) < 1e-6
    assert found["kernel alignment"][4] == pytest.approx(found["kernel alignment"][0])


def test_a_kernel_needs_two_examples():
    with pytest.raises(BadInput, match="at least 2, not 1"):
        KernelChange(examples=1)
