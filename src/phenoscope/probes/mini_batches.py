"""How sharp is the loss along the steps that mini-batches take? Batch sharpness, read along training."""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.instruments.gradients import mini_batches
from phenoscope.probes.probe import Around, Moment, Reading, Rows, at_least_one

SAME, AGAINST, RATIOS, INDEPENDENT = (
    "batch sharpness", "batch sharpness / threshold", "mean of batch ratios", "independent batch sharpness",
)  # fmt: skip


@spec
class BatchSharpness:
    """E[gᵀHg] / E‖g‖² over mini-batches as large as those of the training, g and H of the same one: `batch sharpness`.

    It is what is said to settle at 2/η under stochastic gradient descent (Andreyev and Beneventano 2024, Edge of
    stochastic stability, arXiv:2412.20553); `batch sharpness / threshold` is its ratio to 2/η, read where the rule is
    one that bears 2/η. Beside it stand two that are taken for it: `mean of batch ratios`, E[gᵀHg / ‖g‖²], which weighs
    mini-batches with small gradients as much as others, and `independent batch sharpness`, the curvature of one
    mini-batch along the gradient of another, which is that of the whole loss along the gradients. Each has its standard
    error. In full-batch training all are the curvature along the gradient. A gradient and two products a mini-batch.

    Attributes:
        every: steps from one reading to the next.
        batches: mini-batches drawn for a reading, an even number; each is drawn without replacement.
        batch: examples in each; as many as the training takes unless given. In `ps.watch` it has to be given, as the
            loop's own cannot be seen.
    """

    every: int = 50
    batches: int = 64
    batch: int | None = None

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        if self.batches < 4 or self.batches % 2:
            raise BadInput(f"`batches` of BatchSharpness must be even and at least 4, got {self.batches}.")
        if self.batch is not None:
            at_least_one(self, "batch")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((SAME, RATIOS, INDEPENDENT), "loss / parameter²") | {AGAINST: "1"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return self.due(step)  # of all data, where those are the mini-batch

    def update(self, moment: Moment, memory: None) -> Reading:
        size = self.batch or moment.batch
        if size is None:
            raise BadInput(
                "how many examples a step of this training takes is not known. Say it, as in "
                "`ps.probes.BatchSharpness(batch=32)`."
            )
        pairs = list(_paired(moment.mini_batches(size, self.batches, SAME)))
        same = torch.cat([each for own, _ in pairs for each in own])
        crossed = torch.cat([other for _, other in pairs])
        if not bool((same[..., 1] > 0).any()):
            return [], None  # no gradient, along which there could be a curvature
        whole = len(same) == 1
        own = _evidenced(SAME, moment, same, size, whole)
        rows = own + _against(moment, own) + _averaged(RATIOS, moment, same[..., 0] / same[..., 1])
        return rows + _evidenced(INDEPENDENT, moment, crossed, size, whole), None


Terms = Float[Tensor, "b n 3"]
"""gᵀHg, ‖g‖² and ‖g‖‖Hg‖ of each mini-batch and row."""


def _paired(drawn: Iterator[Around]) -> Iterator[tuple[list[Terms], Terms]]:
    """Of two mini-batches at a time, each with its own gradient, and, as one, each with that of the other."""
    for one in drawn:
        other = next(drawn, None)
        if other is None:  # of all data there is only one
            here = _terms(one, [_slope(one)])
            yield here, here[0]
            return
        slopes = [_slope(one), _slope(other)]
        first, second = _terms(one, slopes), _terms(other, slopes)
        yield [first[0], second[1]], first[1] + second[0]


def _slope(around: Around) -> Float[Tensor, "n p"]:
    around.hessian()  # first, so that the gradient comes from its graph
    return around.gradient


def _terms(around: Around, slopes: list[Float[Tensor, "n p"]]) -> list[Float[Tensor, "1 n 3"]]:
    """Of one mini-batch, along several gradients."""
    block = torch.stack(slopes, dim=1)
    products = around.hessian().multiply(block).double()  # (n, k, p)
    g = block.double()
    parts = [(g * products).sum(-1), g.square().sum(-1), g.norm(dim=-1) * products.norm(dim=-1)]
    return list(torch.stack(parts, dim=-1).cpu().transpose(0, 1).unsqueeze(1))


def _evidenced(name: str, moment: Moment, terms: Terms, size: int, whole: bool) -> list[Rows]:
    """The ratio of the means with its standard error, for every row."""
    dtype = moment.points.dtype
    found = [mini_batches.ratio_of_means(row, size, 1.0, dtype, whole=whole) for row in terms.unbind(1)]
    values = torch.tensor([each.value for each in found], dtype=torch.float64)
    errors = torch.tensor([each.standard_error for each in found], dtype=torch.float64)
    return [Rows(name, moment.step, values), Rows(f"{name}.standard error", moment.step, errors)]


def _against(moment: Moment, own: list[Rows]) -> list[Rows]:
    """The same over 2/η, where the rule is plain descent: other rules have other thresholds, if any are known."""
    limits, rates = moment.thresholds, moment.rates
    if limits is None or rates is None:
        return []
    limits = limits.double().cpu()
    if not torch.allclose(limits * rates.double().cpu(), torch.full_like(limits, 2.0)):
        return []
    return [Rows(row.name.replace(SAME, AGAINST), row.step, row.values / limits) for row in own]


def _averaged(name: str, moment: Moment, ratios: Float[Tensor, "b n"]) -> list[Rows]:
    rows = [Rows(name, moment.step, ratios.mean(0))]
    if len(ratios) > 1:
        rows += [Rows(f"{name}.standard error", moment.step, ratios.std(0) / len(ratios) ** 0.5)]
    return rows
