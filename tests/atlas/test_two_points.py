"""What the phenomena on two points read from a pair, on small networks, against the same by another route."""

import pytest
import torch

from phenoscope.atlas import find
from phenoscope.atlas.averaging.claims import averaged, flatness
from phenoscope.atlas.poisoned_minima.claims import PERCENT, joined
from phenoscope.atlas.spawning.claims import between
from phenoscope.comparisons import Kept
from phenoscope.record import Record
from phenoscope.training import objective_of
from small import losses, recipe

ON_REAL_DATA = (
    "mode_connectivity", "connected_volumes", "path_extent", "permutation_barrier", "spawning", "averaging",
    "poisoned_minima",
)  # fmt: skip
MADE = recipe(0.4)
SIZE = objective_of(MADE).point.numel()


def drawn(seed):
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def kept(**points):
    return Kept({name.replace("_", " "): point for name, point in points.items()}, Record("x", {}, {}), MADE)


def test_children_are_as_far_apart_as_their_ends_and_their_barrier_is_on_the_line():
    starts, ends = (drawn(0), drawn(1)), (drawn(2), drawn(3))
    found = between(*(kept(initial=start, final=end) for start, end in zip(starts, ends, strict=True)))
    ways = [float(torch.dist(start, end)) for start, end in zip(starts, ends, strict=True)]
    assert found["relative distance"] == pytest.approx(float(torch.dist(*ends)) / (sum(ways) / 2))
    line = [losses(MADE, torch.lerp(*ends, t)).item() for t in torch.linspace(0, 1, 2001, dtype=torch.float64)]
    assert found["barrier"] == pytest.approx(max(line) - (line[0] + line[-1]) / 2, abs=1e-3 * max(line))
    same = kept(initial=starts[0], final=ends[0])
    assert between(same, same)["barrier"] == 0


def test_an_average_is_read_on_the_test_examples():
    ends, test = (drawn(4), drawn(5)), objective_of(MADE, "test")
    found = averaged(*(kept(final=end) for end in ends))
    middle = (ends[0] + ends[1]) / 2
    parts = [test.loss(end).item() for end in ends]
    assert found["test loss over the better"] == pytest.approx(test.loss(middle).item() / min(parts))
    mean = sum(test.accuracy(end).item() for end in ends) / 2
    assert found["accuracy over the mean"] == pytest.approx(test.accuracy(middle).item() - mean)
    together = sum(test.outputs(end) for end in ends) / 2  # of a squared error outputs are averaged
    labels = MADE.data.draw(MADE.stream("data")).test.targets
    right = (together.argmax(dim=1) == labels).double().mean().item()
    assert found["accuracy below the ensemble"] == pytest.approx(right - test.accuracy(middle).item())
    assert found["distance"] == pytest.approx(float((ends[0] - ends[1]).norm()))


def test_curvature_at_the_average_is_taken_on_the_first_runs_loss():
    objective, points = objective_of(MADE), [drawn(6) + 0.2 * drawn(seed) for seed in range(10, 16)]
    one = kept(**{f"step_{10 + number}": point for number, point in enumerate(points)}, final=points[-1])
    other = kept(step_10=points[3], step_11=points[3], final=points[3])
    found = flatness(one, other)

    def top(point):
        loss = torch.autograd.functional.hessian(lambda at: losses(MADE, at), point)
        return torch.linalg.eigvalsh(loss)[-1].item()

    assert found["sharpness of the average"] == pytest.approx(top(torch.stack(points).mean(dim=0)), rel=1e-2)
    typical = (top(points[0]) + top(points[5])) / 2
    assert found["average over its points"] == pytest.approx(found["sharpness of the average"] / typical, rel=2e-2)
    assert found["average over the decayed run"] == pytest.approx(
        found["sharpness of the average"] / top(points[3]), rel=2e-2
    )
    assert found["decayed average over its points"] == pytest.approx(1.0, rel=1e-3)
    assert objective.loss(points[0]).item() == pytest.approx(losses(MADE, points[0]).item())


def test_a_curve_is_read_from_end_to_end():
    ends, train, test = (drawn(7), drawn(8)), objective_of(MADE), objective_of(MADE, "test")
    found = joined(20, *(kept(final=end) for end in ends))
    assert PERCENT.tolist() == list(range(0, 101, 2))
    for name, objective in (("training accuracy", train), ("on the line", train), ("test accuracy", test)):
        assert found[name].values[[0, -1]].tolist() == pytest.approx([objective.accuracy(end).item() for end in ends])
    assert found["on the line"].values[25] == pytest.approx(train.accuracy((ends[0] + ends[1]) / 2).item())
    assert found["training loss"].values[0] == pytest.approx(train.loss(ends[0]).item())
    assert found["removed"] == pytest.approx(1 - found["curve barrier"] / found["line barrier"])


@pytest.mark.parametrize("name", ON_REAL_DATA)
def test_the_largest_scale_takes_fashion_mnist_and_others_what_they_are_asked_for(name):
    def sources(**options):
        return {arm.recipe.data.source for arm in find(name, **options).arms}

    assert sources(scale="paper") == sources(scale="smoke", data="fashion_mnist")
    assert sources(scale="paper") != sources(scale="laptop") == sources(scale="paper", data=find(name).options["data"])
