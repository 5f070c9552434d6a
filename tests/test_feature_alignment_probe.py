"""The feature ansatz along training, of networks and of their linearisation."""

import dataclasses
import math

import pytest
import torch
from torch.func import functional_call, jvp

from phenoscope.core.points import layout, point
from phenoscope.core.seeds import stream
from phenoscope.probes import FeatureAlignment, due, read
from phenoscope.training import Linearised, train
from small import recipe


def series(recipes, probe):
    """Values by name and step, (rows,) each."""
    found, memories = {}, [None]
    for state in train(recipes):
        if due((probe,), state.step):
            rows, memories = read((probe,), state, memories)
            for each in rows:
                found.setdefault(each.name, {})[each.step] = each.values
    return found


def cosine(a, b) -> float:
    return float((a * b).sum() / a.norm() / b.norm())


def test_of_a_network_it_is_the_instrument_and_its_start_is_remembered():
    made = [recipe(0.5, seed=seed, steps=4) for seed in (3, 4)]
    found = series(made, FeatureAlignment(every=2, examples=10))
    assert set(found) == set(FeatureAlignment().units)
    assert list(found["feature alignment"]) == [0, 2, 4]
    assert list(found["centred feature alignment"]) == [2, 4]  # nothing has moved before
    assert found["first layer's drift"][0].tolist() == [0, 0]
    states = list(train(made))
    for row, asked in enumerate(made):
        drawn = asked.data.draw(stream(asked.seed, "data"))
        inputs = drawn.train.inputs[:10].double()
        model = asked.model.build(asked.stream("initialisation"), inputs=(3,), outputs=2, dtype=torch.float64)
        before = layout(model).unravel(point(model).clone())["body.1.weight"]
        values = layout(model).unravel(states[-1].points[row])
        now = values["body.1.weight"]
        outer = torch.zeros(3, 3, dtype=torch.float64)
        for x in inputs:
            jac = torch.autograd.functional.jacobian(
                lambda a, values=values, model=model: functional_call(model, values, (a[None],))[0], x
            )
            outer += jac.mT @ jac
        assert found["feature alignment"][4][row].item() == pytest.approx(cosine(now.mT @ now, outer), rel=1e-8)
        assert found["first layer's drift"][4][row].item() == pytest.approx(
            float((now - before).norm() / before.norm())
        )


def test_of_a_linearised_network_the_gradient_is_that_of_the_linear_model():
    made = recipe(0.5, seed=3, steps=4, dynamics="linearised")
    found = series([made], FeatureAlignment(every=4, examples=10))
    assert set(found) == {"feature alignment", "first layer's drift"}
    last = list(train([made]))[-1].points[0]
    drawn = made.data.draw(stream(3, "data"))
    model = made.model.build(made.stream("initialisation"), inputs=(3,), outputs=2, dtype=torch.float64)
    start = point(model).clone()

    def outputs(x):
        def at(flat):
            return functional_call(model, layout(model).unravel(flat), (x[None],))[0]

        return sum(jvp(at, (start,), (last - start,)))

    outer = torch.zeros(3, 3, dtype=torch.float64)
    for x in drawn.train.inputs[:10].double():
        jac = torch.autograd.functional.jacobian(outputs, x)
        outer += jac.mT @ jac
    weights = layout(model).unravel(last)["body.1.weight"]
    assert found["feature alignment"][4].item() == pytest.approx(cosine(weights.mT @ weights, outer), rel=1e-8)
    # the network at the same point has another gradient
    network = series([dataclasses.replace(made, dynamics="network")], FeatureAlignment(every=4, examples=10))
    assert network["feature alignment"][4].item() != pytest.approx(found["feature alignment"][4].item(), rel=1e-4)


def test_a_diverged_row_and_a_quadratic_model_are_not_read():
    found = series([recipe(0.1, steps=30), recipe(1e4, steps=30)], FeatureAlignment(every=30))
    assert math.isfinite(found["feature alignment"][30][0])
    assert math.isnan(found["feature alignment"][30][1])
    assert series([recipe(0.1, steps=4, dynamics="quadratic")], FeatureAlignment(every=2)) == {}


def test_a_linearised_model_tells_its_parameters_by_name():
    model = torch.nn.Linear(2, 1)
    made = Linearised(model)
    assert {name: tuple(value.shape) for name, value in made.values(made.point).items()} == {
        "weight": (1, 2),
        "bias": (1,),
    }
