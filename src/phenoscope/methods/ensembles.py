"""Ensembles: the average prediction of several networks, as a network of its own."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Combined = Literal["probabilities", "outputs"]


class Ensemble(nn.Module):
    """The average prediction of networks, with a share each.

    Where probabilities are averaged its outputs are their logarithms (of classes along axis 1), or their log-odds (for
    binary cross-entropy), so that the loss of logits is that of the average prediction.

    Args:
        networks: the members.
        shares: (n,), summing to 1.
        combined: what is averaged.
        binary: whether each output is the log-odds of a probability of its own.
    """

    def __init__(
        self, networks: Sequence[nn.Module], shares: Float[Tensor, " n"], combined: Combined, *, binary: bool = False
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self._shares, self._combined, self._binary = shares.tolist(), combined, binary

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        found = [network(*inputs, **named) for network in self.networks]
        outputs = torch.stack([getattr(each, "logits", each) for each in found])
        # one weight a member, along the new first axis
        shares = torch.tensor(self._shares, dtype=outputs.dtype, device=outputs.device)
        shares = shares.reshape(-1, *(1,) * (outputs.ndim - 1))
        if self._combined == "outputs":
            return (shares * outputs).sum(dim=0)
        if self._binary:
            right, wrong = (_log_mean(nn.functional.logsigmoid(side), shares) for side in (outputs, -outputs))
            return right - wrong
        return _log_mean(outputs.log_softmax(dim=2 if outputs.ndim > 2 else 1), shares)


def _log_mean(logs: Tensor, shares: Tensor) -> Tensor:
    """The logarithm of the weighted mean over the first axis of what has these logarithms."""
    return (logs + shares.log()).logsumexp(dim=0)
