"""Training against loops written out by hand; cohorts against their members; divergence, forks, memory."""

import dataclasses
import gc
import itertools
import weakref

import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point, write
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, GaussianClusters
from phenoscope.models import CNN, MLP, DeepLinear
from phenoscope.objective import CrossEntropy, Network, SquaredError
from phenoscope.training import (
    Adam,
    AdamW,
    AmplifiedNoise,
    Clipped,
    Cosine,
    GradientDescent,
    HeavyBall,
    Jittered,
    Nesterov,
    PerSharpness,
    Point,
    PowerMirror,
    Projected,
    Recipe,
    RMSProp,
    Sam,
    Start,
    Steepest,
    UnnormalisedSam,
    WeightDecay,
    objective_of,
    shape_of,
    train,
)

DATA = Dataset(GaussianClusters(3, 8, 1.5, 40), train=25, test=10)
BASE = Recipe(DATA, MLP((4,)), SquaredError(), GradientDescent(0.1), 20, dtype="float64")


def recipe(**changes):
    return dataclasses.replace(BASE, **changes)


def path(*recipes, **options):
    """The points of every step, (steps + 1, n, p)."""
    return torch.stack([state.points for state in train(recipes, **options)])


def built(asked):
    """Model, inputs and targets as the recipe's own streams make them."""
    draw = asked.data.draw(stream(asked.seed, "data"))
    dtype = getattr(torch, asked.dtype)
    model = asked.model.build(asked.stream("initialisation"), inputs=(8,), outputs=3, dtype=dtype)
    return model, draw.train.inputs.to(dtype), draw.train.targets


def by_hand(asked, make):
    """The same training with torch's own autograd, optimizer and indexing."""
    model, inputs, targets = built(asked)
    optimizer, found, step = make(model.parameters()), [point(model)], 0
    for epoch in range(asked.steps):
        order = torch.randperm(len(inputs), generator=stream(asked.seed, "order", epoch))
        for part in [slice(None)] if asked.batch is None else order.split(asked.batch):
            if step == asked.steps:
                return torch.stack(found)
            optimizer.zero_grad()
            outputs = model(inputs[part])
            if isinstance(asked.loss, CrossEntropy):
                loss = torch.nn.functional.cross_entropy(outputs, targets[part])
            else:
                loss = (outputs - torch.eye(3)[targets[part]]).pow(2).sum(1).mean() / 2
            loss.backward()
            optimizer.step()
            found.append(point(model))
            step += 1
    return torch.stack(found)


@pytest.mark.parametrize("batch", [None, 8])
@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()])
def test_one_network_trains_as_by_hand(batch, loss):
    asked = recipe(batch=batch, loss=loss, seed=4)
    expected = by_hand(asked, lambda p: torch.optim.SGD(p, 0.1))
    assert_close(path(asked)[:, 0], expected, rtol=1e-11, atol=1e-13)


def test_adam_trains_as_by_hand():
    asked = recipe(rule=Adam(0.01), batch=8)
    assert_close(path(asked)[:, 0], by_hand(asked, lambda p: torch.optim.Adam(p, 0.01)), rtol=1e-10, atol=1e-12)


COHORTS = {
    "rates": [recipe(rule=GradientDescent(rate)) for rate in (0.05, 0.2, Cosine(0.3, 50))],
    "rates, batches": [recipe(rule=GradientDescent(rate), batch=8) for rate in (0.05, 0.2)],
    "seeds": [recipe(seed=seed) for seed in (0, 1, 7)],
    "seeds, batches": [recipe(seed=seed, batch=8, rule=HeavyBall(0.1 / (1 + seed))) for seed in (0, 1, 7)],
    "momenta": [recipe(rule=HeavyBall(0.02, m), seed=i % 2) for i, m in enumerate((0.0, 0.5, 0.9))],
    "decays": [recipe(rule=WeightDecay(Nesterov(0.02), d), batch=8, seed=3) for d in (0.0, 0.01)],
    "adam": [recipe(rule=AdamW(0.01, 0.1 * i), seed=i, batch=6) for i in range(3)],
    "clipped": [recipe(rule=Clipped(RMSProp(0.001), norm), seed=1) for norm in (0.1, 1.0)],
    "convolutional": [recipe(model=CNN((2,), normalisation="layer", activation="tanh"), seed=s) for s in range(2)],
    "orthogonal": [recipe(rule=Steepest(0.02 / (1 + s), "spectral", 0.5), seed=s) for s in range(2)],
    "mirrors": [recipe(rule=PowerMirror(0.02, power), batch=8, seed=3) for power in (1.5, 3.0)],
    "linear": [recipe(model=DeepLinear((4, 3)), loss=CrossEntropy(), seed=s, batch=25) for s in range(2)],
    "quadratic": [recipe(dynamics="quadratic", rule=HeavyBall(0.05), seed=s) for s in range(2)],
    "per sharpness": [recipe(rule=HeavyBall(PerSharpness(0.2 + s)), seed=s) for s in range(2)],
}


@pytest.mark.parametrize("case", COHORTS)
def test_a_cohort_is_its_members(case):
    cohort = [dataclasses.replace(one, steps=50) for one in COHORTS[case]]
    together = path(*cohort)
    for row, one in enumerate(cohort):
        assert_close(together[:, row], path(one)[:, 0], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", COHORTS)
def test_one_step_agrees_to_rounding_in_single_precision(case):
    cohort = [dataclasses.replace(one, steps=1, dtype="float32") for one in COHORTS[case]]
    together = path(*cohort)
    for row, one in enumerate(cohort):
        assert_close(together[:, row], path(one)[:, 0], rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("case", ["rates", "seeds", "seeds, batches", "rates, batches"])
def test_loss_gradient_hessian_and_accuracy_of_a_cohort(case):
    for together, *alone in zip(train(COHORTS[case]), *(train([one]) for one in COHORTS[case]), strict=True):
        if together.step in (0, 7, 20):
            for row, one in enumerate(alone):
                assert_close(together.around.loss[row], one.around.loss[0], rtol=1e-10, atol=0)
                assert_close(together.around.gradient[row], one.around.gradient[0], rtol=1e-9, atol=1e-12)
                for part in ("train", "test"):
                    shares = (state.landscape.accuracy(state.points, part) for state in (together, one))
                    assert next(shares)[row] == next(shares)[0]
            product = together.around.hessian() @ together.points
            expected = torch.cat([one.around.hessian() @ one.points[0] for one in alone]).reshape(product.shape)
            assert_close(product, expected, rtol=1e-8, atol=1e-10)


def test_accuracy_counts_right_answers():
    asked = recipe(seed=2, loss=CrossEntropy(), rule=GradientDescent(1.0))
    state = list(train([asked]))[-1]
    model, inputs, targets = built(asked)
    outputs = functional_call(model, layout(model).unravel(state.points[0]), inputs)
    assert state.landscape.accuracy(state.points, "train").item() == (outputs.argmax(1) == targets).double().mean()
    assert state.landscape.accuracy(state.points, "train").item() > 0.6


def orders(asked, steps):
    """The inputs that each step's update saw."""
    seen = []
    original = Network.forward

    def watched(self, points, batch, rows, **options):
        seen.append(batch[0])
        return original(self, points, batch, rows, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "forward", watched)
        for state in train([dataclasses.replace(asked, steps=steps)]):
            if state.step == steps - 1:
                break
    return seen


def test_every_epoch_is_a_fresh_permutation():
    asked = recipe(batch=8, seed=5)
    batches = orders(asked, 9)
    assert [len(batch) for batch in batches] == [8, 8, 8, 1] * 2
    _, inputs, _ = built(asked)
    epochs = [torch.cat(batches[:4]), torch.cat(batches[4:])]
    for epoch in epochs:
        assert_close(epoch.sort(dim=0).values, inputs.sort(dim=0).values)
        assert not torch.equal(epoch, inputs)
    assert not torch.equal(*epochs)
    assert all(torch.equal(one, other) for one, other in zip(batches, orders(asked, 9), strict=True))
    assert not torch.equal(batches[0], orders(recipe(batch=8, seed=6), 2)[0])


def test_streams_do_not_touch_each_other():
    """Steps, batch, rule and loss change neither the start nor the data."""
    start = path(recipe(seed=3))[0]
    for other in (
        recipe(seed=3, steps=1),
        recipe(seed=3, batch=4),
        recipe(seed=3, rule=Adam(0.1), loss=CrossEntropy()),
    ):
        assert torch.equal(path(other)[0], start)
    assert not torch.equal(path(recipe(seed=4))[0], start)
    assert torch.equal(path(recipe(seed=3)), path(recipe(seed=3)))
    before = torch.get_rng_state()
    path(recipe(seed=3, batch=4, steps=5))
    assert torch.equal(before, torch.get_rng_state())


def jacobian(asked):
    """Outputs (n c,) at the start, their Jacobian (n c, p), the start, and the one-hot targets (n c,)."""
    model, inputs, targets = built(asked)
    start = point(model)

    def outputs(flat):
        return functional_call(model, layout(model).unravel(flat), inputs).flatten()

    onehot = torch.eye(3, dtype=torch.float64)[targets].flatten()
    return outputs(start).detach(), torch.autograd.functional.jacobian(outputs, start), start, onehot


def test_linearised_training_is_gradient_descent_on_the_taylor_expansion():
    asked = recipe(dynamics="linearised", rule=GradientDescent(0.05))
    at_start, jac, start, onehot = jacobian(asked)
    gauss_newton = jac.T @ jac / 25
    here = start
    identity = torch.eye(len(start), dtype=torch.float64)
    for state in train([asked]):
        assert_close(state.points[0], here, rtol=1e-10, atol=1e-12)
        residual = at_start + jac @ (here - start) - onehot
        assert_close(state.around.loss[0], residual.square().sum() / 50, rtol=1e-10, atol=0)
        if state.step % 10 == 0:
            assert_close(state.around.hessian() @ identity, gauss_newton, rtol=1e-9, atol=1e-11)
            assert_close(state.around.gauss_newton() @ identity, gauss_newton, rtol=1e-9, atol=1e-11)
        here = here - 0.05 * jac.T @ residual / 25
    assert (path(asked)[-1] - path(recipe(rule=GradientDescent(0.05)))[-1]).abs().max() > 1e-4


def test_quadratic_training_iterates_the_dense_quadratic():
    asked = recipe(dynamics="quadratic", rule=GradientDescent(0.3), loss=CrossEntropy())
    model, inputs, targets = built(asked)
    start = point(model)

    def loss(flat):
        return torch.nn.functional.cross_entropy(functional_call(model, layout(model).unravel(flat), inputs), targets)

    slope = torch.autograd.functional.jacobian(loss, start)
    hessian = torch.autograd.functional.hessian(loss, start)
    here = start
    for state in train([asked]):
        change = here - start
        assert_close(state.points[0], here, rtol=1e-10, atol=1e-12)
        value = loss(start) + slope @ change + change @ hessian @ change / 2
        assert_close(state.around.loss[0], value, rtol=1e-10, atol=1e-12)
        if state.step in (0, 20):
            assert_close(state.around.hessian() @ slope, hessian @ slope, rtol=1e-9, atol=1e-12)
        here = here - 0.3 * (slope + hessian @ change)
    with pytest.raises(BadInput, match="no outputs"):
        state.landscape.accuracy(state.points, "train")


def test_a_row_that_diverges_stays_where_it_was_and_leaves_the_others_alone():
    wild = [recipe(rule=GradientDescent(rate), steps=60) for rate in (0.1, 1e3, 0.2)]
    states = list(train(wild))
    assert states[-1].alive.tolist() == [True, False, True]
    assert torch.isfinite(states[-1].points).all()
    died = next(state.step for state in states if not state.alive[1])
    assert 1 <= died < 20
    assert torch.equal(states[died].points[1], states[-1].points[1])
    for row in (0, 2):
        assert_close(states[-1].points[row], path(wild[row])[-1, 0], rtol=1e-9, atol=1e-12)


def test_a_step_that_overflows_is_not_taken():
    large = MLP((4,), init_scale=1e3)
    start, *_, last = train([recipe(model=large, rule=GradientDescent(3e38), dtype="float32")])
    assert last.step == 1
    assert not last.alive
    assert torch.equal(last.points, start.points)


def test_training_ends_where_nobody_is_left():
    states = list(train([recipe(rule=GradientDescent(1e3), steps=500)]))
    assert len(states) < 30
    assert [bool(state.alive) for state in states] == [True] * (len(states) - 1) + [False]
    assert states[-1].step == len(states) - 1


@pytest.mark.parametrize("batch", [None, 8])
def test_divergence_in_the_last_step_is_seen(batch):
    """No update follows the last state, but its loss tells."""
    asked = recipe(rule=GradientDescent(1e3), steps=500, batch=batch)
    died = len(list(train([asked]))) - 1
    last = list(train([dataclasses.replace(asked, steps=died - 1)]))[-1]
    assert last.step == died - 1
    assert not last.alive


@pytest.mark.parametrize("batch", [None, 5])
def test_sam_takes_both_gradients_on_the_examples_of_the_step(batch):
    asked = recipe(rule=UnnormalisedSam(GradientDescent(0.1), 0.3), steps=4, batch=batch)
    states = list(train([asked]))
    draw = states[0].landscape.draws[0].train
    order = torch.randperm(len(draw), generator=stream(0, "order", 0)).split(batch or len(draw))
    for step, (before, after) in enumerate(itertools.pairwise(states)):
        chosen = torch.arange(len(draw)) if batch is None else order[step % len(order)]
        if batch is not None and step >= len(order):
            break

        def slope(point, here=before.landscape, chosen=chosen):
            return here.around(point, chosen[None]).gradient

        expected = before.points - 0.1 * slope(before.points + 0.3 * slope(before.points))
        assert_close(after.points, expected, rtol=1e-12, atol=1e-14)


def curvature(asked, point, kind):
    """The Hessian, or with squared error the Gauss-Newton matrix, by autograd alone; and the gradient."""
    model, inputs, targets = built(asked)

    def outputs(flat):
        return functional_call(model, layout(model).unravel(flat), inputs)

    def loss(flat):
        return (outputs(flat) - torch.eye(3, dtype=flat.dtype)[targets]).square().sum() / (2 * len(inputs))

    slope = torch.autograd.functional.jacobian(loss, point)
    if kind == "hessian":
        return torch.autograd.functional.hessian(loss, point), slope
    jacobian = torch.autograd.functional.jacobian(outputs, point).reshape(-1, len(point))
    return jacobian.T @ jacobian / len(inputs), slope


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton"])
def test_a_rate_per_sharpness_is_that_of_the_rows_own_start(kind):
    rows = [recipe(seed=seed, rule=GradientDescent(PerSharpness(times, kind))) for seed, times in ((1, 1.5), (2, 0.5))]
    for row, asked in enumerate(rows):
        start = point(built(asked)[0])
        matrix, slope = curvature(asked, start, kind)
        rate = asked.rule.lr.times / torch.linalg.eigvalsh(matrix)[-1]
        states = train(rows)
        first, second = next(states), next(states)
        assert first.rates[row].item() == pytest.approx(rate.item(), rel=1e-9)
        assert first.recipes[row].rule.lr == pytest.approx(rate.item(), rel=1e-9)
        assert_close(second.points[row], start - rate * slope, rtol=1e-9, atol=1e-12)
    fork = recipe(rule=GradientDescent(PerSharpness(1.5, kind)), start=Point(BASE, 20))
    there = path(BASE)[-1]
    expected = 1.5 / torch.linalg.eigvalsh(curvature(BASE, there[0], kind)[0])[-1].item()
    assert next(train([fork], start=Start(there))).rates.item() == pytest.approx(expected, rel=1e-9)


def test_projected_descent_sees_the_curvature_of_all_data_and_the_gradient_of_the_batch():
    asked = recipe(rule=Projected(GradientDescent(0.2), 2, "bulk"), steps=6, batch=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phenoscope.training.leading.TOLERANCE", 1e-9)
        states = list(train([asked]))
    order = torch.randperm(25, generator=stream(0, "order", 0)).split(8)
    for step, (before, after) in enumerate(itertools.pairwise(states[:4])):
        matrix, _ = curvature(asked, before.points[0], "hessian")
        top = torch.linalg.eigh(matrix).eigenvectors[:, -2:]
        slope = before.landscape.around(before.points, order[step][None]).gradient[0]
        expected = before.points[0] - 0.2 * (slope - top @ (top.T @ slope))
        assert_close(after.points[0], expected, rtol=1e-7, atol=1e-9)


def test_a_jittered_rule_draws_from_its_own_seed_and_step():
    asked = [recipe(rule=Jittered(GradientDescent(0.1), 0.3), steps=3, batch=5, seed=seed) for seed in (1, 2)]
    states = list(train(asked))
    orders = [torch.randperm(25, generator=stream(seed, "order", 0)).split(5) for seed in (1, 2)]
    for step, (before, after) in enumerate(itertools.pairwise(states)):
        size = before.points.shape[1]
        normal = [torch.randn(size, generator=stream(s, "rule", step), dtype=torch.float64) for s in (1, 2)]
        there = before.points + torch.stack([0.3 * z / z.norm() for z in normal])
        gradient = before.landscape.around(there, torch.stack([order[step] for order in orders])).gradient
        assert_close(after.points, before.points - 0.1 * gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [Sam, UnnormalisedSam, Jittered])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_a_radius_training_is_that_of_the_rule_itself_bit_by_bit(kind, dtype):
    asked = [recipe(rule=HeavyBall(lr), steps=25, batch=5, dtype=dtype, seed=i) for i, lr in enumerate((0.1, 0.05))]
    wrapped = [dataclasses.replace(each, rule=kind(each.rule, 0.0)) for each in asked]
    for one, other in zip(train(asked), train(wrapped), strict=True):
        assert torch.equal(one.points, other.points)


def gradients(made, steps):
    """Before each step: the point, the gradient of all data and that of the step's mini-batch."""
    examples = len(next(iter(train([made]))).landscape.draws[0].train)
    order = torch.randperm(examples, generator=stream(made.seed, "order", 0)).split(made.batch)
    for step, state in enumerate(itertools.islice(train([made]), steps)):
        one = state.landscape.around(state.points, order[step][None]).gradient
        yield state.points, state.landscape.around(state.points).gradient, one


def test_amplified_noise_moves_by_the_mean_and_so_many_times_the_deviation():
    inner = GradientDescent(0.1)
    asked = recipe(rule=WeightDecay(AmplifiedNoise(inner, 3.0), 0.01), steps=3, batch=5)
    points = [state.points for state in train([asked])]
    for (here, whole, one), after in zip(gradients(asked, 3), points[1:], strict=True):
        assert_close(after, here - 0.1 * (whole + 3 * (one - whole) + 0.01 * here), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("factor", "batch", "same"), [(1.0, 5, 5), (0.0, 5, None), (7.0, None, None)])
def test_noise_as_it_comes_none_and_none_to_amplify(factor, batch, same):
    asked = recipe(rule=AmplifiedNoise(HeavyBall(0.1, 0.5), factor), steps=6, batch=batch)
    plain = dataclasses.replace(asked, rule=HeavyBall(0.1, 0.5), batch=same)
    ends = [list(train([made]))[-1].points for made in (asked, plain)]
    assert_close(*ends, rtol=1e-12, atol=1e-14)


def test_matched_noise_displaces_as_much_in_as_much_time():
    """Over one step of a rate η and η/16 of them: the variance is η'² s² C a step, and there are η/η' steps."""
    large, small, factor = 0.16, 0.01, 4.0
    made = recipe(rule=GradientDescent(large), steps=1, batch=4)
    deviations = []
    for rate, times in ((large, 1.0), (small, factor)):
        noisy = dataclasses.replace(made, rule=AmplifiedNoise(GradientDescent(rate), times))
        still = dataclasses.replace(made, rule=AmplifiedNoise(GradientDescent(rate), 0.0))
        ends = [list(train([one]))[-1].points for one in (noisy, still)]
        deviations.append((ends[0] - ends[1]).square().sum() / rate)
    assert_close(deviations[0], deviations[1], rtol=1e-9, atol=0)


FORKED = {
    "projected": Projected(HeavyBall(0.05), 3, "dominant", every=4),
    "gradient descent": GradientDescent(0.1),
    "heavy ball": HeavyBall(0.05),
    "adam": Adam(0.01),
    "adamw, wrapped": Clipped(WeightDecay(AdamW(0.01, 0.1), 0.01), 0.5),
    "rmsprop": RMSProp(0.01),
}


@pytest.mark.parametrize("case", FORKED)
def test_a_fork_with_memory_goes_on_bit_by_bit(case):
    """Adam's corrections count the updates in its averages, so that number goes along with them."""
    parent = recipe(rule=FORKED[case])
    states = list(train([parent]))
    fork = recipe(rule=FORKED[case], steps=10, start=Point(parent, 10))
    found = path(fork, start=Start(states[10].points, states[10].memory))
    assert torch.equal(found, torch.stack([state.points for state in states[10:]]))
    if states[10].memory:
        fresh = path(fork, start=Start(states[10].points))
        assert torch.equal(fresh[0], found[0])
        assert not torch.equal(fresh[-1], found[-1])


def orders_of(asked, epochs=3):
    """The order of each epoch, from the recipe's own streams."""
    return [torch.randperm(25, generator=asked.stream("order", epoch)).tolist() for epoch in range(epochs)]


def test_an_order_of_its_own_changes_the_order_alone():
    """The first step of each order, by hand: same data, same initialisation, other examples in the first batch."""
    found = {}
    for order in (None, 0, 1):
        asked = recipe(batch=5, order=order)
        points = path(asked)[:, 0]
        model, inputs, targets = built(asked)
        assert torch.equal(points[0], point(model))
        first = torch.tensor(orders_of(asked)[0][:5])
        by = (model(inputs[first]) - torch.eye(3)[targets[first]]).pow(2).sum(1).mean() / 2
        by.backward()
        gradient = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
        assert_close(points[1], points[0] - 0.1 * gradient, rtol=1e-12, atol=1e-14)
        found[order] = orders_of(asked)
    every = [tuple(epoch) for epochs in found.values() for epoch in epochs]
    assert len(set(every)) == len(every)


def test_orders_of_one_seed_stay_apart_in_a_cohort():
    """A cohort of one seed shares its data and its order; of two orders, each row has its own."""
    rows = [recipe(batch=5, order=order, initialisation=start) for order, start in ((1, None), (2, None), (1, 3))]
    assert len({shape_of(row) for row in rows}) == 1
    together = path(*rows)
    for index, row in enumerate(rows):
        assert_close(together[:, index], path(row)[:, 0], rtol=1e-9, atol=1e-12)
    assert torch.equal(together[0, 0], together[0, 1])
    assert not torch.equal(together[1, 0], together[1, 1])
    assert not torch.equal(together[0, 0], together[0, 2])


@pytest.mark.parametrize("batch", [None, 5])
def test_wrong_labels_of_their_own_stay_apart_in_a_cohort(batch):
    """One seed with and without wrong labels: the same start and order, but each row learns from its own labels."""
    noisy = dataclasses.replace(DATA, label_noise=0.4)
    rows = [recipe(batch=batch), recipe(batch=batch, data=noisy)]
    together = path(*rows)
    for index, row in enumerate(rows):
        assert_close(together[:, index], path(row)[:, 0], rtol=1e-9, atol=1e-12)
    assert torch.equal(together[0, 0], together[0, 1])
    assert not torch.allclose(together[-1, 0], together[-1, 1])


def test_without_mini_batches_an_order_changes_nothing():
    assert torch.equal(path(recipe(order=1)), path(recipe(order=2)))


def test_forks_in_another_order_take_the_rules_state_along():
    parent = recipe(rule=HeavyBall(0.05), batch=5)
    states = list(train([parent]))
    forks = [recipe(rule=HeavyBall(0.05), batch=5, steps=6, start=Point(parent, 9), order=order) for order in (0, 1)]
    both = torch.cat([states[9].points] * 2)
    carried = {name: torch.cat([value] * 2) for name, value in states[9].memory.items()}
    found = path(*forks, start=Start(both, carried))
    assert torch.equal(found[0], both)
    assert not torch.equal(found[1, 0], found[1, 1])
    model, inputs, targets = built(parent)
    for row, fork in enumerate(forks):
        write(both[row], model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        parts = layout(model).unravel(carried["momentum"][row])
        for name, parameter in model.named_parameters():
            optimizer.state[parameter]["momentum_buffer"] = parts[name].clone()
        for step in range(6):
            batch = torch.tensor(orders_of(fork, 2)[step // 5][5 * (step % 5) : 5 * (step % 5) + 5])
            optimizer.zero_grad()
            loss = (model(inputs[batch]) - torch.eye(3)[targets[batch]]).pow(2).sum(1).mean() / 2
            loss.backward()
            optimizer.step()
        assert_close(point(model), found[-1, row], rtol=1e-10, atol=1e-12)


def test_the_objective_of_a_recipe_is_what_it_is_trained_on():
    asked = recipe(batch=5, initialisation=4)
    objective = objective_of(asked)
    state = next(train([asked]))
    assert torch.equal(objective.point, state.points[0])
    assert_close(objective.loss(), state.around.loss[0], rtol=1e-12, atol=0)
    held_out = objective_of(asked, "test")
    assert_close(held_out.loss(), state.test_loss()[0], rtol=1e-12, atol=0)
    assert held_out.accuracy().item() == state.accuracy("test")[0].item()
    with pytest.raises(BadInput, match="dynamics 'quadratic'"):
        objective_of(recipe(dynamics="quadratic"))


def test_the_objective_of_a_linearised_recipe_is_that_of_the_taylor_expansion():
    at_start, jac, start, onehot = jacobian(recipe())
    objective = objective_of(recipe(dynamics="linearised"))
    assert torch.equal(objective.point, start)
    elsewhere = start + 0.3 * torch.randn(start.shape, generator=stream(0, "elsewhere"), dtype=torch.float64)
    residual = at_start + jac @ (elsewhere - start) - onehot
    assert_close(objective.loss(elsewhere), residual.square().sum() / 50, rtol=1e-10, atol=0)


def test_a_fork_of_a_linearised_run_expands_where_its_parent_does():
    parent = recipe(dynamics="linearised", steps=6)
    states = list(train([parent]))
    child = dataclasses.replace(parent, steps=14, start=Point(parent, 6))
    forked = path(child, start=Start(states[-1].points, states[-1].memory))
    whole = path(dataclasses.replace(parent, steps=20))
    assert_close(forked, whole[6:], rtol=1e-12, atol=1e-14)
    assert torch.equal(objective_of(child).point, states[0].points[0])
    cousin = dataclasses.replace(child, start=Point(recipe(steps=6), 6))  # of a network: expanded where it leaves it
    assert (path(cousin, start=Start(states[-1].points))[-1] - whole[-1]).abs().max() > 1e-4
    with pytest.raises(BadInput, match="around a point of another run, or under a mask"):
        objective_of(cousin)


@pytest.mark.parametrize("batch", [None, 5])
@pytest.mark.parametrize("forked", [False, True])
def test_linearised_recipes_advance_together_each_around_its_own_start(batch, forked):
    made = [recipe(dynamics="linearised", rule=GradientDescent(0.05), seed=s, batch=batch) for s in range(3)]
    starts = [None] * 3
    if forked:
        starts = torch.cat([list(train([parent]))[-1].points for parent in made])
        made = [dataclasses.replace(parent, start=Point(parent, parent.steps)) for parent in made]
        starts = [*starts[:, None]]
    whole = None if not forked else Start(torch.cat(starts))
    together = list(train(made, start=whole))
    for row, (asked, start) in enumerate(zip(made, starts, strict=True)):
        alone = list(train([asked], start=None if start is None else Start(start)))
        assert_close(together[-1].points[row], alone[-1].points[0], rtol=1e-9, atol=1e-12)
        assert_close(together[-1].objective(row).loss(), alone[-1].objective(0).loss(), rtol=1e-9, atol=1e-12)


def test_starts_that_do_not_fit_are_refused():
    parent = recipe(rule=HeavyBall(0.1), steps=3)
    state = list(train([parent]))[-1]
    fork = recipe(rule=HeavyBall(0.1), start=Point(parent, 3))
    with pytest.raises(BadInput, match="needs `start`"):
        next(train([fork]))
    with pytest.raises(BadInput, match="needs `start`"):
        next(train([parent], start=Start(state.points)))
    with pytest.raises(BadInput, match="points to start from must have shape"):
        next(train([fork], start=Start(state.points[:, 1:])))
    other = recipe(rule=Adam(0.1), start=Point(parent, 3))
    with pytest.raises(BadInput, match="another rule's"):
        next(train([other], start=Start(state.points, state.memory)))


def test_what_makes_no_cohort_is_refused():
    with pytest.raises(BadInput, match="must be equal up to seeds"):
        next(train([recipe(), recipe(steps=3)]))
    with pytest.raises(BadInput, match="must be equal up to seeds"):
        next(train([]))
    with pytest.raises(BadInput, match="batch normalisation"):
        next(train([recipe(model=CNN((2,), normalisation="batch"))]))


def forwards(asked, look):
    count = []
    original = Network.forward

    def counted(self, *arguments, **options):
        count.append(1)
        return original(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "forward", counted)
        for state in train([asked]):
            look(state)
    return len(count)


def test_trainer_and_probes_share_one_forward_pass():
    """A probe that asks for curvature first, then the trainer's gradient: one pass a state."""

    def everything(state):
        state.around.hessian() @ state.points[0]
        assert state.around.loss.shape == (1,)

    assert forwards(recipe(), lambda state: None) == 21
    last = 1  # whose loss tells whether training diverged, before anyone can ask for more
    assert forwards(recipe(), everything) == 21 + last
    assert forwards(recipe(batch=8), lambda state: None) == 20 + last


def test_no_graph_outlives_its_state():
    """Else two hundred steps with Hessians would hold two hundred graphs, until the collector comes by."""
    gc.collect()
    gc.disable()
    graphs = []
    try:
        for state in train([recipe(steps=6, batch=8), recipe(steps=6, batch=8, seed=1)]):
            hessian = state.around.hessian()
            hessian @ state.points
            assert [graph() for graph in graphs] == [None] * len(graphs)
            graphs = [weakref.ref(hessian)]
            del hessian
            state = None  # noqa: PLW2901
    finally:
        gc.enable()


def test_states_tell_the_rates_of_the_coming_update():
    cohort = [recipe(rule=GradientDescent(Cosine(0.4, 20))), recipe(rule=GradientDescent(0.1))]
    rates = torch.stack([state.rates for state in train(cohort)])
    assert_close(rates[:, 1], torch.full((21,), 0.1, dtype=torch.float64))
    assert_close(rates[[0, 10, 20], 0], torch.tensor([0.4, 0.2, 0.0], dtype=torch.float64))
