"""Linear SGD: the examples it draws, and a simulation that knows nothing of the operator."""

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, LinearSGD
from phenoscope.theory import sgd_threshold


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("alignment", [0.0, 0.4, 1.0])
def test_examples_have_unit_length_and_share_as_much_of_one_direction(alignment):
    x = LinearSGD(alignment, examples=200, dimensions=5, seed=3).vectors()
    torch.testing.assert_close(x.norm(dim=1), torch.ones(200, dtype=torch.float64))
    gram = (x @ x.T)[~torch.eye(200, dtype=torch.bool)]
    assert gram.mean().item() == pytest.approx(alignment, abs=0.01)
    if alignment in (0.0, 1.0):
        assert torch.linalg.matrix_rank(x) == (4 if alignment == 0 else 1)


@pytest.mark.parametrize(("alignment", "batch"), [(0.2, 1), (0.8, 2), (0.5, 8)])
def test_the_simulation_finds_the_threshold(alignment, batch):
    found = last(LinearSGD(alignment, batch, examples=8, dimensions=4, steps=1200, seed=1))
    assert found["simulated threshold"] == pytest.approx(found["exact threshold"], rel=0.04)
    wrong = {1: 2.0, 2: 1.2}.get(batch)
    if wrong:  # that of gradient descent is another
        assert found["gradient descent threshold"] > wrong * found["simulated threshold"]


def test_it_reports_what_theory_says_of_its_examples():
    made = LinearSGD(0.3, 2, examples=6, dimensions=3, steps=16)
    found = last(made)
    assert found["exact threshold"] == sgd_threshold(made.vectors().numpy(), 2)
    assert set(found) == set(made.units)
    assert found["exact threshold"] <= min(found["coherence threshold"], found["trace threshold"])


def test_it_is_a_computation_with_the_same_result_each_time():
    made = LinearSGD(0.3, 2, examples=6, dimensions=3, steps=40, seed=5)
    assert isinstance(made, Computation)
    steps = [found.step for found in made.readings()]
    assert steps == [0, 10, 20, 30, 40]
    assert last(made) == last(made)
    assert last(made) != last(LinearSGD(0.3, 2, examples=6, dimensions=3, steps=40, seed=6))


@pytest.mark.parametrize(
    "options", [{"alignment": 1.1}, {"batch": 0}, {"batch": 25}, {"dimensions": 1}, {"steps": 7}], ids=str
)
def test_what_cannot_be_drawn_is_refused(options):
    with pytest.raises(BadInput, match="linear SGD needs"):
        LinearSGD(**({"alignment": 0.5} | options))
