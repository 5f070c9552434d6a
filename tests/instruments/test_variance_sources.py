"""The sources of variance against designs whose parts are known, and against sums over all pairs of members."""

import itertools
import math

import pytest
import torch

from oracles import seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import variance_sources

FACTORS = ("examples", "noise", "start")


def effects(levels, sizes, generator, inputs=3, outputs=2):
    """Predictions as sums of independent normal effects, one for each subset of factors: its variance is its size."""
    total = torch.full((*levels, inputs, outputs), 0.5, dtype=torch.float64)
    for source, size in sizes.items():
        shape = [n if name in source else 1 for n, name in zip(levels, FACTORS, strict=True)]
        drawn = torch.randn(*shape, inputs, outputs, generator=generator, dtype=torch.float64)
        total = total + math.sqrt(size) * drawn
    return total


def by_pairs(outputs, targets, shared):
    """The mean product of two members that share exactly these levels, pair by pair."""
    residuals, products = outputs - targets, []
    levels = [range(n) for n in outputs.shape[:-2]]
    for one, other in itertools.product(itertools.product(*levels), repeat=2):
        if tuple(a == b for a, b in zip(one, other, strict=True)) == shared:
            products.append((residuals[one] * residuals[other]).sum(dim=-1).mean().item())
    return sum(products) / len(products)


def test_as_by_all_pairs():
    outputs = torch.randn(3, 4, 3, 5, 2, generator=seeded(0), dtype=torch.float64)
    targets = torch.randn(5, 2, generator=seeded(1), dtype=torch.float64)
    found = variance_sources(outputs, FACTORS, targets=targets)
    shared = {pattern: by_pairs(outputs, targets, pattern) for pattern in itertools.product((False, True), repeat=3)}
    assert found.bias == pytest.approx(shared[False, False, False])
    assert found.value == pytest.approx(shared[True, True, True] - shared[False, False, False])
    assert found.parts["noise",] == pytest.approx(shared[False, True, False] - shared[False, False, False])
    interaction = (shared[True, False, True] - shared[True, False, False] - shared[False, False, True]
                   + shared[False, False, False])  # fmt: skip
    assert found.parts["examples", "start"] == pytest.approx(interaction)
    assert sum(found.parts.values()) == pytest.approx(found.value)
    assert found.involving("start") == pytest.approx(sum(v for k, v in found.parts.items() if "start" in k))


def test_parts_and_bias_are_unbiased_and_their_errors_cover_them():
    """Over many designs of few levels: the mean is the truth, and most intervals of two errors hold it."""
    sizes = {("examples",): 1.0, ("start",): 0.5, ("noise", "start"): 0.3, FACTORS: 0.2}
    generator, found = seeded(0), []
    for _ in range(80):
        outputs = effects((5, 4, 4), sizes, generator)
        found.append(variance_sources(outputs, FACTORS, targets=torch.zeros(3, 2, dtype=torch.float64)))
    for source in found[0].parts:
        truth = 2 * sizes.get(source, 0.0)  # summed over two outputs
        values = torch.tensor([one.parts[source] for one in found])
        assert values.mean().item() == pytest.approx(truth, abs=4 * values.std().item() / math.sqrt(len(found)))
        assert sum(abs(one.parts[source] - truth) <= 2 * one.errors[source] for one in found) >= 0.8 * len(found)
    biases = torch.tensor([one.bias for one in found])
    assert biases.mean().item() == pytest.approx(0.5, abs=4 * biases.std().item() / math.sqrt(len(found)))
    assert sum(abs(one.value - 4.0) <= 2 * one.standard_error for one in found) >= 0.8 * len(found)


def test_the_plain_estimates_are_biased_where_this_one_is_not():
    """The variance of the means over a factor's levels holds a share of all that was averaged away."""
    generator, plain, found = seeded(0), [], []
    for _ in range(60):
        outputs = effects((4, 3, 3), {FACTORS: 9.0}, generator)
        plain.append(outputs.mean(dim=(1, 2)).var(dim=0).sum(dim=-1).mean().item())
        found.append(variance_sources(outputs, FACTORS).parts["examples",])
    assert sum(plain) / 60 == pytest.approx(2.0, rel=0.2)
    assert sum(found) / 60 == pytest.approx(0.0, abs=0.3)


def test_an_ensemble_over_a_factor():
    """The mean over many starts keeps what no start is part of."""
    sizes = {("examples",): 1.0, ("start",): 2.0, ("examples", "start"): 3.0}
    outputs = effects((40, 3, 40), sizes, seeded(2), inputs=30)
    found = variance_sources(outputs, FACTORS)
    assert found.averaged("start") == pytest.approx(found.value - found.involving("start"))
    fives = outputs.reshape(40, 3, 8, 5, 30, 2).mean(dim=3)
    assert found.averaged("start", 5) == pytest.approx(variance_sources(fives, FACTORS).value, rel=0.02)
    assert math.isnan(found.bias)


def test_least_squares_in_closed_form():
    """Ordinary least squares on fixed inputs: the noise of the labels is all there is, σ² p/n on the inputs."""
    n, p, generator = 40, 8, seeded(0)
    inputs = torch.randn(n, p, generator=generator, dtype=torch.float64)
    noise = torch.randn(60, n, generator=generator, dtype=torch.float64)
    hat = inputs @ torch.linalg.pinv(inputs)
    signal = inputs.sum(dim=1)
    outputs = torch.stack([hat @ (signal + one) for one in noise])[:, None, :, None].expand(60, 3, n, 1)
    found = variance_sources(outputs, ("noise", "start"), targets=signal[:, None])
    assert found.parts["noise",] == pytest.approx(p / n, abs=4 * found.errors["noise",])
    assert found.parts["noise",] == pytest.approx(p / n, rel=0.2)
    assert abs(found.involving("start")) < 1e-12
    assert found.bias == pytest.approx(0.0, abs=4 * found.bias_error)


@pytest.mark.parametrize(
    ("shape", "factors", "targets"),
    [((2, 4, 1), ("a",), None), ((3, 4, 1), ("a", "b"), None), ((3, 3, 4, 1), ("a", "a"), None), ((4, 1), (), None),
     ((3, 4, 1), ("a",), (4, 2))],
)  # fmt: skip
def test_designs_that_do_not_fit_are_refused(shape, factors, targets):
    with pytest.raises(BadInput, match="shape"):
        variance_sources(torch.zeros(shape), factors, targets=None if targets is None else torch.zeros(targets))


def test_what_is_not_finite_is_an_outcome():
    outputs = torch.zeros(3, 3, 1, 1)
    outputs[0, 0] = torch.inf
    found = variance_sources(outputs, ("a", "b"))
    assert math.isnan(found.value)
    assert not found.converged
    with pytest.raises(BadInput, match="no factor 'c'"):
        variance_sources(torch.zeros(3, 3, 1, 1), ("a", "b")).involving("c")
