"""An operator that is no symmetric matrix is told from one by every instrument that takes operators."""

import pytest
import torch
from torch import Tensor

from oracles import CE, CLASSES, POINTS, mlp, normal
from phenoscope.instruments import density, diagonal, eigenvalues, frobenius_norm, sharpness, trace
from phenoscope.instruments.outcome import Outcome
from phenoscope.objective import Matrix, Objective, Operator, Restricted, Scaled

SIZE = 60
SQUARE = normal(SIZE, SIZE, seed=4)
SYMMETRIC = SQUARE + SQUARE.T + torch.diag(torch.tensor([90.0, 70.0] + [8.0] * (SIZE - 2), dtype=torch.float64))
SKEW = SQUARE - SQUARE.T


class Function(Operator):
    """Whatever a function makes of rows (k, p)."""

    def __init__(self, function, dtype=torch.float64):
        super().__init__(1, SIZE, dtype, torch.device("cpu"))
        self._function = function

    def _apply(self, block: Tensor) -> Tensor:
        return self._function(block)


def noisy():
    generator = torch.Generator().manual_seed(0)
    return Function(lambda v: v @ SYMMETRIC * (1 + 0.01 * torch.randn(v.shape, generator=generator)))


FAULTS = {
    "a little skew": (lambda: Function(lambda v: v @ (SYMMETRIC + 0.05 * SKEW)), Outcome.NOT_SYMMETRIC),
    "no symmetry at all": (lambda: Function(lambda v: v @ SQUARE), Outcome.NOT_SYMMETRIC),
    "affine": (lambda: Function(lambda v: v @ SYMMETRIC + 40), Outcome.NOT_LINEAR),
    "absolute values": (lambda: Function(lambda v: (v @ SYMMETRIC).abs()), Outcome.NOT_LINEAR),
    "of the signs only": (lambda: Function(lambda v: v**3 @ SYMMETRIC), Outcome.NOT_LINEAR),
    "of the direction only": (
        lambda: Function(lambda v: v @ SYMMETRIC / v.norm(dim=-1, keepdim=True)),
        Outcome.NOT_LINEAR,
    ),
    "noisy": (noisy, Outcome.NOT_LINEAR),
}
INSTRUMENTS = {
    "sharpness": sharpness,
    "both ends": lambda operator: eigenvalues(operator, 2, "both"),
    "density": lambda operator: density(operator, tol=0.3),
    "hutchinson": trace,
    "hutch++": lambda operator: trace(operator, method="hutch++"),
    "xtrace": lambda operator: trace(operator, method="xtrace"),
    "exact trace": lambda operator: trace(operator, method="exact"),
    "block": lambda operator: trace(operator, chosen=torch.arange(SIZE) % 2 == 0),
    "diagonal": lambda operator: diagonal(operator, tol=0.3),
    "exact diagonal": lambda operator: diagonal(operator, method="exact"),
    "norm": frobenius_norm,
}


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_symmetric_matrix_never_converges(fault, instrument):
    make, expected = FAULTS[fault]
    found = INSTRUMENTS[instrument](make())
    assert found.outcome is expected
    assert not found.converged


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_a_symmetric_matrix_of_a_user_converges(instrument, dtype):
    matrix = SYMMETRIC.to(dtype)
    assert INSTRUMENTS[instrument](Function(lambda v: v @ matrix, dtype)).converged


@pytest.mark.parametrize(
    "values", [torch.zeros(SIZE), torch.ones(SIZE), torch.arange(SIZE) * 1e-20], ids=["0", "1", "tiny"]
)
@pytest.mark.parametrize("instrument", ["sharpness", "hutchinson", "exact trace", "diagonal", "norm"])
def test_diagonal_matrices_are_symmetric(instrument, values):
    """Forms of different vectors are rounding alone there."""
    assert INSTRUMENTS[instrument](Function(lambda v: v * values, torch.float32)).converged


@pytest.mark.parametrize("method", ["hutchinson", "hutch++", "exact"])
def test_the_trace_of_what_is_not_symmetric_holds_with_its_error(method):
    found = [
        trace(FAULTS["no symmetry at all"][0](), method=method, generator=torch.Generator().manual_seed(s))
        for s in range(40)
    ]
    apart = torch.tensor(
        [abs(each.value - SQUARE.trace().item()) / (1.96 * each.standard_error + 1e-9) for each in found]
    )
    assert (apart <= 1).double().mean() >= 0.9


def test_a_product_more_is_counted_and_never_beyond_what_is_allowed():
    operator = Function(lambda v: v @ SYMMETRIC)
    assert trace(operator, tol=1e-6, max_products=12).products == operator.products == 12
    operator = Function(lambda v: v @ SYMMETRIC)
    assert sharpness(operator).products == operator.products


def test_products_of_this_library_are_not_tested():
    objective = Objective(mlp(), CE, (POINTS, CLASSES))
    hessian = objective.hessian()
    half = torch.arange(hessian.size) % 2 == 0
    for matrix in (hessian, Restricted(hessian, half), Scaled(hessian, torch.ones(hessian.size)), Matrix(SYMMETRIC)):
        assert matrix.trusted
    theirs = Function(lambda v: v @ SYMMETRIC)
    for matrix in (theirs, Restricted(theirs, torch.arange(SIZE) > 3), Scaled(theirs, torch.ones(SIZE))):
        assert not matrix.trusted


def test_a_derivative_written_wrongly_is_seen_in_the_hessian():
    """The double backward of a gradient that is none gives products that are not symmetric."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, *grads):
            (x,) = ctx.saved_tensors
            return grads[0] * (2 + x.cumsum(1).cos())

    class Model(torch.nn.Sequential):
        def forward(self, input: Tensor) -> Tensor:
            return self[1](Wrong.apply(self[0](input)))

    model = Model(torch.nn.Linear(POINTS.shape[1], 6), torch.nn.Linear(6, 3)).double()
    objective = Objective(model, CE, (POINTS, CLASSES))
    dense = torch.stack([objective.hessian() @ row for row in torch.eye(len(objective.point), dtype=torch.float64)])
    assert (dense - dense.T).norm() > 0.01 * dense.norm()
    assert sharpness(objective).outcome is Outcome.NOT_SYMMETRIC
    assert trace(objective, method="hutchinson").outcome is Outcome.NOT_SYMMETRIC


def test_a_chance_above_the_risk_is_said():
    spread = Matrix(torch.diag(torch.linspace(0, 1, 300, dtype=torch.float64)))
    enough = eigenvalues(spread, risk=None)
    assert enough.converged
    found = eigenvalues(spread, risk=1e-40, max_products=enough.products)
    assert found.residuals.max() <= 1e-3
    assert found.failure_probability > 1e-40
    assert found.outcome is Outcome.UNSURE
    assert not found.first.converged
    sure = eigenvalues(spread, risk=1e-40)
    assert sure.converged
    assert sure.failure_probability <= 1e-40
