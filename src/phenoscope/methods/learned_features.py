"""What a layer's features are worth after training, against what they were at its start."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from phenoscope.instruments import kernel_alignment, kernel_distance

RIDGE = 1e-3
"""Of a probe, over the mean square of the features' singular values."""
LEARNED = ("feature alignment", "probe error", "digit probe error")
SERIES = ("feature change", *LEARNED, *(f"{name} at the start" for name in LEARNED))


def learned_features(
    before: Float[Tensor, "n u"], after: Float[Tensor, "n u"], digits: Int[Tensor, " n"]
) -> dict[str, float]:
    r"""Features of digits that were not trained on, where it was learned which are even.

    "feature change", 1 less the centred alignment of both Gram matrices; "feature alignment" of the Gram matrix with
    even and odd; "probe error", the share of the second half whose parity a linear probe gets wrong that was fitted to
    the first half (ridge regression), and "digit probe error", the same for the ten digits, of which training was told
    nothing more. The last three also "at the start".

    Args:
        before: features at the start.
        after: those when training has ended.
        digits: 0 to 9.
    """
    found = {"feature change": kernel_distance(before @ before.mT, after @ after.mT, centred=True)}
    for features, when in ((before, " at the start"), (after, "")):
        found[f"feature alignment{when}"] = kernel_alignment(features @ features.mT, digits % 2)
        found[f"probe error{when}"] = probe_error(features, digits % 2)
        found[f"digit probe error{when}"] = probe_error(features, digits)
    return found


def probe_error(features: Float[Tensor, "n u"], labels: Int[Tensor, " n"]) -> float:
    """The share of the second half of the examples that ridge regression on the first half gets wrong.

    Features and targets (a unit vector for each label) have their means over the first half taken out.
    """
    half = len(features) // 2
    targets = one_hot(labels).to(features.dtype)
    centre, level = features[:half].mean(0), targets[:half].mean(0)
    left, values, right = torch.linalg.svd(features[:half] - centre, full_matrices=False)
    filtered = values / (values.square() + RIDGE * values.square().mean())
    weights = right.mT @ (filtered[:, None] * (left.mT @ (targets[:half] - level)))
    said = (features[half:] - centre) @ weights + level
    return float((said.argmax(1) != labels[half:]).double().mean())
