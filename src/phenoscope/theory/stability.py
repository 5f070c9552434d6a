"""How much curvature does an update rule bear? The largest stable eigenvalue on a quadratic.

On L(θ) = ½ λ θ² every rule here is a linear recurrence, and as λ grows it loses stability when the recurrence
first has a root at -1: the iterate then swings from side to side. Setting z = -1 in its characteristic equation
gives the thresholds below. They are curvatures, in loss per squared parameter; for adaptive rules they bound the
*effective* curvature, the eigenvalues of P^(-1/2) H P^(-1/2) with P the preconditioner, held fixed.

Weight decay `decay` is the coefficient w: coupled decay adds w θ to the gradient, decoupled decay shrinks θ by
the factor 1 - η w in each step.
"""

import math

from phenoscope.core.errors import BadInput


def gradient_descent_threshold(lr: float, *, decay: float = 0.0, decoupled: bool = False) -> float:
    """2/η for θ' = θ - η ∇L; with decay w it is 2/η - w, coupled or not.

    Source: textbook; Cohen et al. 2021, arXiv:2103.00065.

    Args:
        lr: the learning rate η.
        decay: the coefficient w of weight decay.
        decoupled: whether the decay acts beside the rule, as in AdamW, and not as a part of the loss.

    Example:
        >>> gradient_descent_threshold(0.5)
        4.0
    """
    return heavy_ball_threshold(lr, 0.0, decay=decay, decoupled=decoupled)


def heavy_ball_threshold(lr: float, momentum: float, *, decay: float = 0.0, decoupled: bool = False) -> float:
    """(2 + 2β)/η for m' = β m + ∇L, θ' = θ - η m'.

    With coupled decay w: (2 + 2β)/η - w. Decoupled: (1 + β)(2/η - w).
    Source: Cohen et al. 2021, arXiv:2103.00065.

    Args:
        lr: the learning rate η.
        momentum: β.
        decay: the coefficient w of weight decay.
        decoupled: whether the decay acts beside the rule, as in AdamW, and not as a part of the loss.

    Example:
        >>> heavy_ball_threshold(0.5, 0.5)
        6.0
    """
    _check(lr, momentum)
    bearable = (1 + momentum) * (2 / lr - (decay if decoupled else 0.0))
    return bearable - (0.0 if decoupled else decay)


def nesterov_threshold(lr: float, momentum: float, *, decay: float = 0.0, decoupled: bool = False) -> float:
    """(2 + 2β)/((1 + 2β) η) for m' = β m + ∇L, θ' = θ - η (∇L + β m').

    Source: Cohen et al. 2021, arXiv:2103.00065.

    Args:
        lr: the learning rate η.
        momentum: β.
        decay: the coefficient w of weight decay.
        decoupled: whether the decay acts beside the rule, as in AdamW, and not as a part of the loss.

    Example:
        >>> nesterov_threshold(0.5, 0.5)
        3.0
    """
    _check(lr, momentum)
    bearable = (1 + momentum) * (2 / lr - (decay if decoupled else 0.0)) / (1 + 2 * momentum)
    return bearable - (0.0 if decoupled else decay)


def rmsprop_threshold(lr: float, *, decay: float = 0.0, decoupled: bool = False) -> float:
    """2/η for the effective curvature of θ' = θ - η P⁻¹ ∇L, with P = sqrt(v) + ε.

    Coupled decay counts as curvature (of the loss with ½ w ‖θ‖² added) and leaves the threshold as it is.
    Source: the recurrence above, with P held fixed.

    Args:
        lr: the learning rate η.
        decay: the coefficient w of weight decay.
        decoupled: whether the decay acts beside the rule, as in AdamW, and not as a part of the loss.

    Example:
        >>> rmsprop_threshold(0.5)
        4.0
    """
    return adam_threshold(lr, 0.0, decay=decay, decoupled=decoupled)


def adam_threshold(lr: float, beta1: float, *, decay: float = 0.0, decoupled: bool = False) -> float:
    """(2 + 2β₁)/((1 - β₁) η) for the effective curvature of Adam: 38/η for β₁ = 0.9.

    The rule is m' = β₁ m + (1 - β₁) ∇L, θ' = θ - η P⁻¹ m', with bias corrections that have died out. Decoupled
    decay w (AdamW): (2/η - w)(1 + β₁)/(1 - β₁). Coupled decay counts as curvature, as for RMSProp.
    Source: the recurrence above, with P held fixed.

    Args:
        lr: the learning rate η.
        beta1: β₁.
        decay: the coefficient w of weight decay.
        decoupled: whether the decay acts beside the rule, as in AdamW, and not as a part of the loss.

    Example:
        >>> round(adam_threshold(1.0, 0.9), 6)
        38.0
    """
    _check(lr, beta1)
    return (2 / lr - (decay if decoupled else 0.0)) * (1 + beta1) / (1 - beta1)


def sam_threshold(bearable: float, radius: float) -> float:
    """(sqrt(1 + 4 ρ b) - 1)/(2 ρ), where λ (1 + ρ λ) = b: the threshold of a rule that takes its gradient at θ + ρ ∇L.

    On ½ λ θ² that gradient is λ (1 + ρ λ) θ, so the rule meets the curvature λ (1 + ρ λ). With b = 2/η, that of
    gradient descent, η λ (1 + ρ λ) = 2. Normalised ascent θ + ρ ∇L/‖∇L‖ has ρ/‖∇L‖ for ρ, and the threshold
    ‖∇L‖/(2ρ) (sqrt(1 + 8ρ/(η‖∇L‖)) - 1).
    Source: Long and Bartlett 2024, Sharpness-aware minimization and the edge of stability, arXiv:2309.12488.

    Args:
        bearable: b, the threshold of the rule that is wrapped.
        radius: ρ, at least 0; infinite where a normalised ascent meets a gradient of 0, which bears no curvature.

    Example:
        >>> sam_threshold(2.0, 1.0)
        1.0
    """
    if radius < 0:
        raise BadInput(f"the radius must be at least 0, got {radius}.")
    # (sqrt(1 + 4ρb) - 1)/(2ρ) without its cancellation at small ρ
    return 2 * bearable / (1 + math.sqrt(1 + 4 * radius * bearable)) if bearable > 0 else bearable


def _check(lr: float, momentum: float) -> None:
    if not lr > 0:
        raise BadInput(f"the learning rate must be positive, got {lr}.")
    if not 0 <= momentum < 1:
        raise BadInput(f"momentum must be at least 0 and below 1, got {momentum}.")
