"""What is read of pairs of sparse networks, on series that are written down by hand."""

import numpy as np
import torch

from phenoscope.atlas.early_bird.claims import to_the_last
from phenoscope.atlas.leads import lead as at_the_end
from phenoscope.atlas.lottery_tickets.claims import against_dense, lead
from phenoscope.atlas.retraining.claims import ahead
from phenoscope.atlas.sparse_double_descent.claims import by_rounds
from phenoscope.atlas.ticket_onset.claims import between
from phenoscope.atlas.ticket_or_scratch.claims import lead as over_scratch
from phenoscope.atlas.ticket_transfer.claims import late_accuracy
from phenoscope.comparisons import Kept
from phenoscope.core.points import layout, point
from phenoscope.data import dataset
from phenoscope.models import CNN, MLP
from phenoscope.objective import CrossEntropy
from phenoscope.record import Record, Series
from phenoscope.training import GradientDescent, Recipe, objective_of


def kept(every, accuracy, densities=(), span=0, **settings):
    steps = np.arange(len(accuracy)) * every
    series = {"test accuracy": Series(steps, np.array(accuracy))}
    if len(densities):
        series["density"] = Series(np.arange(len(densities)) * span, np.array(densities))
    return Kept({}, Record("a", {"seed": 0.0, **settings}, series))


def test_a_lead_is_read_after_a_round_a_quarter_of_it_and_at_the_end():
    one = kept(5, [0.1, 0.5, 0.6, 0.7, 0.8, 0.82, 0.84], [0.2, 0.2], 30)
    two = kept(5, [0.1, 0.2, 0.3, 0.4, 0.75, 0.81, 0.90], [0.2, 0.2], 30)
    found = lead(one, two)
    expected = {"early lead": 0.3, "lead": 0.05, "late lead": -0.06, "density": 0.2}
    assert {name: round(value, 12) for name, value in found.items()} == expected
    assert round(at_the_end(two, one)["lead"], 12) == 0.06


def test_the_density_that_still_matches_is_that_before_the_first_round_that_does_not():
    """Rounds of 10 steps end at 0.9, 0.895, 0.885, 0.92; a later one that matches again does not count."""
    accuracy = [0.1, 0.5, 0.9, 0.3, 0.895, 0.4, 0.885, 0.4, 0.92]
    densities = [1.0, 1.0, 0.5, 0.25, 0.125]
    long = kept(20, [0.1, 0.91])
    found = against_dense(kept(5, accuracy, densities, 10), long)
    assert found["matching density"] == 0.5
    assert round(found["best ticket over dense"], 12) == 0.01
    accuracy[6] = 0.8901
    assert against_dense(kept(5, accuracy, densities, 10), long)["matching density"] == 0.125
    accuracy[4] = 0.88
    assert against_dense(kept(5, accuracy, densities, 10), long)["matching density"] == 1.0


def test_the_mild_lead_is_that_after_the_first_round_with_fewer_weights():
    """A dense round of 10 steps, then rounds of 8."""
    settings = {"pruning.first": 10.0, "pruning.length": 8.0}
    one, two = (kept(2, values, **settings) for values in (np.linspace(0, 1.3, 14), np.zeros(14)))
    found = ahead(one, two)
    assert {name: round(value, 12) for name, value in found.items()} == {"lead": 1.3, "mild lead": 0.9}


def test_a_dip_lies_before_the_best_round_and_a_fall_behind_it():
    """Rounds of 10 steps end at 0.6, 0.5, 0.8, 0.4; the dense network had 0.85 on its way."""
    accuracy = [0.1, 0.85, 0.6, 0.2, 0.5, 0.2, 0.8, 0.2, 0.4]
    one = kept(5, accuracy, [1.0, 1.0, 0.5, 0.25, 0.125], 10)
    found = by_rounds(one, one)
    assert found.pop("accuracy after a round") == [0.6, 0.5, 0.8, 0.4]
    expected = {"dip before the best": 0.1, "best over dense": 0.2, "fall behind the best": 0.4}
    assert {name: round(value, 12) for name, value in found.items()} == expected | {"best over stopping early": -0.05}


def test_where_the_dense_network_is_best_nothing_is_gained_and_no_dip_is_seen():
    one = kept(5, [0.1, 0.7, 0.9, 0.2, 0.5, 0.2, 0.8], [1.0, 1.0, 0.5, 0.25], 10)
    found = by_rounds(one, one)
    assert (found["dip before the best"], found["best over dense"], found["best over stopping early"]) == (0, 0, 0)


def test_scratch_is_read_after_as_many_steps_and_at_its_own_end():
    """A ticket of 8 steps, whose last quarter has two readings, and scratch of 24."""
    ticket = kept(1, [0, 0, 0, 0, 0, 0, 0.1, 0.8, 0.9])
    scratch = kept(1, [0, 0, 0, 0, 0, 0, 0.9, 0.5, 0.7] + [0.1] * 13 + [1.0, 0.8, 1.0])
    found = over_scratch(ticket, scratch)
    assert {name: round(value, 12) for name, value in found.items()} == {
        "lead": 0.25,
        "lead over the whole budget": -0.05,
    }
    assert round(late_accuracy(ticket.record), 12) == 0.85


def test_early_masks_are_held_against_the_last_one_of_the_trained_network():
    """Of four channels two stay: the same two, one other, both others, in units of random masks, half apart."""
    recipe = Recipe(
        dataset("digits", train=20, test=10), CNN((4,), normalisation="layer"), CrossEntropy(), GradientDescent(0.1), 1
    )
    model = objective_of(recipe).model
    places = layout(model)

    def at(*gains):
        values = {name: value.detach().clone() for name, value in model.named_parameters()}
        (name,) = (name for name in values if values[name].shape == (4,) and bool((values[name] == 1).all()))
        values[name] = torch.tensor(gains)
        return places.ravel(values)

    record = Record("a", {"seed": 0.0}, {})
    trained = Kept({"early bird": at(3.0, 0.1, 2.0, 0.2), "final": at(0.1, -5.0, 4.0, 0.3)}, record, recipe)
    slow = Kept({"early bird": at(1.0, 0.1, 0.2, 0.9), "final": at(1.0, 1.0, 0.1, 0.2)}, record, recipe)
    assert to_the_last(trained, slow) == {"distance to the last mask": 1.0, "distance at a tiny rate": 2.0}
    assert to_the_last(trained, trained)["distance at a tiny rate"] == 1.0


def test_two_orders_have_the_barrier_of_their_line_and_the_mean_of_their_late_accuracies():
    recipe = Recipe(
        dataset("digits", train=20, test=10, flat=True), MLP((3,)), CrossEntropy(), GradientDescent(0.1), 1,
        dtype="float64",
    )  # fmt: skip
    objective = objective_of(recipe)
    start = point(objective.model)
    ends = [start + 3 * torch.randn(len(start), generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    series = {
        "test accuracy": Series(np.arange(5), np.array([0, 0, 0, 0.9, 0.7])),
        "density": Series(np.array([0, 4]), np.array([0.5, 0.25])),
    }
    other = series | {"test accuracy": Series(np.arange(5), np.array([0, 0, 0, 0.1, 0.3]))}
    pair = [
        Kept({"final": end}, Record("a", {"seed": 0.0}, each), recipe)
        for end, each in zip(ends, (series, other), strict=True)
    ]
    found = between(*pair)
    shares = np.linspace(0, 1, 401)
    losses = np.array([float(objective.loss((1 - t) * ends[0] + t * ends[1])) for t in shares])
    expected = losses.max() - (losses[0] + losses[-1]) / 2
    assert abs(found["barrier"] - expected) <= found["barrier.residual"] + 1e-3 * expected
    assert (round(found["accuracy"], 12), found["density"]) == (0.5, 0.25)
