"""Learning coefficients that are known: how degenerate are linear networks of several layers?

The learning coefficient λ of a model at a true distribution, and its multiplicity m, are where the free energy grows by
λ log n - (m - 1) log log n with the number of examples (Watanabe 2009, Algebraic Geometry and Statistical Learning
Theory). A regular model of d parameters has λ = d/2, m = 1.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from phenoscope.core.errors import BadInput

Coefficient = tuple[Fraction, int]
"""λ and its multiplicity m."""


def reduced_rank_coefficient(inputs: int, hidden: int, outputs: int, rank: int) -> Coefficient:
    """λ and m of y = B A x + noise with A (hidden, inputs), B (outputs, hidden), where the true matrix has a rank.

    Of the five cases of Aoyagi and Watanabe 2005, Stochastic complexities of reduced rank regression in Bayesian
    estimation, Neural Networks 18, the first two hold while no width exceeds the others together: with M inputs, N
    outputs, H hidden units and the rank r,

        λ = (2(H + r)(M + N) + 2MN - (H + r)² - M² - N² + e) / 8,   m = 1 + e,

    e = 0 where M + N + H + r is even and 1 where it is odd. Else λ counts the parameters of the smaller side.

    Args:
        inputs: M.
        hidden: H.
        outputs: N.
        rank: r, at most the smallest of these.

    Example:
        >>> reduced_rank_coefficient(1, 1, 1, 0)  # (ab)² near 0
        (Fraction(1, 2), 2)
    """
    m, h, n, r = inputs, hidden, outputs, rank
    _check((m, h, n), r)
    if m + h < n + r:
        return Fraction(h * m - h * r + n * r, 2), 1
    if n + h < m + r:
        return Fraction(h * n - h * r + m * r, 2), 1
    if m + n < h + r:
        return Fraction(m * n, 2), 1
    odd = (m + n + h + r) % 2
    return Fraction(2 * (h + r) * (m + n) + 2 * m * n - (h + r) ** 2 - m**2 - n**2 + odd, 8), 1 + odd


def linear_network_coefficient(widths: Sequence[int], rank: int) -> Coefficient:
    """λ and m of a linear network with these widths, from inputs to outputs, where the true matrix has a rank.

    With excesses Δ = width - r and the set S of ℓ + 1 layers with the smallest of them such that max Δ(S) < ΣΔ(S)/ℓ
    ≤ every Δ outside S (the set where all terms balance),

        λ = (r(w₀ + w_L) - r²)/2 + a(ℓ - a)/(4ℓ) - (ℓ - 1)(ΣΔ)²/(4ℓ) + ½ Σ_{i<j in S} ΔᵢΔⱼ,   m = a(ℓ - a) + 1,

    a = ΣΔ - (M - 1)ℓ with M = ⌈ΣΔ/ℓ⌉ (Aoyagi 2024, Consideration on the learning efficiency of multiple-layered neural
    networks with linear units, Neural Networks 172, as stated by Lau et al. 2023, arXiv:2308.12108). Of two layers it
    is that of `reduced_rank_coefficient`.

    Args:
        widths: of all layers, inputs and outputs included: at least three.
        rank: r, at most the smallest width.

    Example:
        >>> linear_network_coefficient((1, 1, 1, 1), 0)  # (abc)² near 0
        (Fraction(1, 2), 3)
    """
    _check(widths, rank)
    excess = sorted(width - rank for width in widths)
    chosen = _balanced(excess)
    total, layers = sum(chosen), len(chosen) - 1
    ceiling = -(-total // layers)
    a = total - (ceiling - 1) * layers
    products = sum(one * other for one, other in combinations(chosen, 2))
    value = Fraction(rank * (widths[0] + widths[-1]) - rank**2, 2) + Fraction(a * (layers - a), 4 * layers)
    return value - Fraction((layers - 1) * total**2, 4 * layers) + Fraction(products, 2), a * (layers - a) + 1


def _balanced(excess: list[int]) -> list[int]:
    """The smallest excesses whose sum over one less than their number exceeds none of the others."""
    for count in range(2, len(excess) + 1):
        share = Fraction(sum(excess[:count]), count - 1)
        if count == len(excess) or share <= excess[count]:
            return excess[:count]
    raise AssertionError("the last count always fits")


def _check(widths: Sequence[int], rank: int) -> None:
    if len(widths) < 3 or any(width < 1 for width in widths) or not 0 <= rank <= min(widths):
        raise BadInput(
            f"a linear network needs at least three widths of at least 1 and a rank from 0 to the smallest, got "
            f"{tuple(widths)} and {rank}."
        )
