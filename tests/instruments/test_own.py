"""Matrices of one's own: by their name they are measured like those of the loss, against the dense matrix."""

import pytest
import torch

import phenoscope as ps
from oracles import PROBLEMS, dense_hessian
from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Outcome
from phenoscope.instruments.named import known
from phenoscope.instruments.own import OWN
from phenoscope.objective import Objective, Operator
from phenoscope.objective.operators import KINDS


@pytest.fixture(autouse=True)
def _forgotten():
    """Names last for the process; those of a test end with it."""
    before = dict(OWN)
    yield
    OWN.clear()
    OWN.update(before)


class Squared(Operator):
    """The square of the Hessian, by two products."""

    def __init__(self, objective):
        self._hessian = objective.hessian()
        super().__init__(1, self._hessian.size, self._hessian.dtype, self._hessian.device)

    def _apply(self, block):
        return self._hessian.multiply(self._hessian.multiply(block))


def problem():
    made = PROBLEMS["tanh perceptron"]()
    hessian = dense_hessian(made.total, made.model)
    return Objective(made.model, made.loss, made.data, **made.options), hessian @ hessian


NAMES = ("squared_largest_eigenvalue", "squared_smallest_eigenvalue", "squared_eigenvalues:3", "squared_trace",
         "squared_frobenius_norm", "squared_diagonal", "squared_density", "squared_outliers")  # fmt: skip


def test_all_that_is_measured_of_a_matrix_is_that_of_the_dense_one():
    ps.named_operator("squared", says="squared Hessian", unit="(loss per squared parameter)²")(Squared)
    objective, dense = problem()
    panel, spectrum = ps.measure(objective, NAMES), torch.linalg.eigvalsh(dense)
    assert all(line.unit == "(loss per squared parameter)²" for line in panel.lines[:-1])
    assert "squared Hessian" in panel["squared_trace"].says
    assert panel["squared_largest_eigenvalue"].value == pytest.approx(float(spectrum[-1]), rel=1e-3)
    smallest = panel["squared_smallest_eigenvalue"]
    assert abs(smallest.value - float(spectrum[0])) <= smallest.reading.residual + 1e-12
    values = panel["squared_eigenvalues:3"].reading.values
    assert values[:3].tolist() == pytest.approx(spectrum[-3:].flip(0).tolist(), rel=1e-2)
    for name, exact in (("trace", spectrum.sum()), ("frobenius_norm", spectrum.norm()), ("diagonal", spectrum.mean())):
        line = panel[f"squared_{name}"]
        assert line.converged
        assert abs(line.value - float(exact)) <= 4 * line.reading.error
    assert panel["squared_density"].value == pytest.approx(float(spectrum.square().mean().sqrt()), rel=1e-9)


def test_it_is_made_anew_for_some_parameters_and_for_parts_of_the_data():
    seen = []

    @ps.named_operator("squared")
    def squared(objective):
        seen.append((len(objective.point), sum(objective.partition)))
        return Squared(objective)

    objective, _ = problem()
    chosen = objective.chosen("0.*")
    block = torch.linalg.eigvalsh(
        (objective.hessian() @ torch.eye(len(chosen), dtype=torch.float64))[chosen][:, chosen]
    )
    some = ps.measure(objective, ("squared_largest_eigenvalue",), parameters="0.*", leave_out=2)
    assert some["squared_largest_eigenvalue"].value == pytest.approx(float(block.square().max()), rel=1e-3)
    examples = sum(objective.partition)
    assert set(seen) == {(int(chosen.sum()), examples), (int(chosen.sum()), examples // 2)}


def test_a_dense_matrix_will_do():
    objective, dense = problem()
    ps.named_operator("dense")(lambda _: dense)
    optimizer = torch.optim.Adam(objective.model.parameters(), lr=0.01)
    optimizer.zero_grad()
    objective.model(PROBLEMS["tanh perceptron"]().data[0]).square().sum().backward()
    optimizer.step()
    panel = ps.measure(objective, ("dense_trace", "effective_dense_largest_eigenvalue"), optimizer=optimizer)
    trace = panel["dense_trace"]
    assert abs(trace.value - float(dense.trace())) <= 4 * trace.reading.error
    scale = ps.preconditioned(objective, optimizer)._scale[0, 0]
    expected = torch.linalg.eigvalsh(scale[:, None] * dense * scale)[-1]
    assert panel["effective_dense_largest_eigenvalue"].value == pytest.approx(float(expected), rel=1e-3)


def test_one_that_is_not_symmetric_is_told():
    class Skewed(Squared):
        def _apply(self, block):
            return super()._apply(block) + block.roll(1, dims=-1)

    ps.named_operator("skewed")(Skewed)
    line = ps.measure(problem()[0], ("skewed_trace",))["skewed_trace"]
    assert line.reading.outcome is Outcome.NOT_SYMMETRIC


def test_what_its_function_raises_or_returns_instead_is_told_in_a_sentence():
    ps.named_operator("broken")(lambda objective: objective.nothing)
    ps.named_operator("other", says="another matrix")(lambda _: 3.0)
    objective, _ = problem()
    with pytest.raises(ps.PhenoscopeError, match=r"broken_trace cannot be measured here: AttributeError: .*nothing"):
        ps.measure(objective, ("broken_trace",))
    with pytest.raises(BadInput, match=r"another matrix must be a .*Operator.*returned a float"):
        ps.measure(objective, ("other_trace",))


def test_names_that_are_taken_or_cannot_be_typed_are_refused():
    for name in ("hessian", "fisher", "effective_mine"):
        with pytest.raises(BadInput, match="is a name of this library's own"):
            ps.named_operator(name)
    for name in ("Mine", "my matrix", "2nd", "a:b", ""):
        with pytest.raises(BadInput, match="the name of an operator has lower-case letters"):
            ps.named_operator(name)
    ps.named_operator("mine")(Squared)
    with pytest.raises(BadInput, match=r"two operators are called 'mine': .*Squared and .*problem"):
        ps.named_operator("mine")(problem)
    assert ps.named_operator("mine")(Squared) is Squared  # written anew, as in a notebook
    with pytest.raises(BadInput, match=r"names out of .* mine_trace"):
        ps.measure(problem()[0], ("nothing",))


def test_no_name_hides_one_of_the_registry():
    """Whatever its name is: no instrument of the registry is called as one of a matrix of one's own would be."""
    stems = {name.rpartition("_")[0] for name in INSTRUMENTS} | {"gauss", "empirical", "smallest", "weight"}
    for name in sorted(stems - set(KINDS) - {""}):
        ps.named_operator(name)(Squared)
    there = known()
    assert len(OWN) > 20
    assert {name: there[name] for name in INSTRUMENTS} == INSTRUMENTS
