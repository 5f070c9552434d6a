"""How batches make a total: the loss's own denominator, known, found, or refused as unclear."""

import functools

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from oracles import PROBLEMS, ignoring, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.objective import CrossEntropy, Objective, SquaredError

DATA = (normal(10, 4), labels(3, 10))


class Focal(nn.CrossEntropyLoss):
    """A subclass that divides by something else than its parent: nothing is known of it."""

    def forward(self, outputs, targets):
        return 2 * super().forward(outputs, targets) * len(targets)


NAMES = [
    (nn.CrossEntropyLoss(), "targets"),
    (nn.CrossEntropyLoss(reduction="sum"), "sum"),
    (functional.cross_entropy, "targets"),
    (functools.partial(functional.cross_entropy, reduction="sum"), "sum"),
    (functools.partial(functional.cross_entropy, size_average=None), "examples"),
    (lambda outputs, targets: functional.nll_loss(outputs.log_softmax(1), targets), "examples"),
    (CrossEntropy(), "examples"),
    (SquaredError(), "examples"),
    (Focal(), "sum"),
]


@pytest.mark.parametrize(("loss", "name"), NAMES, ids=range(len(NAMES)))
def test_the_denominator_has_a_name(loss, name):
    objective = Objective(mlp(), loss, DATA, 4)
    assert objective.weighting == name
    assert_close(objective.loss(), loss(mlp()(DATA[0]), DATA[1]).detach(), rtol=1e-12, atol=0)


def test_the_plain_average_over_batches_is_another_number():
    model, loss = mlp(), nn.CrossEntropyLoss()
    objective = Objective(model, loss, DATA, 4)
    cousin = torch.stack([loss(model(x), y) for x, y in zip(DATA[0].split(4), DATA[1].split(4), strict=True)]).mean()
    assert abs(objective.loss() - cousin) > 1e-3
    assert_close(objective.loss(), loss(model(DATA[0]), DATA[1]).detach(), rtol=1e-12, atol=0)


def test_it_does_not_matter_how_the_data_are_cut():
    problem = PROBLEMS["tied, ignoring targets"]()
    whole = Objective(problem.model, problem.loss, problem.data)
    vector = normal(len(whole.point))
    for size in (1, 3, 4, 9, 100):  # with 1 the first batch is ignored as a whole
        cut = Objective(problem.model, problem.loss, problem.data, size)
        assert_close(cut.loss(), whole.loss(), rtol=1e-12, atol=0)
        assert_close(cut.hessian() @ vector, whole.hessian() @ vector, rtol=1e-10, atol=1e-13)


def test_a_sum_stays_a_sum_for_one_dimensional_real_targets():
    """Real targets of one axis are not class probabilities of one example."""
    x, y = normal(10, 4), normal(10)

    def loss(outputs, targets):
        return (outputs[:, 0] - targets).square().sum()

    objective = Objective(mlp(), loss, (x, y), 4)
    assert objective.weighting == "sum"
    assert_close(objective.loss(), loss(mlp()(x), y).detach(), rtol=1e-12, atol=0)


def weighted(outputs, targets):
    return functional.cross_entropy(outputs, targets, weight=torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64))


def contrastive(outputs, targets):
    return (outputs @ outputs.T).logsumexp(1).mean()


def spread(outputs, targets):
    return outputs.std()


def one_size(outputs, targets):
    return (outputs[:, 0] * torch.arange(4, dtype=torch.float64)).mean()


@pytest.mark.parametrize("loss", [weighted, contrastive, spread, one_size])
def test_a_loss_that_does_not_add_up_is_refused_in_batches_only(loss):
    x, y = normal(8, 4), labels(3, 8)
    with pytest.raises(BadInput, match="neither a sum nor a mean"):
        Objective(mlp(), loss, (x, y), 4)
    alone = Objective(mlp(), loss, (x[:4], y[:4]), memory=1)
    assert alone.weighting == "whole"
    vector = normal(43)
    free = Objective(mlp(), loss, (x[:4], y[:4]))
    assert_close(alone.hessian() @ vector, free.hessian() @ vector)  # must not be cut, whatever the memory


def test_an_ambiguous_loss_is_refused_and_can_be_settled():
    batches = [(normal(4, 4), labels(3, 4)), (normal(1, 4), labels(3, 1)), (normal(1, 4), labels(3, 1))]
    ones = batches[1:]

    def loss(outputs, targets):
        return functional.cross_entropy(outputs, targets)

    assert Objective(mlp(), loss, batches).weighting == "examples"
    with pytest.raises(BadInput, match="denominator='examples'"):  # a sum or a mean? one example does not tell
        Objective(mlp(), loss, ones)
    mean, total = (Objective(mlp(), loss, ones, denominator=by) for by in ("examples", "sum"))
    assert_close(mean.loss() * 2, total.loss(), rtol=1e-12, atol=0)

    def squares(outputs, targets):  # 0 where no target is kept: over tokens or over examples?
        return (outputs - targets).square().mean()

    lengths = [(normal(1, 4, seed=1), normal(1, 3)), (normal(1, 4, seed=2), normal(1, 1))]
    with pytest.raises(BadInput, match="the totals would differ"):
        Objective(mlp(), squares, lengths)


def test_given_denominators():
    problem = PROBLEMS["found: targets"]()
    by_name = Objective(problem.model, problem.loss, problem.data, 4, denominator="targets")
    by_function = Objective(
        problem.model, problem.loss, problem.data, 4, denominator=lambda o, t: float((t != -100).sum())
    )
    assert by_function.weighting == "given"
    assert_close(by_name.loss(), problem.total().detach(), rtol=1e-12, atol=0)
    assert_close(by_function.loss(), by_name.loss(), rtol=1e-14, atol=0)
    for wrong in ("examples", "sum", lambda o, t: 1.0):
        with pytest.raises(BadInput, match="weighed by targets they do"):
            Objective(problem.model, problem.loss, problem.data, 4, denominator=wrong)
    with pytest.raises((BadInput, TypeError)):
        Objective(problem.model, problem.loss, problem.data, denominator="tokens")


def test_data_without_a_single_target_are_refused():
    targets = torch.full_like(ignoring(), -100)
    problem = PROBLEMS["tied, ignoring targets"]()
    with pytest.raises(BadInput, match="every target is ignored"):
        Objective(problem.model, nn.CrossEntropyLoss(), (problem.inputs, targets), 4)


def test_the_losses_of_recipes():
    outputs, targets = normal(6, 3), labels(3, 6)
    onehot = torch.eye(3, dtype=torch.float64)[targets]
    assert_close(SquaredError()(outputs, targets), 0.5 * (outputs - onehot).pow(2).sum(1).mean())
    expected = -(outputs - outputs.exp().sum(1, keepdim=True).log())[range(6), targets].mean()
    assert_close(CrossEntropy()(outputs, targets), expected)


def test_a_sum_is_divided_by_one_however_the_data_are_cut():
    problem = PROBLEMS["sum"]()
    assert Objective(problem.model, problem.loss, problem.data).weight() == 1
    assert Objective(problem.model, problem.loss, problem.data, 3).weight() == 1


def test_the_cross_entropy_of_recipes_leaves_no_example_out():
    """PyTorch's own divides by the targets that are not -100, and so weighs batches by something else."""
    with pytest.raises(IndexError, match="-100"):
        CrossEntropy()(torch.zeros(3, 2), torch.tensor([0, -100, 1]))


def test_what_is_found_out_about_parts_stays_with_them():
    """A graph of one example tells nothing of what a graph of many takes."""
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    (part,) = objective.parts([torch.tensor([0])])
    part.hessian()
    alone = Objective(problem.model, problem.loss, problem.data)
    alone.hessian()
    objective.hessian()
    assert objective._graph_sizes == alone._graph_sizes


def test_batches_that_count_alike_whatever_their_size_are_noticed(monkeypatch):
    """The commonest fault, planted: a ragged last batch of a mean over examples would weigh too much."""
    monkeypatch.setattr("phenoscope.objective.weighting.kept_targets", lambda outputs, targets, **_: 1.0)
    with pytest.raises(BadInput, match=r"weighed by examples or by .* they do"):
        Objective(mlp(), nn.CrossEntropyLoss(), DATA, 4)


def test_a_loss_that_adds_up_by_nothing_is_weighed_as_is_said():
    def contrast(outputs, targets):
        return (outputs - outputs.mean(dim=0)).square().sum().sqrt()

    assert Objective(mlp(), contrast, DATA, 4, denominator="examples").weighting == "examples"


def test_errors_leave_ignored_targets_out():
    outputs, targets = torch.eye(3).double(), torch.tensor([0, -100, 1])
    objective = Objective(nn.Linear(3, 3, bias=False).double(), nn.CrossEntropyLoss(), (outputs, targets), 2)
    assert_close(objective.of_errors().loss(point=torch.eye(3).double().flatten()), torch.tensor(0.5).double())
