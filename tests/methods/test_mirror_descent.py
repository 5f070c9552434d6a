"""Mirror descent: gradient descent by another route, its end, and starts and steps that must not matter."""

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, MirrorDescent

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=8, scaling="centre", flat=True)


def end(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("mirror", ["euclidean", "power", "hyperbolic"])
def test_it_ends_where_its_own_potential_says_and_not_where_another_does(mirror):
    found = end(MirrorDescent(DATA, mirror, steps=12))
    assert found["relative loss"] < 1e-15
    assert found[f"distance to {mirror}"] < 1e-5
    others = [value for name, value in found.items() if name.startswith("distance") and not name.endswith(mirror)]
    assert min(others) > 0.1
    assert end(MirrorDescent(DATA, mirror, growth=1.5, steps=12))[f"distance to {mirror}"] < 1e-5


def test_the_euclidean_one_ends_at_the_solution_next_to_the_start():
    made = MirrorDescent(DATA, steps=11, seed=2)
    x, y, begun = made.problem()
    *_, (_, point) = enumerate(made._descent(x, y, begun))
    np.testing.assert_allclose(point, begun + np.linalg.pinv(x) @ (y - x @ begun), atol=1e-6)


def test_the_loss_falls_at_every_update():
    made = MirrorDescent(DATA, "hyperbolic", steps=8)
    x, y, begun = made.problem()
    losses = [np.square(x @ point - y).sum() for point in made._descent(x, y, begun)]
    assert (np.diff(losses) < 0).all()


def test_readings():
    made = MirrorDescent(DATA, "power", steps=7, seed=1)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert found == list(made.readings())
    assert [found[0].step, found[-1].step] == [0, 7]
    assert all(set(each.values) == set(made.units) for each in found)


def test_what_cannot_be_done_is_refused():
    for options, message in (({"mirror": "plane"}, "mirror"), ({"growth": 1.0}, "growth"), ({"start": -1.0}, "start")):
        with pytest.raises(BadInput, match=message):
            MirrorDescent(DATA, **options)
    many = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=80, flat=True)
    with pytest.raises(BadInput, match="more inputs than examples"):
        next(MirrorDescent(many).readings())
