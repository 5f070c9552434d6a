"""What do all curvatures add up to? By the cheapest route: layer by layer, by random probes, or summed exactly."""

import dataclasses
from collections.abc import Callable
from typing import Literal, cast

import torch
from jaxtyping import Bool
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs, vectors_of
from phenoscope.instruments.traces.hutchinson import Share, Sum, Vectors, hutchinson
from phenoscope.instruments.traces.layerwise import ByLayers
from phenoscope.instruments.traces.sketched import hutch_pp, xtrace
from phenoscope.objective import Objective, Operator, OperatorName, Restricted
from phenoscope.objective.layers.displaced import LayersDiffer
from phenoscope.objective.layers.space import layer_space

Method = Literal["auto", "layer-wise", "hutchinson", "hutch++", "xtrace", "exact"]
METHODS = ("auto", "layer-wise", "hutchinson", "hutch++", "xtrace", "exact")


@dataclasses.dataclass(frozen=True)
class Trace(Reading):
    """The trace of a symmetric operator, with its evidence.

    Attributes:
        value: in the units of the operator.
        standard_error: of the value; value ± 1.96 · standard_error covers the trace in about 95 of 100 draws. Where
            nothing was left to chance it is the rounding alone.
        scale: what a trace near 0 is measured against: ‖A‖_F, the Frobenius norm, estimated from the same products;
            by layer-wise rules |value|, unless the norm was needed.
        probes: random vectors used; 0 where the trace was summed exactly.
        products: operator products used; by layer-wise rules, passes backwards through all data.
        outcome: how the estimate ended.
        method: how it was found.
        note: why not by a cheaper method, where one was looked at.
    """

    value: float
    standard_error: float
    scale: float
    probes: int
    products: int
    outcome: Outcome
    method: str = "hutchinson"
    note: str = ""

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "summed exactly"
        told = f"standard error {self.standard_error:.2g}; {self.outcome}, {drawn}, {self.products} products"
        return f"{told}, {self.method}" + (f" ({self.note})" if self.note else "")


def trace(
    objective: Objective | Operator,
    tol: float = 0.05,
    *,
    operator: OperatorName = "hessian",
    method: Method = "auto",
    chosen: Bool[Tensor, " p"] | None = None,
    deflate: Eigenpairs | Eigenpair | Tensor | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> Trace:
    r"""Trace of a curvature matrix of a loss, or of any operator: the sum of all its eigenvalues.

    Units: loss per squared parameter. The methods:

    - `"layer-wise"`, for objectives: the trace of the Hessian is the sum of the traces of the layers' diagonal blocks,
      Σ_n A_nᵀ Hₙ A_n with Hₙ the second derivative in what is added to a layer's output for example n. Signs of the
      parameters that are independent for each example make every example an estimate of its own, from one product for
      all; the error comes from each example's spread around its own mean. Where an example has few outputs, the
      Gauss-Newton part is summed exactly from the squared gradients of its outputs (Dangel, Kunstner, Hennig 2020,
      BackPACK, arXiv:1912.10985), and only the rest is left to probes. Each layer is checked against the true
      derivatives; parameters for which there is no rule (tied ones, say) are left to Hutchinson's probes, and where
      examples depend on each other all are: `note` says which and why.
    - `"hutchinson"` (Hutchinson 1990, "A stochastic estimator of the trace of the influence matrix", Communications in
      Statistics 19) in the complement of known vectors. With orthonormal columns Q, P = I - QQᵀ and random signs z,
      tr A = tr QᵀAQ + E[zᵀBz], B = PAP; the first term is computed exactly, and need not be of eigenvectors for the
      sum to be unbiased: they only make the second vary less. The error comes from
      Var(zᵀBz) = 2 Σᵢ Var(zᵢ(Bz)ᵢ) (both are 2 Σ_{i≠j} Bᵢⱼ²), summing the sample's variances of all p terms. The
      deviation of the n sums zᵀBz themselves, the usual estimate, knows the same number from n values only: where one
      eigenvalue dominates, probes that happen to agree end the estimate early, and its 95 % cover 82 %
      (`tests/instruments/test_trace.py`). Looking after every block and stopping when the error is small enough costs
      this one two points of coverage at most where it was tried, and moves the value by about tol standard errors.
    - `"hutch++"` (Meyer, Musco, Musco, Woodruff 2021, arXiv:2010.09649) spends a third of its products on finding a
      subspace that it then deflates; `"xtrace"` (Epperly, Tropp, Webber 2024, arXiv:2301.07825) lets every probe be
      left out in turn. For matrices whose spectrum decays fast they need far fewer products. The Hessians of networks
      have a few outliers and a long bulk: there they were no better than Hutchinson's estimator with as many products,
      and worse than it with the outliers deflated.
    - `"exact"` sums the diagonal: p products, or a few passes where layer-wise rules allow it.
    - `"auto"`: layer-wise where there are rules, else Hutchinson's; exact where that is cheaper.

    Args:
        objective: the loss (taken at the model's own point), or any operator; what is none is told as by `eigenvalues`.
        tol: stop once the standard error is at most tol · max(|value|, ‖A‖_F). No trace of a positive matrix is
            below its Frobenius norm; for others this keeps a trace near 0 from never converging (it takes at
            most about 2 / tol² probes).
        operator: which curvature of an objective.
        method: see above.
        chosen: (p,), the coordinates whose diagonal block is meant, such as `objective.chosen("layers.0.*")`.
        deflate: known eigenvectors, as an earlier reading or as columns (p,) or (p, k), orthonormal or not; they
            cost k products. Layer-wise rules have no use for them.
        max_products: give up after so many; the outcome then says "not converged", and value and error hold. Where
            the probes still needed outnumber the parameters, the diagonal is summed instead.
        generator: of the signs; seeded with 0 unless given.

    Returns:
        `Trace`: value, standard_error, scale, probes, products, outcome, method, note.

    Raises:
        BadInput: tol or max_products out of range, vectors of the wrong shape, an operator of several rows, a method
            that does not fit.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> trace(Matrix(torch.diag(torch.arange(100.0)))).value
        4950.0
    """
    generator = seeded(generator)
    asked = Request(tol, operator, method, chosen, deflate, max_products, generator)
    if isinstance(objective, Operator):
        return trace_of(None, lambda: objective, asked)
    return trace_of(objective, lambda: objective.operator(operator), asked)


@dataclasses.dataclass(frozen=True, eq=False)
class Request:
    """What is asked for: the arguments of `trace`."""

    tol: float
    operator: str
    method: Method
    chosen: Tensor | None
    deflate: Vectors
    max_products: int
    generator: torch.Generator


def trace_of(objective: Objective | None, make: Callable[[], Operator], asked: Request) -> Trace:
    """The trace of a matrix that is made only if its products are needed; by rules only where there is an objective."""
    one_of("`method`", asked.method, METHODS)
    if not asked.tol > 0:
        raise BadInput(f"`tol` must be positive, got {asked.tol}.")
    note = ""
    if asked.method in ("auto", "layer-wise", "exact") and objective is not None:
        found, note = _by_layers(objective, make, asked)
        if found is not None:
            return found
    if asked.method == "layer-wise":
        raise BadInput(f"there are no layer-wise rules here: {note or 'an operator does not say its layers'}.")
    matrix = Checked(_block(make(), asked.chosen))
    vectors = _vectors(asked.deflate, asked.chosen, matrix)
    if asked.method == "hutch++":
        found = hutch_pp(matrix, asked.tol, asked.max_products, asked.generator)
    elif asked.method == "xtrace":
        found = xtrace(matrix, asked.tol, asked.max_products, asked.generator)
    else:
        exact = asked.method == "exact"
        found = hutchinson(matrix, asked.tol, vectors, asked.max_products, asked.generator, exact=exact)
    named = "hutchinson" if asked.method == "auto" else asked.method
    return _reading(_judged(found, matrix, asked), "exact" if found.probes == 0 else named, note)


def _judged(found: Sum, matrix: Checked, asked: Request) -> Sum:
    """With the outcome that the operator deserves."""
    outcome, more = matrix.judged(found.outcome, asked.tol, asked.max_products - found.products)
    return dataclasses.replace(found, outcome=outcome, products=found.products + more)


def _by_layers(objective: Objective, make: Callable[[], Operator], asked: Request) -> tuple[Trace | None, str]:
    """The trace by rules, with ordinary probes for the parameters that have none; `None`, and why, without any."""
    which = cast(OperatorName, asked.operator)  # an objective has no others
    space = layer_space(objective, which, chosen=asked.chosen)
    if not space.layers:
        return None, space.reason
    whole, partly = int(space.covered.sum()), bool(space.rest.any())
    size = len(space.covered) if asked.chosen is None else int(asked.chosen.sum())
    # With a rest the two errors share what is allowed.
    tol = asked.tol / (2 if partly else 1)
    rules = ByLayers(space, which, tol, asked.generator)
    try:
        if asked.method == "exact":
            part = rules.exact()
        else:
            part = rules.trace(asked.max_products, size, lambda: _block(make(), asked.chosen))
    except LayersDiffer:
        return None, "the layers are not called alike for all batches"
    if part is None:
        return None, ""
    if not partly:
        return _reading(part, "layer-wise", ""), ""
    rest = Checked(Restricted(make(), space.rest))
    known = Share(part.value, part.standard_error**2, 0.0)
    left = max(2, asked.max_products - part.products)
    vectors = _vectors(asked.deflate, space.rest, rest)
    found = hutchinson(rest, asked.tol, vectors, left, asked.generator, known=known, exact=asked.method == "exact")
    found = _judged(found, rest, dataclasses.replace(asked, max_products=left))
    found = dataclasses.replace(found, products=found.products + part.products, probes=found.probes + part.probes)
    share = f"{whole:,} of {whole + rest.size:,} parameters; {space.reason}"
    return _reading(found, "layer-wise", share), ""


def _reading(found: Sum, method: str, note: str) -> Trace:
    return Trace(**vars(found), method=method, note=note)


def _block(matrix: Operator, chosen: Tensor | None) -> Operator:
    return matrix if chosen is None else Restricted(matrix, chosen)


def _vectors(deflate: Vectors, chosen: Tensor | None, matrix: Operator) -> Vectors:
    """The vectors to deflate, as columns in the coordinates chosen."""
    if deflate is None or chosen is None:
        return deflate
    vectors = vectors_of(deflate)
    return vectors[chosen] if vectors.shape[:1] == chosen.shape else vectors
