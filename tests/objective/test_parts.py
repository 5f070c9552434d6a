"""Parts of the data: the loss, gradient and curvature of the chosen examples, whatever form the data have."""

import itertools

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

from oracles import CE, PROBLEMS, dense_hessian, drawn, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

CHOSEN = torch.tensor([7, 1, 3, 8])
X, Y = normal(10, 4), labels(3, 10)


def entries(value, places):
    """The chosen examples of an input or target."""
    if isinstance(value, dict):
        return {name: part[places] for name, part in value.items()}
    return tuple(part[places] for part in value) if isinstance(value, tuple) else value[places]


@pytest.mark.parametrize("size", [None, 3], ids=str)
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_part_is_the_loss_of_its_examples_alone(name, size):
    problem = PROBLEMS[name]()
    (part,) = Objective(problem.model, problem.loss, problem.data, size).parts([CHOSEN])
    problem = type(problem)(
        problem.model, problem.loss, entries(problem.inputs, CHOSEN), entries(problem.targets, CHOSEN)
    )
    assert part.partition == (4,)
    assert_close(part.loss(), problem.total().detach(), rtol=1e-10, atol=0)
    dense = dense_hessian(problem.total, problem.model)
    vector = normal(len(dense))
    assert_close(part.hessian() @ vector, dense @ vector, rtol=1e-9, atol=1e-12)


def test_losses_of_disjoint_parts_weighted_make_the_whole():
    """Their plain average does not: targets are ignored here, so parts of one size have other weights."""
    problem = PROBLEMS["tied, ignoring targets"]()
    whole = Objective(problem.model, problem.loss, problem.data, 4)
    parts = whole.parts(torch.arange(1, 9).split(2))
    ignored = whole.parts([torch.tensor([0, 9])])[0]
    weights = [part.weight() for part in (*parts, ignored)]
    losses = [part.loss().item() for part in (*parts, ignored)]
    assert sum(weights) == whole.weight() == (problem.targets != -100).sum()
    total = sum(w * each for w, each in zip(weights, losses, strict=True)) / whole.weight()
    assert_close(total, whole.loss().item(), rtol=1e-12, atol=0)
    assert abs(sum(losses) / len(losses) - total) > 1e-3
    with pytest.raises(BadInput, match="every target is ignored"):
        whole.parts([torch.tensor([0])])[0].loss()


FORMS = {
    "loader": lambda: DataLoader(TensorDataset(X, Y), 4),
    "list": lambda: list(zip(X.split(3), Y.split(3), strict=True)),
    "pair": lambda: (X, Y),
}


@pytest.mark.parametrize("form", FORMS)
def test_examples_are_numbered_as_the_data_come_and_count_as_often_as_they_are_named(form):
    whole = Objective(mlp(), CE, FORMS[form]())
    twice, once = whole.parts([torch.tensor([5, 5, 2]), torch.tensor([2])])
    places = torch.tensor([2, 5, 5])
    assert_close(twice.loss(), Objective(mlp(), CE, (X[places], Y[places])).loss(), rtol=1e-12, atol=0)
    assert_close(once.loss(), Objective(mlp(), CE, (X[2:3], Y[2:3])).loss(), rtol=1e-12, atol=0)
    assert (twice.partition, twice.weight(), once.weight()) == ((3,), 3.0, 1.0)


def test_one_pass_takes_all_parts_and_leaves_the_random_state():
    passes = []

    class Counting(TensorDataset):
        def __getitem__(self, index):
            passes.append(index)
            return super().__getitem__(index)

    loader = DataLoader(Counting(X, Y), 4, shuffle=True)
    whole = Objective(mlp(), CE, loader)
    whole.sampled(2)
    passes.clear()
    before = torch.get_rng_state()
    parts = whole.sampled(3, 4, generator=seeded(1))
    assert sorted(passes) == list(range(10))
    assert torch.equal(before, torch.get_rng_state())
    assert [part.partition for part in parts] == [(3,)] * 4
    assert len({part.loss().item() for part in parts}) == 4


def test_random_parts_hold_every_set_of_examples_equally_often():
    inputs = torch.eye(5, dtype=torch.float64)
    model = drawn(nn.Linear(5, 1, bias=False))
    whole = Objective(model, nn.L1Loss(), (inputs, torch.full((5, 1), 9.0, dtype=torch.float64)), 2)
    counts = dict.fromkeys(itertools.combinations(range(5), 2), 0)
    for part in whole.sampled(2, 500, generator=seeded(2)):
        counts[tuple(part.gradient().nonzero()[:, 0].tolist())] += 1
    expected = 50
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 27.9  # chi-squared, 9, one in 1,000


def test_a_mask_that_all_examples_share_stays_whole():
    """Even where a piece happens to have as many examples as the mask has rows."""

    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = drawn(nn.Linear(3, 3, bias=False))

        def forward(self, x, mask):
            return (self.mix(x) @ mask).tanh()

    mask, inputs, targets = normal(3, 3, seed=4), normal(8, 3), normal(8, 3, seed=5)
    batches = [((inputs[i : i + 4], mask), targets[i : i + 4]) for i in (0, 4)]
    whole = Objective(Masked(), nn.MSELoss(), batches)
    places = torch.tensor([0, 1, 2, 5, 6, 7])
    (part,) = whole.parts([places])
    expected = Objective(Masked(), nn.MSELoss(), [((inputs[places], mask), targets[places])])
    assert part.partition == (6,)
    assert_close(part.loss(), expected.loss(), rtol=1e-12, atol=0)


def test_pieces_of_other_lengths_stay_batches_of_their_own():
    """Sequences padded batch by batch."""
    embedded = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5))

    class Transposed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = drawn(embedded)

        def forward(self, tokens):
            return self.net(tokens).transpose(1, 2)

    batches = [(labels(5, 4, 6), labels(5, 4, 6, seed=3)), (labels(5, 4, 3, seed=8), labels(5, 4, 3, seed=9))]
    (part,) = Objective(Transposed(), CE, batches).parts([torch.tensor([1, 3, 4])])
    expected = Objective(
        Transposed(), CE, [(batches[0][0][[1, 3]], batches[0][1][[1, 3]]), (batches[1][0][:1], batches[1][1][:1])]
    )
    assert part.partition == (2, 1)
    assert part.weight() == 15.0
    assert_close(part.loss(), expected.loss(), rtol=1e-12, atol=0)


def test_batch_statistics_are_those_of_the_part():
    model = drawn(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)))
    whole = Objective(model, CE, (X, Y), 5, buffers="batch")
    (part,) = whole.parts([CHOSEN])
    assert_close(part.loss(), Objective(model, CE, (X[CHOSEN], Y[CHOSEN]), buffers="batch").loss(), rtol=1e-12, atol=0)


def test_examples_along_another_axis_are_refused():
    class TimeFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.RNN(2, 3).double()

        def forward(self, x):
            return self.cell(x)[0][-1]

    whole = Objective(TimeFirst(), lambda o, t: (o - t).square().mean(), (normal(6, 6, 2), normal(6, 3, seed=1)))
    with pytest.raises(BadInput, match="need examples along the first axis"):
        whole.sampled(3)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda whole: whole.parts([torch.tensor([10])]), "numbered from 0 to 9, got numbers from 10 to 10"),
        (lambda whole: whole.parts([torch.tensor([-1, 3])]), "got numbers from -1 to 3"),
        (lambda whole: whole.parts([torch.tensor([True] * 10)]), "a vector of numbers of examples, got torch.bool"),
        (lambda whole: whole.parts([torch.tensor([])]), "a vector of numbers"),
        (lambda whole: whole.sampled(0), "at least 1 example, and no more than there are: got 0 of 10"),
        (lambda whole: whole.sampled(11), "at least 1 example, and no more than there are: got 11 of 10"),
        (lambda whole: whole.sampled(2, 0), "at least 1, got 0"),
    ],
)
def test_what_is_no_part_is_refused(ask, says):
    with pytest.raises(BadInput, match=says):
        ask(Objective(mlp(), CE, (X, Y), 4))
