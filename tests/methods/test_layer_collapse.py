"""Pruning at initialisation, up to one weight a layer, against a network rebuilt by hand."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.instruments import Pruner
from phenoscope.methods import LayerCollapse

DATA = dataset("digits", train=40, flat=True)
SMALL = LayerCollapse(DATA, Pruner("magnitude"), width=12, depth=2, seed=3)
TOTAL = 64 * 12 + 12 * 12 + 12 * 10


def found(made):
    (reading,) = made.readings()
    return reading.values


@pytest.mark.parametrize("compression", [2.0, 8.0, 30.0])
def test_the_largest_weights_and_their_paths_by_hand(compression):
    """Weights drawn again from the same stream, ranked and joined by NumPy."""
    generator, layers = stream(3, "initialisation"), []
    for ins, outs in ((64, 12), (12, 12), (12, 10)):
        drawn = torch.randn(outs, ins, generator=generator, dtype=torch.float64).numpy()
        layers.append(np.abs(drawn * math.sqrt(2 / ins)))
    kept = round(TOTAL / compression)
    least = np.sort(np.concatenate([layer.ravel() for layer in layers]))[-kept]
    masks = [layer >= least for layer in layers]
    into, out = [np.ones(64, bool)], [np.ones(10, bool)]
    for mask in masks:
        into.append(mask @ into[-1])
    for mask in reversed(masks):
        out.insert(0, mask.T @ out[0])
    live = sum(int((mask & out[i + 1][:, None] & into[i]).sum()) for i, mask in enumerate(masks))
    values = found(dataclasses.replace(SMALL, compression=compression))
    assert values["live share"] == pytest.approx(live / kept)
    assert values["emptiest layer"] == min(int(mask.sum()) for mask in masks)
    assert values["reach"] == pytest.approx(math.log(compression) / math.log(TOTAL / 3) if live else 0.0)
    totals = [layer.sum() for layer in layers]
    assert values["score spread"] == pytest.approx(1 - min(totals) / max(totals))


def test_beyond_one_weight_a_layer_there_is_no_compression():
    made = dataclasses.replace(SMALL, pruner=Pruner("synflow", rounds=30), compression=1e6)
    values = found(made)
    assert values["reach"] == pytest.approx(1.0)
    assert values["emptiest layer"] == 1
    assert values["log compression"] == pytest.approx(math.log10(TOTAL / 3))
    assert values["live share"] == 1.0
    assert values["score spread"] < 1e-12


def test_the_seed_decides_and_data_matter_to_scores_that_use_them():
    made = dataclasses.replace(SMALL, pruner=Pruner("snip"), compression=20.0)
    assert found(made) == found(made)
    assert found(made) != found(dataclasses.replace(made, seed=4))
    assert found(made) != found(dataclasses.replace(made, data=dataset("digits", train=41, flat=True)))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="one step, a hidden layer and a compression of at least 1"):
        dataclasses.replace(SMALL, compression=0.5)
