"""Shares of a variance: by construction, by the moments of chance, and of trainings followed by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.methods import Attribution, Computation, variance_shares
from phenoscope.methods.attribution import FACTORS
from phenoscope.models import MLP
from phenoscope.training import train

SMALL = Attribution(
    dataset("digits", train=30, test=40, flat=True), MLP((8,), activation="relu"), levels=2, level=2.0, steps=60
)
SHAPE = (3, 2, 2, 3, 4)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(FACTORS[:-1]), st.integers(0, 2**20), st.floats(0.1, 10), st.floats(-5, 5))
def test_what_one_factor_does_is_its_share_and_scales_do_not_count(name, seed, scale, shift):
    axis = FACTORS.index(name)
    effect = np.random.default_rng(seed).normal(size=SHAPE[axis])
    values = np.zeros(SHAPE) + np.expand_dims(effect, [k for k in range(5) if k != axis])
    shares = variance_shares(scale * values + shift)
    assert shares == pytest.approx({**dict.fromkeys((*FACTORS, "rest"), 0.0), name: 1.0}, abs=1e-9)


def test_an_initialisation_counts_within_its_data():
    rng = np.random.default_rng(0)
    values = np.zeros(SHAPE) + rng.normal(size=(3, 4))  # the same for all rules: a start of its own at each draw
    shares = variance_shares(values)
    within = np.square(values[0, 0, 0] - values[0, 0, 0].mean(axis=1, keepdims=True)).sum()
    between = 4 * np.square(values[0, 0, 0].mean(axis=1) - values.mean()).sum()
    assert shares["initialisation"] == pytest.approx(within / (within + between))
    assert shares["data"] == pytest.approx(between / (within + between))
    assert shares["rest"] == pytest.approx(0, abs=1e-9)


def test_of_noise_every_share_is_zero_on_average_and_without_the_correction_it_would_not_be():
    rng = np.random.default_rng(1)
    found = [variance_shares(rng.normal(size=SHAPE)) for _ in range(600)]
    for name in FACTORS:
        values = np.array([each[name] for each in found])
        assert abs(values.mean()) < 4 * values.std() / 600**0.5
    # uncorrected, the initialisation alone would take 9 of 143 degrees of freedom
    assert np.std([each["initialisation"] for each in found]) < 9 / 143


def test_shares_add_up_and_interactions_are_the_rest():
    rows, columns = np.array([1.0, -1.0]), np.array([1.0, 0.0, -1.0])
    values = np.zeros(SHAPE) + columns[:, None, None, None, None] * rows[None, :, None, None, None]
    shares = variance_shares(values)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["rest"] > 1.0  # no main effect: their estimates are below zero
    assert max(shares[name] for name in FACTORS) <= 0


def test_a_training_is_judged_where_its_loss_first_is_at_the_level():
    cohort = SMALL._cohort(2, 10)[:3]
    errors, reached = SMALL._trained(cohort)
    late, _ = dataclasses.replace(SMALL, matched=False)._trained(cohort)
    for number, recipe in enumerate(cohort):
        path = list(train([recipe]))
        there = next(state for state in path if state.around.loss.item() <= 2.0)
        assert there.step < 60
        assert reached[number]
        assert errors[number] == pytest.approx(1 - there.accuracy("test").item(), abs=0.026)  # one example of 40
        assert late[number] == pytest.approx(1 - path[-1].accuracy("test").item(), abs=0.026)


def test_the_design_is_crossed_and_starts_are_shared_by_all_rules():
    descent, adam = (SMALL._cohort(rule, 10) for rule in (0, 2))
    assert [(r.seed, r.initialisation) for r in descent] == [(r.seed, r.initialisation) for r in adam]
    assert len({(r.seed, r.initialisation, r.rule.lr) for r in descent}) == 8
    assert sorted({r.rule.lr for r in descent}) == pytest.approx([0.1, 0.3])
    assert [type(SMALL._cohort(rule, 10)[0].rule).__name__ for rule in range(3)] == [
        "GradientDescent",
        "HeavyBall",
        "Adam",
    ]
    assert descent[0].seed != dataclasses.replace(SMALL, seed=1)._cohort(0, 10)[0].seed


def test_the_frozen_twin_trains_the_same_design_linearised():
    frozen, plain = (made._cohort(2, 10) for made in (SMALL.frozen(), SMALL))
    assert frozen == [dataclasses.replace(recipe, dynamics="linearised") for recipe in plain]
    assert SMALL.frozen().frozen() == SMALL.frozen()


def test_what_is_found_has_its_units_and_repeats():
    made = dataclasses.replace(SMALL, steps=12)
    assert isinstance(made, Computation)
    one, two = (list(made.readings()) for _ in range(2))
    assert one[-1] == two[-1]
    assert [found.step for found in one] == sorted(found.step for found in one)
    assert (one[-1].step, set(one[-1].values)) == (12, set(made.units))
    values = one[-1].values
    assert values["share of training"] == pytest.approx(sum(values[f"share of {name}"] for name in FACTORS[:3]))
    assert 0 <= values["reached"] <= 1


def test_what_cannot_be_shared_out_is_refused():
    for values in (np.zeros((2, 2, 2, 2)), np.zeros((1, 2, 2, 2, 2)), np.full((2,) * 5, np.nan)):
        with pytest.raises(BadInput, match="shares need a finite number"):
            variance_shares(values)
    with pytest.raises(BadInput, match="all trainings came to one number"):
        variance_shares(np.ones((2,) * 5))
    for bad in ({"levels": 1}, {"level": 0.0}, {"rates": (0.1, 0.1, 0.0)}):
        with pytest.raises(BadInput, match="an attribution needs 2 levels"):
            dataclasses.replace(SMALL, **bad)
