"""Known learning coefficients: cases by hand, two formulas against each other, and volumes measured by integration."""

import math
from fractions import Fraction

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.theory import linear_network_coefficient, reduced_rank_coefficient

BY_HAND = {
    (1, 1, 1): (0, Fraction(1, 2), 2),  # (ab)²: two lines that cross
    (1, 1, 1, 1): (0, Fraction(1, 2), 3),  # (abc)²: three planes that cross
    (1, 2, 1): (0, Fraction(1, 2), 1),  # (a·b)²: one equation in four unknowns, a cone
    (1, 3, 1): (0, Fraction(1, 2), 1),
    (3, 1, 1): (0, Fraction(1, 2), 1),  # ‖a‖²b²: b = 0, of codimension 1
    (5, 1, 5): (0, Fraction(5, 2), 2),  # ‖a‖²‖b‖²: either vector may vanish
}


@pytest.mark.parametrize("widths", BY_HAND)
def test_cases_solved_by_hand(widths):
    rank, value, multiplicity = BY_HAND[widths]
    assert linear_network_coefficient(widths, rank) == (value, multiplicity)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_of_full_rank_the_true_parameters_are_a_smooth_surface(size):
    """Of codimension size², whatever the depth: a regular model in the directions across."""
    for layers in (2, 3, 4):
        assert linear_network_coefficient((size,) * (layers + 1), size) == (Fraction(size**2, 2), 1)


def test_two_layers_are_the_reduced_rank_formula_in_every_case():
    """The formulas were derived apart and look nothing alike."""
    cases = [
        (m, h, n, r) for m in range(1, 7) for h in range(1, 9) for n in range(1, 7) for r in range(min(m, h, n) + 1)
    ]
    kinds = set()
    for m, h, n, r in cases:
        found = reduced_rank_coefficient(m, h, n, r)
        assert found == linear_network_coefficient((m, h, n), r)
        assert found[0] <= Fraction(h * (m + n), 2)
        kinds.add((m + h < n + r, n + h < m + r, m + n < h + r, found[1]))
    assert len(kinds) == 5  # each case of the formula has been met


def test_order_of_layers_does_not_matter_at_rank_zero():
    assert len({linear_network_coefficient(widths, 0) for widths in ((2, 3, 4), (4, 3, 2), (3, 2, 4))}) == 1


@pytest.mark.parametrize("factors", [2, 3])
def test_the_free_energy_of_a_product_grows_as_told(factors):
    """-log ∫ exp(-t (w₁ ... w_k)²) over the unit cube is λ log t - (m - 1) log log t + a constant.

    With u the sum of the k values -log wᵢ, the volume of {product = e^-u} is u^(k-1) e^-u / (k - 1)!.
    """
    value, multiplicity = linear_network_coefficient((1,) * (factors + 1), 0)
    u = torch.linspace(0, 200, 2_000_001, dtype=torch.float64)

    def integral(t: float) -> float:
        density = u ** (factors - 1) * torch.exp(-u) / math.factorial(factors - 1)
        return torch.trapezoid(torch.exp(-t * torch.exp(-2 * u)) * density, u).item()

    def scaled(t: float) -> float:
        return -math.log(integral(t)) - float(value) * math.log(t) + (multiplicity - 1) * math.log(math.log(t))

    assert abs(scaled(1e60) - scaled(1e30)) < 0.05
    assert abs(scaled(1e60) - scaled(1e30) + math.log(2)) > 0.5  # one multiplicity less or more


@pytest.mark.parametrize(("widths", "rank"), [((2, 2), 1), ((2, 0, 2), 0), ((2, 2, 2), 3), ((2, 2, 2), -1)])
def test_impossible_networks_are_refused(widths, rank):
    with pytest.raises(BadInput, match="at least three widths"):
        linear_network_coefficient(widths, rank)
