"""Gradients of single examples, against the loss of each example differentiated by itself."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gradient, labels, mlp, normal, normalised
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}


def alone(problem, i: int):
    """The loss of one example, with its own inputs only."""
    inputs = problem.inputs
    if isinstance(inputs, dict):
        outputs = problem.model(**{name: part[i : i + 1] for name, part in inputs.items()})
    elif isinstance(inputs, tuple):
        outputs = problem.model(*(part[i : i + 1] for part in inputs))
    else:
        outputs = problem.model(inputs[i : i + 1])
    return problem.loss(getattr(outputs, "logits", outputs), problem.targets[i : i + 1])


@pytest.mark.parametrize("cut", [(None, None), (4, None), (4, 3)], ids=str)
@pytest.mark.parametrize("name", PROBLEMS)
def test_each_example_s_own_gradient_and_together_that_of_the_loss(name, cut):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, cut[0], **problem.options)
    chunks = list(objective.example_gradients(chunk=cut[1]))
    assert max(len(part.weights) for part in chunks) == (cut[1] or cut[0] or 10)
    gradients = torch.cat([part.gradients for part in chunks])
    weights = torch.cat([part.weights for part in chunks])
    for i, weight in enumerate(weights):
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            own = dense_gradient(alone(problem, i), problem.model).nan_to_num()  # where every target is ignored
        assert_close(gradients[i], own if weight > 0 else torch.zeros_like(own), **EXACT)
    total = weights @ gradients / (1.0 if objective.weighting == "sum" else weights.sum())
    assert_close(total, objective.gradient(), **EXACT)


def test_ignored_targets_and_class_weights_count_as_in_the_loss():
    problem = PROBLEMS["tied, ignoring targets"]()
    found = next(Objective(problem.model, problem.loss, problem.data).example_gradients())
    assert found.weights.tolist() == (problem.targets != -100).sum(dim=1).tolist()
    assert found.weights[0] == 0
    assert found.gradients[0].abs().max() == 0
    problem = PROBLEMS["class weights"]()
    found = next(Objective(problem.model, problem.loss, problem.data).example_gradients())
    assert_close(found.weights, problem.loss.weight[problem.targets])


def test_an_example_without_weight_has_no_gradient_though_its_loss_divides_by_zero():
    def kept(outputs, targets):
        return (outputs.squeeze(1) * targets).sum() / targets.sum()

    inputs, targets = normal(5, 2), torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    model = nn.Linear(2, 1, bias=False).double()
    objective = Objective(model, kept, (inputs, targets), denominator=lambda o, t: float(t.sum()))
    found = next(objective.example_gradients())
    assert_close(found.gradients, inputs * targets[:, None], **EXACT)
    assert_close(found.weights @ found.gradients / 3, objective.gradient(), **EXACT)


class Masked(nn.Module):
    """A sum of tokens through a mask that all examples share; it has as many rows as a chunk has examples."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2).double()

    def forward(self, tokens, mask):
        assert mask.shape == (3, 3)
        return (mask @ self.layer(tokens)).sum(dim=1)


def test_what_all_examples_share_stays_whole():
    model, tokens, mask = Masked(), normal(7, 3, 2), torch.tril(normal(3, 3, seed=1))
    objective = Objective(model, nn.MSELoss(), [((tokens, mask), normal(7, 2, seed=2))])
    found = torch.cat([part.gradients for part in objective.example_gradients(chunk=3)])
    assert_close(found.mean(dim=0), objective.gradient(), **EXACT)
    assert_close(found[4], dense_gradient((model(tokens[4:5], mask) - normal(7, 2, seed=2)[4]).square().mean(), model))


def test_what_cannot_be_mapped_is_done_one_by_one():
    class Looking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3).double()

        def forward(self, x):
            outputs = self.layer(x)
            return outputs if float(x.detach().abs().max()) > 1 else outputs.tanh()

    model, inputs, targets = Looking(), normal(6, 4), labels(3, 6)
    batches = [(inputs[i : i + 1], targets[i : i + 1]) for i in range(6)]
    objective = Objective(model, nn.CrossEntropyLoss(), batches)
    found = torch.cat([part.gradients for part in objective.example_gradients()])
    own = [dense_gradient(nn.functional.cross_entropy(model(x), y), model) for x, y in batches]
    assert_close(found, torch.stack(own), **EXACT)


def test_the_model_is_left_as_found_and_examples_that_depend_on_each_other_are_refused():
    model = normalised().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    objective = Objective(model, nn.CrossEntropyLoss(), (normal(8, 1, 3, 3), labels(3, 8)))
    list(objective.example_gradients())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    batch = Objective(model, nn.CrossEntropyLoss(), (normal(8, 1, 3, 3), labels(3, 8)), buffers="batch")
    with pytest.raises(BadInput, match="depend on each other"):
        batch.example_gradients()
    whole = Objective(mlp(), lambda o, t: o.std() + o.square().mean().sqrt(), (normal(6, 4), labels(3, 6)))
    with pytest.raises(BadInput, match="depend on each other"):
        whole.example_gradients()


@pytest.mark.parametrize("cut", [None, 4])
@pytest.mark.parametrize("name", PROBLEMS)
def test_each_example_s_own_loss(name, cut):
    problem = PROBLEMS[name]()
    found = Objective(problem.model, problem.loss, problem.data, cut, **problem.options).example_losses()
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        expected = torch.stack([alone(problem, i) for i in range(len(found))])
    assert_close(found, expected.double(), **EXACT, equal_nan=True)
