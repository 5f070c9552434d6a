"""Excess kurtosis of random ReLU networks: against integrals, and against a chain that is simulated otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import kurtosis, norm

from phenoscope.core.errors import BadInput
from phenoscope.theory import relu_excess_kurtosis


def test_one_unit_by_integrals():
    """A product of max(z, 0) and a normal number: moments E (az)^k = E a^k E max(z, 0)^k."""
    second, fourth = (quad(lambda z, k=k: z**k * norm.pdf(z), 0, np.inf)[0] for k in (2, 4))
    assert relu_excess_kurtosis([1]) == pytest.approx(3 * fourth / second**2 - 3, rel=1e-10)


def test_outputs_of_networks_that_are_drawn():
    generator = np.random.default_rng(0)
    count, widths = 200_000, (30, 60)
    now = generator.normal(size=(count, widths[0]))  # of one input, the units of a layer are independent
    inside = np.maximum(now, 0)
    weights = generator.normal(size=(count // 10, widths[0], widths[1]))
    outputs = [
        (np.maximum(np.einsum("bi,bij->bj", part, weights), 0) * generator.normal(size=(len(part), widths[1]))).sum(1)
        for part in np.split(inside, 10)
    ]
    assert kurtosis(np.concatenate(outputs)) == pytest.approx(relu_excess_kurtosis(widths), abs=0.08)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_layers_multiply_and_their_order_does_not_count(widths):
    whole = relu_excess_kurtosis(widths)
    assert whole == pytest.approx(relu_excess_kurtosis(sorted(widths)), rel=1e-12)
    # not the sum of what each layer adds, which is less as soon as there are two
    assert whole >= 15 * sum(1 / width for width in widths) * (1 - 1e-9)
    assert 1 + relu_excess_kurtosis([*widths, 10]) / 3 == pytest.approx((1 + whole / 3) * 1.5, rel=1e-12)


@pytest.mark.parametrize("widths", [[], [10, 0]])
def test_networks_without_units_are_refused(widths):
    with pytest.raises(BadInput, match="hidden layers of at least one unit"):
        relu_excess_kurtosis(widths)
