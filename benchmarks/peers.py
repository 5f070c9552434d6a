"""The peers, each behind the same few functions; `make benchmarks-peers` installs them beside this package.

Each is used as its own documentation shows, with the model, the loss and the data of a workload. What a peer needs so
as to run at all with today's PyTorch is mended here, from outside: PyHessian calls `torch.eig`, which is gone, and
leaves gradients with their graphs in the model. Checks that a peer makes for its user's safety are switched off, so
their time is not counted against it.
"""

import contextlib
import dataclasses
import importlib
import importlib.metadata
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.workloads import Workload

CURVATURE = {
    "PyHessian": "pyhessian",
    "curvlinops": "curvlinops-for-pytorch",
    "hessian-eigenthings": "hessian-eigenthings",
}
ALIGNMENT = {"rebasin": "rebasin"}
MOST_ITERATIONS = 500
"""Of PyHessian, for each eigenvalue."""

Multiply = Callable[[Tensor], Tensor]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Eigenpairs as found: values (k,), unit vectors (p, k), and the products it took."""

    values: Tensor
    vectors: Tensor
    products: int


def versions(packages: Mapping[str, str] = CURVATURE) -> dict[str, str | None]:
    """The version of each peer, `None` where it is not installed."""
    found: dict[str, str | None] = dict.fromkeys(packages)
    for name, package in packages.items():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(package)
    return found


@contextlib.contextmanager
def differentiable() -> Iterator[None]:
    """What every peer asks of its user: attention that can be differentiated twice. Warnings are kept quiet."""
    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# The operators, as products with one flat vector. ---------------------------------------------------------------------


def pyhessian_product(work: Workload, *, batches: int = 1) -> Multiply:
    """PyHessian's: the graph is kept for a single batch, and rebuilt batch by batch for a loader."""
    from pyhessian.utils import hessian_vector_product

    made = pyhessian(work, batches=batches)

    def multiply(vector: Tensor) -> Tensor:
        parts = _parts(vector, work)
        if batches > 1:
            return _flat(made.dataloader_hv_product(parts)[1])
        return _flat(hessian_vector_product(made.gradsH, made.params, parts))

    return multiply


def curvlinops_product(work: Workload, *, batches: int = 1) -> Multiply:
    operator = curvlinops(work, batches=batches)
    return lambda vector: operator @ vector


def eigenthings_product(work: Workload, *, batches: int = 1) -> Multiply:
    return eigenthings(work, batches=batches).matvec


PRODUCTS: dict[str, Callable[..., Multiply]] = {
    "PyHessian": pyhessian_product,
    "curvlinops": curvlinops_product,
    "hessian-eigenthings": eigenthings_product,
}


def pyhessian(work: Workload, *, batches: int = 1) -> Any:
    """PyHessian's own object, whose gradients do not stay behind in the model."""
    from pyhessian import hessian

    data = {"data": work.data} if batches == 1 else {"dataloader": work.loader(batches)}
    made = hessian(work.model, work.loss, **data, cuda=False)
    for parameter in work.model.parameters():
        parameter.grad = None
    return made


def curvlinops(work: Workload, *, batches: int = 1) -> Any:
    """The linear operator of curvlinops; its check that the loss is deterministic is left out."""
    from curvlinops import HessianLinearOperator

    parameters = list(work.model.parameters())
    return HessianLinearOperator(work.model, work.loss, parameters, _data(work, batches), check_deterministic=False)


def eigenthings(work: Workload, *, batches: int = 1) -> Any:
    """hessian-eigenthings' operator with exact products."""
    from hessian_eigenthings import HessianOperator, supervised_loss

    return HessianOperator(work.model, _data(work, batches), supervised_loss(work.loss))


# The largest eigenvalues, to a tolerance of the peer's own. -----------------------------------------------------------


def pyhessian_pairs(work: Workload, k: int, tol: float, *, batches: int = 1) -> Pairs:
    """Power iteration with deflation; `tol` is the change between two iterations."""
    torch.manual_seed(0)
    with _counting_pyhessian() as products:
        values, vectors = pyhessian(work, batches=batches).eigenvalues(maxIter=MOST_ITERATIONS, tol=tol, top_n=k)
    for parameter in work.model.parameters():
        parameter.grad = None
    return Pairs(torch.tensor(values), torch.stack([_flat(vector) for vector in vectors], dim=1), len(products))


def curvlinops_pairs(work: Workload, k: int, tol: float, *, batches: int = 1) -> Pairs:
    """SciPy's `eigsh` on curvlinops' operator."""
    return lanczos_of_scipy(curvlinops_product(work, batches=batches), work.size, k, tol)


def eigenthings_pairs(work: Workload, k: int, tol: float, *, batches: int = 1) -> Pairs:
    """Lanczos of a size fixed beforehand, made half as large again until it says of itself that it has converged."""
    from hessian_eigenthings import lanczos

    operator, products, steps = eigenthings(work, batches=batches), 0, max(10, 2 * k)
    while True:
        found = lanczos(operator, k=k, max_iter=steps, tol=tol, which="LA", reorthogonalize=True, seed=0)
        products += found.iterations
        if bool(found.converged.all()):
            return Pairs(found.eigenvalues, found.eigenvectors.mT, products)
        steps = steps * 3 // 2


PAIRS: dict[str, Callable[..., Pairs]] = {
    "PyHessian": pyhessian_pairs,
    "curvlinops": curvlinops_pairs,
    "hessian-eigenthings": eigenthings_pairs,
}


def lanczos_of_scipy(multiply: Multiply, size: int, k: int, tol: float) -> Pairs:
    """SciPy's `eigsh` (ARPACK) on any product, from a fixed start."""
    products = 0

    def matvec(vector: Any) -> Any:
        nonlocal products
        products += 1
        return multiply(torch.as_tensor(vector).flatten()).numpy()

    start = torch.randn(size, generator=torch.Generator().manual_seed(0)).numpy()
    operator = LinearOperator((size, size), matvec, dtype="float32")
    values, vectors = eigsh(operator, k, which="LA", tol=tol, v0=start)
    return Pairs(torch.tensor(values.copy()).flip(0), torch.tensor(vectors.copy()).flip(1), products)


@contextlib.contextmanager
def mended() -> Iterator[None]:
    """`torch.eig` as PyHessian's density calls it, of symmetric matrices: values (m, 2) and vectors."""

    def eig(matrix: Tensor, *, eigenvectors: bool) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(matrix)
        return torch.stack([values, torch.zeros_like(values)], dim=1), vectors

    with mock.patch.object(torch, "eig", eig, create=True):
        yield


@contextlib.contextmanager
def _counting_pyhessian() -> Iterator[list[None]]:
    """A list that grows by one with each product."""
    module = importlib.import_module("pyhessian.hessian")  # by name, for the package hides it behind a class
    counted: list[None] = []

    def noting(product: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            counted.append(None)
            return product(*arguments)

        return noted

    kept, rebuilt = module.hessian_vector_product, module.hessian.dataloader_hv_product
    with (
        mock.patch.object(module, "hessian_vector_product", noting(kept)),
        mock.patch.object(module.hessian, "dataloader_hv_product", noting(rebuilt)),
    ):
        yield counted


def _data(work: Workload, batches: int) -> Any:
    return [work.data] if batches == 1 else work.loader(batches)


def _parts(vector: Tensor, work: Workload) -> list[Tensor]:
    sizes = [parameter.numel() for parameter in work.model.parameters()]
    return [part.view_as(p) for part, p in zip(vector.split(sizes), work.model.parameters(), strict=True)]


def _flat(parts: Any) -> Tensor:
    return torch.cat([part.detach().reshape(-1) for part in parts])
