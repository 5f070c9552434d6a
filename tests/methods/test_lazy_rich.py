"""The dial between lazy and rich training: against networks written out by hand, and the exponents of theory."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import identity
from phenoscope.data import dataset
from phenoscope.methods import Computation, LazyRich
from phenoscope.theory import infinite, infinite_kernel

SMALL = LazyRich(seed=3, steps=25, alpha=0.7, width=9, activation="erf", dimensions=5, examples=8, tested=6, fit=1e-9)


def ends(made):
    return list(made.readings())[-1].values


def drawn_by_hand(spec):
    """Inputs, targets, and the weights of each copy."""
    generator = stream(spec.seed, "data")
    x = torch.randn(spec.examples + spec.tested, spec.dimensions, generator=generator, dtype=torch.float64)
    x = math.sqrt(spec.dimensions) * x / x.norm(dim=1, keepdim=True)
    y = x[:, 0].abs() - x[:, 1].abs()
    generator = stream(spec.seed, "initialisation")
    w = torch.randn(spec.width, spec.dimensions, generator=generator, dtype=torch.float64)
    a = torch.randn(1, spec.width, generator=generator, dtype=torch.float64)[0]
    return x, y / y[: spec.examples].square().mean().sqrt(), torch.cat([w.flatten(), a])


def parts(spec, x, theta):
    """Outputs and Jacobian of erf networks, every derivative written out."""
    m, d = spec.width, spec.dimensions
    signs = [2**-0.5, -(2**-0.5)] if spec.start == "symmetric" else [1.0]
    outputs, columns = torch.zeros(len(x), dtype=torch.float64), []
    for part, sign in zip(theta.split(m * (d + 1)), signs, strict=True):
        w, a = part[: m * d].reshape(m, d), part[m * d :]
        before = x @ w.T / math.sqrt(d)
        slopes = 2 / math.sqrt(math.pi) * torch.exp(-before.square())
        outputs = outputs + sign * torch.erf(before) @ a / math.sqrt(m)
        by_w = sign * (a * slopes)[:, :, None] * x[:, None] / math.sqrt(m * d)
        columns += [by_w.flatten(1), sign * torch.erf(before) / math.sqrt(m)]
    return outputs, torch.cat(columns, dim=1)


def by_hand(spec):
    """The same descent beside the linear one."""
    x, y, copy = drawn_by_hand(spec)
    n = spec.examples
    start = theta = torch.cat([copy, copy] if spec.start == "symmetric" else [copy])
    zero, slopes = parts(spec, x, theta)
    kernel = slopes @ slopes.T
    rate = 0.5 * n / float(torch.linalg.eigvalsh(kernel[:n, :n])[-1])
    outputs, linear, gap = torch.zeros_like(y), torch.zeros_like(y), 0.0
    for _ in range(spec.steps):
        theta = theta - rate / (n * spec.alpha) * (outputs[:n] - y[:n]) @ slopes[:n]
        linear = linear - rate / n * kernel[:, :n] @ (linear[:n] - y[:n])
        before, (now, slopes) = outputs, parts(spec, x, theta)
        outputs = spec.alpha * (now - zero)
        assert (outputs[:n] - y[:n]).norm() <= (before[:n] - y[:n]).norm()  # so that no step is halved here
        gap = max(gap, float((outputs[:n] - linear[:n]).norm() / y[:n].norm()))
    after, first, size = (slopes @ slopes.T)[:n, :n], kernel[:n, :n], y[n:].square().mean()
    return {
        "displacement": (theta - start).norm() / start.norm(),
        "kernel change": (after - first).norm() / first.norm(),
        "gap": gap,
        "test error": (outputs[n:] - y[n:]).square().mean() / size,
        "linear test error": (linear[n:] - y[n:]).square().mean() / size,
        "train error": (outputs[:n] - y[:n]).square().mean(),
    }


@pytest.mark.parametrize("start", ["symmetric", "subtracted"])
@pytest.mark.parametrize("alpha", [0.7, 5.0])
def test_training_by_hand(start, alpha):
    spec = dataclasses.replace(SMALL, start=start, alpha=alpha)
    found = ends(spec)
    for name, value in by_hand(spec).items():
        assert found[name] == pytest.approx(float(value), rel=1e-6), name


@pytest.mark.parametrize("start", ["symmetric", "subtracted"])
@pytest.mark.parametrize("alpha", [0.7, 5.0])
def test_frozen_features_are_those_of_a_taylor_expansion(start, alpha):
    """The expansion as a network of its own, stepped in its parameters."""
    plain = dataclasses.replace(SMALL, start=start, alpha=alpha)
    x, y, copy = drawn_by_hand(plain)
    n = plain.examples
    origin = torch.cat([copy, copy] if start == "symmetric" else [copy])
    _, slopes = parts(plain, x, origin)
    rate = 0.5 * n / float(torch.linalg.eigvalsh((slopes @ slopes.T)[:n, :n])[-1])
    moved = torch.zeros_like(origin)
    for _ in range(plain.steps):
        moved = moved - rate / (n * alpha) * (alpha * slopes[:n] @ moved - y[:n]) @ slopes[:n]
    outputs, found = alpha * slopes @ moved, ends(plain.frozen())
    assert found["displacement"] == pytest.approx(float(moved.norm() / origin.norm()), rel=1e-9)
    for name in ("test error", "linear test error"):
        expected = (outputs[n:] - y[n:]).square().mean() / y[n:].square().mean()
        assert found[name] == pytest.approx(float(expected), rel=1e-9), name
    assert found["train error"] == pytest.approx(float((outputs[:n] - y[:n]).square().mean()), rel=1e-9)
    assert found["kernel change"] == found["gap"] == 0
    assert found["test error"] != pytest.approx(ends(plain)["test error"], rel=1e-3)  # of the network itself
    assert plain.frozen() == plain.frozen().frozen()


@pytest.mark.parametrize(("start", "exponent"), [("symmetric", -2.0), ("subtracted", -1.0)])
def test_the_exponents_on_the_lazy_side(start, exponent):
    scales = (10.0, 20.0, 40.0)
    found = [ends(dataclasses.replace(SMALL, steps=200, width=40, start=start, alpha=alpha)) for alpha in scales]

    def slope(name):
        return np.polyfit(np.log(scales), np.log([each[name] for each in found]), 1)[0]

    assert slope("displacement") == pytest.approx(-1.0, abs=0.05)
    assert slope("gap") == pytest.approx(exponent, abs=0.15)
    assert slope("kernel change") == pytest.approx(exponent, abs=0.15)


def test_it_stops_where_it_fits_and_halves_a_rate_that_would_raise_the_loss():
    rich = dataclasses.replace(SMALL, activation="relu", alpha=0.02, width=64, steps=3000, fit=0.01)
    along = list(rich.readings())
    losses = [found.values["loss"] for found in along]
    assert losses == sorted(losses, reverse=True)
    assert 0 < losses[-1] <= 0.01
    assert len(along) < 52
    assert along[-1].values["train error"] == pytest.approx(losses[-1])  # the targets have mean square 1
    assert along[-1].values["kernel change"] > 1
    assert next(iter(rich.readings())).values == {"loss": 1.0}


def test_isotropic_targets_have_the_covariance_of_the_limiting_kernel():
    """Over many draws, whitened by the kernel of their own inputs, they are standard normal up to one factor a draw."""
    squares = []
    for seed in range(60):
        task = LazyRich(seed=seed, target="isotropic", dimensions=3, examples=6, tested=1)
        drawn = task_of(task)
        kernel = infinite_kernel(
            [infinite.dense(math.sqrt(2)), infinite.relu(), infinite.dense(math.sqrt(2))], drawn[0]
        )
        white = torch.linalg.solve(torch.linalg.cholesky(kernel), drawn[1])
        squares.append(white.square() / white.square().mean())
    assert torch.stack(squares).mean(0).numpy() == pytest.approx(np.ones(7), abs=0.6)


def task_of(spec):
    task = spec.task
    return torch.cat([task.inputs, task.others]), torch.cat([task.targets, task.truth])


def test_digits_and_directions():
    x, y = task_of(dataclasses.replace(SMALL, target="digits"))
    drawn = dataset("digits", train=14, flat=True).draw(stream(3, "data", 0)).train
    assert torch.equal(x, drawn.inputs.double())
    assert torch.equal(y, 1.0 - 2.0 * (drawn.targets % 2).double())
    x, y = task_of(SMALL)
    assert torch.allclose(x.square().sum(1), torch.full((14,), 5.0, dtype=torch.float64))
    turned = x[:, 0].abs() - x[:, 1].abs()
    assert torch.allclose(y / y[0], turned / turned[0])


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert {name for each in found for name in each.values} == set(SMALL.units)
    assert isinstance(SMALL, Computation)
    assert ends(SMALL) != ends(dataclasses.replace(SMALL, seed=4))


def test_kernels_at_both_ends_are_regressed_by_hand():
    """With Jacobians written out."""
    spec = dataclasses.replace(SMALL, regress=True, width=12, steps=40, alpha=0.3, activation="erf")
    x, y, copy = drawn_by_hand(spec)
    n, theta, found = spec.examples, torch.cat([copy, copy]), ends(spec)

    def error(theta):
        jacobian = parts(spec, x, theta)[1]
        largest, errors = float(torch.linalg.matrix_norm(jacobian[:n], 2)) ** 2, []
        for power in np.linspace(-9, 0, 28):
            # least squares for the coefficients themselves, with rows for the ridge
            ridge = math.sqrt(largest * 10**power) * torch.eye(jacobian.shape[1], dtype=torch.float64)
            rows = torch.cat([jacobian[:n], ridge])
            wanted = torch.cat([y[:n], torch.zeros(len(ridge), dtype=torch.float64)])[:, None]
            coefficients = torch.linalg.lstsq(rows, wanted, driver="gelsd").solution
            errors.append(float((jacobian[n:] @ coefficients - y[n:, None]).square().mean() / y[n:].square().mean()))
        return min(errors)

    assert found["start kernel test error"] == pytest.approx(error(theta), rel=1e-4)
    assert found["end kernel test error"] != pytest.approx(error(theta), rel=1e-2)
    outputs, slopes = torch.zeros(n, dtype=torch.float64), parts(spec, x, theta)[1]
    rate = 0.5 * n / float(torch.linalg.eigvalsh(slopes[:n] @ slopes[:n].T)[-1])
    for _ in range(spec.steps):
        theta = theta - rate / (n * spec.alpha) * (outputs - y[:n]) @ slopes[:n]
        now, slopes = parts(spec, x, theta)
        outputs = spec.alpha * now[:n]
    assert found["end kernel test error"] == pytest.approx(error(theta), rel=1e-3)


def test_members_of_earlier_runs_are_found_again():
    """Fields that came later are left out of the id where they say nothing."""
    assert identity(LazyRich()) == "225ca37f7f6a4510"
    assert identity(LazyRich(regress=True)) != identity(LazyRich())


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="a positive alpha"):
        LazyRich(alpha=0.0)
    with pytest.raises(BadInput, match="target must be one of"):
        LazyRich(target="other")
    with pytest.raises(BadInput, match="start must be one of"):
        LazyRich(start="other")
    with pytest.raises(BadInput, match="activation must be one of"):
        LazyRich(activation="tanh")


def test_mean_field_scaling_is_a_smaller_alpha():
    """Outputs divided by √m once more, and multiplied by α√m, are those multiplied by α."""
    other = dataclasses.replace(SMALL, scaling="mean field", alpha=0.7 * SMALL.width**0.5)
    assert ends(other) == pytest.approx(ends(SMALL), rel=1e-9)
    assert ends(dataclasses.replace(SMALL, scaling="mean field")) != pytest.approx(ends(SMALL), rel=1e-2)


def test_several_networks_and_their_mean():
    """Against single networks, whose outputs are averaged here."""
    spec = dataclasses.replace(SMALL, networks=3, steps=4000, fit=0.05)
    task, found = spec.task, ends(spec)
    outputs, errors = [], []
    for number in range(3):
        start = spec._start(task, number)
        last = next(m for m in start.trained(start.moment(), 10**6) if m.loss <= 0.05 * start.moment().loss)
        outputs.append(start.tested(last))
        errors.append(float((outputs[-1] - task.truth).square().sum() / task.truth.square().sum()))
    mean = sum(outputs) / 3
    assert found["test error"] == pytest.approx(np.mean(errors))
    assert found["ensemble test error"] == pytest.approx(
        float((mean - task.truth).square().sum() / task.truth.square().sum())
    )
    assert found["ensemble test error"] < found["test error"]  # the square is convex
    assert errors[0] == pytest.approx(ends(dataclasses.replace(spec, networks=1))["test error"])
    assert len({round(error, 9) for error in errors}) == 3


def test_the_limit_is_descent_with_the_limiting_kernel():
    """By small steps on the functions' values, with the kernel from angles, until as little is left to fit."""
    spec = dataclasses.replace(SMALL, activation="relu", alpha=50.0, steps=3000, fit=0.02, networks=2)
    task, found = spec.task, ends(spec)
    x = torch.cat([task.inputs, task.others])
    cosine = (x @ x.T / spec.dimensions).clamp(-1, 1)
    angle = torch.arccos(cosine)
    kernel = 2 * (torch.sin(angle) + 2 * (math.pi - angle) * cosine) / math.pi
    n, outputs = spec.examples, torch.zeros(len(x), dtype=torch.float64)
    while (outputs[:n] - task.targets).square().mean() > 0.02 * task.targets.square().mean():
        outputs = outputs - 2e-4 * kernel[:, :n] @ (outputs[:n] - task.targets)

    def error(outputs):
        return float((outputs[n:] - task.truth).square().mean() / task.truth.square().mean())

    assert found["limit test error"] == pytest.approx(error(outputs), rel=1e-3)
    fitted = kernel[:, :n] @ torch.linalg.solve(kernel[:n, :n], task.targets)
    assert found["limit test error"] != pytest.approx(error(fitted), rel=1e-2)


def test_several_networks_are_dense():
    with pytest.raises(BadInput, match="several networks are dense ones"):
        LazyRich(networks=0)
    with pytest.raises(BadInput, match="several networks are dense ones"):
        LazyRich(networks=2, model="convolution", target="digits")
    with pytest.raises(BadInput, match="scaling must be one of"):
        LazyRich(scaling="other")
