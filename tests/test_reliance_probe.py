"""Which block is relied on, row by row, against areas computed on a network written out by hand."""

import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, Slabs
from phenoscope.objective import CrossEntropy
from phenoscope.probes import BlockReliance
from phenoscope.training import train
from small import recipe

DATA = Dataset(Slabs(3, examples=60), train=20, test=40, scaling="none")


def last(rows):
    return list(train(rows))[-1]


def test_the_areas_of_every_row_on_its_own_test_examples():
    rows = [recipe(0.5, steps=30, seed=seed, data=DATA, loss=CrossEntropy()) for seed in (0, 1)]
    state = last(rows)
    found = {each.name: each.values for each in BlockReliance(10, entries=1, shuffles=2).update(state, None)[0]}
    drawn = stream(0, "shuffled blocks", 30)  # the cohort's, for its first row
    for row, made in enumerate(rows):
        test = made.data.draw(stream(made.seed, "data")).test
        inputs, point = test.inputs.double(), state.points[row]

        def area(x, point=point, labels=test.targets):
            hidden = torch.tanh(x @ point[:8].reshape(4, 2).T + point[8:12])
            outputs = hidden @ point[12:20].reshape(2, 4).T + point[20:22]
            return roc_auc_score(labels, (outputs[:, 1] - outputs[:, 0]))

        assert found["test AUC"][row].item() == pytest.approx(area(inputs), rel=1e-9)
        if row == 0:
            for place, name in ((0, "AUC, first block shuffled"), (1, "AUC, second block shuffled")):
                areas = []
                for _ in range(2):
                    mixed = inputs.clone()
                    mixed[:, place] = inputs[torch.randperm(40, generator=drawn), place]
                    areas.append(area(mixed))
                assert found[name][row].item() == pytest.approx(sum(areas) / 2, rel=1e-9)


def test_without_test_examples_there_is_nothing_to_read():
    alone = recipe(steps=1, data=Dataset(Slabs(3, examples=20), train=20, test=0), loss=CrossEntropy())
    rows, memory = BlockReliance().update(last([alone]), None)
    assert all(math.isnan(each.values.item()) for each in rows)
    assert memory is None


def test_it_reads_the_linearised_network_too():
    made = recipe(0.5, steps=30, data=DATA, loss=CrossEntropy(), dynamics="linearised")
    rows, _ = BlockReliance().update(last([made]), None)
    assert all(0 <= each.values.item() <= 1 for each in rows)
    with pytest.raises(BadInput, match="a block has at least 1 entry and is shuffled at least twice"):
        BlockReliance(entries=0)
    assert BlockReliance(every=7).due(14)
