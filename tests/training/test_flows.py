"""Flows: against integration of high order, and in a valley where the central flow is known in closed form."""

import dataclasses

import pytest
import torch
from scipy.integrate import solve_ivp
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.probes import CentralOscillation, Loss, Oscillation, read
from phenoscope.training import CentralFlow, GradientDescent, GradientFlow, Sight, cohorts, train
from phenoscope.training.rules import threshold
from small import losses, recipe

SLOPE, BOTTOM = 0.3, 1.0


class Valley:
    """L(x, y) = ½ (BOTTOM + y) x² - SLOPE y: downhill along y the valley narrows, its sharpness is BOTTOM + y."""

    def __init__(self, points):
        self.points = points

    def _loss(self, points):
        x, y = points.unbind(dim=1)
        return (BOTTOM + y) * x.square() / 2 - SLOPE * y

    @property
    def gradient(self):
        leaf = self.points.detach().requires_grad_()
        return torch.autograd.grad(self._loss(leaf).sum(), leaf)[0]

    def whole(self):
        return self.gradient

    def hessian(self):
        matrix = torch.func.vmap(torch.func.hessian(lambda point: self._loss(point[None])[0]))(self.points)

        class Operator:
            def multiply(self, block):
                return block @ matrix

        return Operator()

    def third(self, left, right):
        leaf = self.points.detach().requires_grad_()
        slope = torch.autograd.grad(self._loss(leaf).sum(), leaf, create_graph=True)[0]
        product = torch.autograd.grad((slope * left).sum(), leaf, create_graph=True)[0]
        return torch.autograd.grad((product * right).sum(), leaf)[0]

    def at(self, points):
        return Valley(points)

    def normal(self, step):
        raise AssertionError


def followed(rule, start, steps):
    points = torch.tensor(start, dtype=torch.float64)
    memory, found = rule.init(points), []
    for step in range(steps):
        gradient, memory = rule.see(Valley(points), memory, step)
        points, memory = rule.update(gradient, points, memory, step)
        found.append((points, memory))
    return found


def test_in_a_valley_the_central_flow_stops_at_the_edge_with_the_variance_of_theory():
    """dy/dt = SLOPE - σ²/2 and the sharpness grows as y does, so at the edge σ² = 2 SLOPE; before it σ² = 0."""
    lr, steps = 0.5, 40
    assert isinstance(Valley(torch.zeros(1, 2)), Sight)
    found = followed(CentralFlow(lr, k=1, substeps=4), [[0.0, 0.0], [0.0, 1.5]], steps)
    edge = 2 / lr - BOTTOM
    for step, (points, memory) in enumerate(found, 1):
        free = torch.tensor([step * lr * SLOPE, 1.5 + step * lr * SLOPE], dtype=torch.float64)
        assert_close(points[:, 1], free.clamp_max(edge), rtol=0, atol=1e-9)
        assert not points[:, 0].any()
        here = free >= edge + lr * SLOPE  # the whole step was at the edge
        expected = torch.where(here, 2 * SLOPE, memory["oscillation variance"][:, 0])
        assert_close(memory["oscillation variance"][:, 0], expected, rtol=1e-6, atol=0)
        assert not memory["oscillation variance"][free < edge].any()
        raised = memory["oscillation loss"][here]
        assert_close(raised, torch.full_like(raised, 2 * SLOPE / lr), rtol=1e-6, atol=0)  # ½ σ² 2/η
    assert bool((free > edge).all())


def test_descent_in_the_valley_swings_with_that_variance_on_average():
    """What the flow foretells of gradient descent, which knows nothing of it, over three turns around that size."""
    lr, size = 0.05, (2 * SLOPE) ** 0.5
    point, path = torch.tensor([[0.9 * size, 2 / lr - BOTTOM]], dtype=torch.float64), []
    for _ in range(round(3 * 2 * torch.pi / (lr * size))):
        point = point - lr * Valley(point).gradient
        path.append(point[0])
    path = torch.stack(path)
    assert (BOTTOM + path[:, 1]).mean().item() == pytest.approx(2 / lr, rel=0.01)
    assert path[:, 0].square().mean().item() == pytest.approx(2 * SLOPE, rel=0.05)


def test_below_the_edge_the_central_flow_is_gradient_flow():
    plain = recipe(0.2, steps=5)
    ends = [list(train([dataclasses.replace(plain, rule=rule)]))[-1].points for rule in flows(0.2, 4)]
    assert_close(ends[0], ends[1], rtol=0, atol=0)


def flows(lr, substeps):
    return CentralFlow(lr, k=2, substeps=substeps), GradientFlow(lr, substeps)


def test_gradient_flow_is_the_solution_of_its_equation():
    made = recipe(0.5, steps=4, rule=GradientFlow(0.5, substeps=400))
    states = list(train([made]))

    def field(_, values):
        point = torch.tensor(values).requires_grad_()
        return -torch.autograd.grad(losses(made, point), point)[0].numpy()

    exact = solve_ivp(field, (0.0, 2.0), states[0].points[0].numpy(), rtol=1e-10, atol=1e-12).y[:, -1]
    moved = (states[-1].points[0] - states[0].points[0]).norm().item()
    assert (states[-1].points[0] - torch.tensor(exact)).norm().item() < 1e-3 * moved
    coarse = list(train([dataclasses.replace(made, rule=GradientDescent(0.5))]))[-1].points[0]
    assert (coarse - torch.tensor(exact)).norm().item() > 1e-2 * moved  # the nearest wrong cousin


def test_the_edge_is_that_of_gradient_descent_and_what_makes_no_sense_is_refused():
    assert threshold(CentralFlow(0.4), 0, 1.0) == threshold(GradientFlow(0.4), 0, 1.0) == 5.0
    for make in (lambda: CentralFlow(0.1, substeps=1), lambda: CentralFlow(0.1, k=0), lambda: GradientFlow(-0.1)):
        with pytest.raises(BadInput, match="flow needs"):
            make()
    with pytest.raises(BadInput, match="needs more than 3 parameters"):
        CentralFlow(0.1, k=3).init(torch.zeros(1, 3))


def test_the_swing_is_read_from_three_points_and_what_is_foretold_from_the_rule():
    probes = (Oscillation(), CentralOscillation(), Loss())

    def readings(rule):
        memories, found, points = [None] * 3, {}, []
        for state in train([recipe(steps=6, rule=rule)]):
            points.append(state.points)
            rows, memories = read(probes, state, memories)
            for row in rows:
                found.setdefault(row.name, {})[row.step] = row.values
        return found, points

    found, points = readings(GradientDescent(0.5))
    assert set(found) == {"oscillation variance", "loss"}
    assert sorted(found["oscillation variance"]) == [1, 2, 3, 4, 5]
    swing = (points[3] - (points[2] + points[4]) / 2) / 2
    assert_close(found["oscillation variance"][3], swing.square().sum(dim=1))
    along, _ = readings(CentralFlow(0.5, k=1))
    assert_close(along["foretold loss"][4], along["loss"][4])  # below the edge nothing is added
    assert not along["foretold oscillation variance"][4].any()


def test_a_pure_swing_is_read_whole():
    from types import SimpleNamespace

    probe, memory = Oscillation(), None
    swing, drift = torch.tensor([[0.3, -0.4]], dtype=torch.float64), torch.full((1, 2), 0.01, dtype=torch.float64)
    for step in range(6):
        moment = SimpleNamespace(points=step * drift + (-1) ** step * swing, step=step)
        rows, memory = probe.update(moment, memory)  # type: ignore[arg-type]
        if rows:
            assert rows[0].values.item() == pytest.approx(0.25, rel=1e-12)


def test_rows_of_different_rates_do_not_advance_together():
    """The rate of a flow is one number for all rows of a cohort: a sweep must not mix them."""
    for kind in (CentralFlow, GradientFlow):
        mixed = [recipe(steps=2, rule=kind(lr)) for lr in (0.1, 0.2)]
        assert len(cohorts(mixed, [10, 10])) == 2
    alike = [dataclasses.replace(recipe(steps=3, rule=CentralFlow(0.3, k=2)), seed=seed) for seed in (0, 1)]
    assert len(cohorts(alike, [10, 10])) == 1
    together = list(train(alike))[-1].points
    for row, made in zip(together, alike, strict=True):
        assert_close(list(train([made]))[-1].points[0], row, rtol=1e-9, atol=1e-12)
