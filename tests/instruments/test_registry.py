"""What holds for every instrument of the registry: precision and the cut of the data change nothing but rounding."""

import copy
import math

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from oracles import PROBLEMS, drawn, normal
from phenoscope.instruments import INSTRUMENTS, Bench, shuffled_auc
from phenoscope.objective import Objective

NAMES = [name for name in INSTRUMENTS if name != "learning_coefficient"]  # whose chains have a test of their own
TIMES = 4.0
"""Of the errors stated by both readings together, that two of them may differ by."""


def single(value):
    return value.float() if value.is_floating_point() else value


def in_single_precision(problem) -> Objective:
    loss = copy.deepcopy(problem.loss)
    loss = loss.float() if isinstance(loss, torch.nn.Module) else loss
    return Objective(copy.deepcopy(problem.model).float(), loss, (single(problem.inputs), single(problem.targets)))


def read(name: str, objective: Objective):
    return INSTRUMENTS[name].read(Bench(objective), torch.Generator().manual_seed(3))


def apart(one, other) -> tuple[float, float]:
    """How far two readings are from each other, and how far their errors allow."""
    values = [float(each.value) for each in (one, other)]
    if values[0] == values[1] or all(math.isnan(value) for value in values):
        return 0.0, 0.0
    return abs(values[0] - values[1]), TIMES * sum(each.error or 0.0 for each in (one, other))


@pytest.mark.parametrize("problem", ["tanh perceptron", "convolution"])
@pytest.mark.parametrize("name", NAMES)
def test_float32_and_float64_differ_by_no_more_than_their_errors_say(name, problem):
    made = PROBLEMS[problem]()
    double = read(name, Objective(made.model, made.loss, made.data, **made.options))
    found = read(name, in_single_precision(made))
    difference, allowed = apart(found, double)
    assert difference <= allowed, (found, double)


def loader(made) -> Objective:
    """Four batches, the last of one example; graphs are built anew for each product."""
    data = DataLoader(TensorDataset(*made.data), batch_size=3)
    return Objective(made.model, made.loss, data, memory=1, **made.options)


def ragged(made) -> Objective:
    """A list of batches of one, seven and two examples."""
    pieces = [tuple(part[low:high] for part in made.data) for low, high in ((0, 1), (1, 8), (8, 10))]
    return Objective(made.model, made.loss, pieces, **made.options)


@pytest.mark.parametrize(("problem", "cut"), [("tanh perceptron", ragged), ("tied, ignoring targets", loader)])
@pytest.mark.parametrize("name", NAMES)
def test_how_the_data_are_cut_changes_nothing(name, problem, cut):
    """By ten decimal places: what is drawn is drawn the same."""
    made = PROBLEMS[problem]()
    whole, found = read(name, Objective(made.model, made.loss, made.data, **made.options)), read(name, cut(made))
    assert type(found) is type(whole)
    one, other = float(found.value), float(whole.value)
    assert one == pytest.approx(other, rel=1e-8, abs=1e-10, nan_ok=True), (found, whole)


@pytest.mark.parametrize("name", [*NAMES, "shuffled_auc"])
def test_measuring_on_a_loader_moves_no_random_state(name):
    """Starting a pass through a loader draws from torch's own state."""
    inputs, targets = normal(8, 4), torch.arange(8) % 2
    data = DataLoader(TensorDataset(inputs, targets), batch_size=3, shuffle=True)
    objective = Objective(drawn(torch.nn.Linear(4, 2)), torch.nn.CrossEntropyLoss(), data)
    before = torch.get_rng_state()
    if name == "shuffled_auc":
        shuffled_auc(objective, torch.tensor([True, False, False, False]))
    else:
        read(name, objective)
    assert torch.equal(torch.get_rng_state(), before)
