"""Eigenvalues of any matrix along training, each started from the last, against dense matrices at every step."""

import math

import pytest
import torch
from torch import nn

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.core.trees import packed, unpacked
from phenoscope.instruments.own import OWN
from phenoscope.objective import CrossEntropy, Objective
from phenoscope.probes import Instruments, Tracked, writes
from phenoscope.training import Adam, train
from small import recipe

STEPS, TOL = 12, 1e-5


def followed(probe, recipes):
    """What a probe writes of a training (name -> step -> values of the rows), and the states that it saw."""
    found: dict[str, dict[int, list[float]]] = {}
    memory, states = None, list(train(recipes))
    for state in states:
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            memory = unpacked(*packed(memory, "m"))  # as through a checkpoint
            for each in rows:
                found.setdefault(each.name, {})[each.step] = each.values.tolist()
    return found, states


def dense(objective, matrix, scale=None):
    entries = objective.operator(matrix) @ torch.eye(len(objective.point), dtype=torch.float64)
    return entries if scale is None else entries / scale[:, None].sqrt() / scale.sqrt()


def spectra(states, row, matrix, *, parameters=(), divided=False):
    """All eigenvalues at every step, rising."""
    found = {}
    for state in states:
        objective = state.objective(row)
        scale = state.preconditioner[row] if divided and state.preconditioner is not None else None
        entries = dense(objective, matrix, scale)
        chosen = objective.chosen(*parameters) if parameters else torch.ones(len(entries), dtype=torch.bool)
        found[state.step] = torch.linalg.eigvalsh(entries[chosen][:, chosen])
    return found


NAMED = {
    "hessian": "sharpness",
    "gauss_newton": "gauss newton sharpness",
    "fisher": "fisher sharpness",
    "empirical_fisher": "empirical fisher sharpness",
    "gradient_covariance": "gradient covariance eigenvalue",
}


@pytest.mark.parametrize("matrix", NAMED)
def test_every_reading_is_the_eigenvalue_of_the_dense_matrix(matrix):
    recipes = [recipe(0.4, seed=seed, steps=STEPS, loss=CrossEntropy()) for seed in (3, 4)]
    probe = Tracked(matrix, every=1, k=2, tol=TOL, challenge_every=10)
    found, states = followed(probe, recipes)
    first, second = NAMED[matrix], f"{NAMED[matrix]} 2"
    assert probe.units.keys() == {first, second}
    assert all(writes((probe,), name) for name in found)
    for row in range(2):
        exact = spectra(states, row, matrix)
        for step in range(STEPS + 1):
            for name, value in ((first, exact[step][-1]), (second, exact[step][-2])):
                assert found[name][step][row] == pytest.approx(float(value), rel=1e-4)
                assert abs(found[name][step][row] - float(value)) <= found[f"{name}.residual"][step][row] + 1e-12
    assert found[f"{first}.failure probability"][0][0] <= 1e-2
    assert found[f"{first}.failure probability"].keys() == {0, 10}  # not looked for in between


def test_a_warm_reading_takes_fewer_products_than_a_cold_one():
    probe = Tracked("gauss_newton", every=1, challenge_every=100)
    found, _ = followed(probe, [recipe(0.1, seed=3, steps=30)])
    cold, *warm = found["gauss newton sharpness.products"].values()
    assert sum(each[0] for each in warm) / len(warm) < 0.6 * cold[0]


def test_the_smallest_ones_of_the_hessian_are_the_most_negative():
    found, states = followed(
        Tracked("hessian", every=1, k=2, end="smallest", tol=TOL), [recipe(0.3, seed=3, steps=STEPS)]
    )
    exact = spectra(states, 0, "hessian")
    for step in range(STEPS + 1):
        assert found["smallest eigenvalue"][step][0] == pytest.approx(float(exact[step][0]), rel=1e-4)
        assert found["smallest eigenvalue 2"][step][0] == pytest.approx(float(exact[step][1]), rel=1e-4)
    assert found["smallest eigenvalue"][0][0] < 0  # the cousin, smallest in size, is next to 0


@pytest.mark.parametrize("matrix", ["hessian", "gauss_newton"])
def test_of_some_parameters_it_is_that_of_their_block(matrix):
    probe = Tracked(matrix, every=1, tol=TOL, parameters=("head.*",))
    found, states = followed(probe, [recipe(0.3, seed=3, steps=STEPS)])
    exact = spectra(states, 0, matrix, parameters=("head.*",))
    whole = spectra(states, 0, matrix)
    name = f"{NAMED[matrix]} of head.*"
    assert [*probe.units] == [name]
    for step in range(STEPS + 1):
        assert found[name][step][0] == pytest.approx(float(exact[step][-1]), rel=1e-4)
        assert abs(found[name][step][0] - float(whole[step][-1])) > 1e-3


@pytest.mark.parametrize("parameters", [(), ("head.*",)], ids=str)
def test_as_an_adaptive_rule_meets_it(parameters):
    probe = Tracked("effective_gauss_newton", every=1, tol=TOL, parameters=parameters)
    found, states = followed(probe, [recipe(0.01, seed=3, steps=STEPS, rule=Adam(0.01))])
    exact = spectra(states, 0, "gauss_newton", parameters=parameters, divided=True)
    (name,) = probe.units
    assert min(found[name]) == 1  # before the first update nothing is divided
    for step in range(1, STEPS + 1):
        assert found[name][step][0] == pytest.approx(float(exact[step][-1]), rel=1e-4)
    assert followed(probe, [recipe(0.1, steps=4)])[0] == {}  # plain descent divides by nothing


def test_a_matrix_of_ones_own_is_followed_by_its_name():
    @ps.named_operator("residual_part")
    def residual_part(objective):
        return dense(objective, "hessian") - dense(objective, "gauss_newton")

    try:
        probe = Tracked("residual_part", every=4, tol=TOL)
        found, states = followed(probe, [recipe(0.3, seed=3, steps=STEPS)])
        for state in states[::4]:
            exact = torch.linalg.eigvalsh(residual_part(state.objective(0)))
            value = found["residual part largest eigenvalue"][state.step][0]
            assert (
                float((exact - value).abs().min()) <= found["residual part largest eigenvalue.residual"][state.step][0]
            )
            assert value >= 0.99 * float(exact[-1])  # two of them are closer than what a challenge promises to see
        every = Instruments(("residual_part_trace",), every=4)
        assert [*every.units] == ["residual part trace"]
        read = {rows.name: float(rows.values) for rows in every.update(states[0], None)[0]}
        exact = float(residual_part(states[0].objective(0)).trace())
        error = read["residual part trace.standard error"]
        assert abs(read["residual part trace"] - exact) <= 4 * error
    finally:
        OWN.pop("residual_part")


def test_a_row_of_a_cohort_is_read_as_alone_and_one_that_diverged_is_not():
    probe, steps = Tracked("fisher", every=10, tol=TOL), 30
    recipes = [recipe(lr, steps=steps, loss=CrossEntropy()) for lr in (0.1, 1e300)]
    both, alone = followed(probe, recipes)[0], followed(probe, recipes[:1])[0]
    values = both["fisher sharpness"]
    assert [values[step][0] for step in values] == pytest.approx(
        [alone["fisher sharpness"][step][0] for step in values], rel=1e-6
    )
    assert math.isfinite(values[0][1])
    assert math.isnan(values[30][1])


def test_linearised_and_quadratic_dynamics_are_read_where_they_have_the_matrix():
    twin = followed(Tracked("gauss_newton", every=4), [recipe(0.2, steps=4, dynamics="linearised")])[0]
    assert math.isfinite(twin["gauss newton sharpness"][4][0])
    assert followed(Tracked("gauss_newton", every=4), [recipe(0.2, steps=4, dynamics="quadratic")])[0] == {}
    part = Tracked("gauss_newton", every=4, parameters=("head.*",))
    assert followed(part, [recipe(0.2, steps=4, dynamics="linearised")])[0] == {}


def test_it_works_in_a_loop_of_ones_own(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    data = torch.randn(12, 3, dtype=torch.float64), torch.randint(2, (12,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    probes = [Tracked("hessian", every=2, parameters=("2.*",)), Tracked("gradient_covariance", every=2, k=2)]
    with ps.watch(model, nn.CrossEntropyLoss(), data, optimizer, run=tmp_path / "run", probes=probes):
        for _ in range(6):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    frame = ps.load(tmp_path / "run").series
    last = {row["name"]: row["value"] for row in frame.filter(frame["step"] == 6).to_dicts()}
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    chosen = objective.chosen("2.*")
    block = torch.linalg.eigvalsh(dense(objective, "hessian")[chosen][:, chosen])[-1]
    assert last["sharpness of 2.*"] == pytest.approx(float(block), rel=1e-3)
    covariance = torch.linalg.eigvalsh(dense(objective, "gradient_covariance"))
    assert last["gradient covariance eigenvalue 2"] == pytest.approx(float(covariance[-2]), rel=1e-3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"matrix": "nothing"}, "`matrix` of Tracked is one of hessian, gauss_newton, .*; got 'nothing'"),
        ({"matrix": "effective_nothing"}, "got 'effective_nothing'"),
        ({"matrix": "fisher", "end": "smallest"}, "smallest eigenvalue of a sum of squares such as 'fisher'"),
        ({"parameters": "head.*"}, "`parameters` of a probe is a tuple of patterns"),
        ({"k": 0}, "a tracker needs k"),
        ({"every": 0}, "`every` of Tracked must be at least 1"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_refused(options, sentence):
    with pytest.raises(BadInput, match=sentence):
        Tracked(**options)


def test_more_eigenvalues_than_parameters_stop_the_run_with_a_sentence():
    with pytest.raises(BadInput, match="11 eigenvalues are to be tracked of a matrix that has 10"):
        followed(Tracked("hessian", every=2, k=11, parameters=("head.*",)), [recipe(0.2, steps=2)])


def test_parameters_that_there_are_not_stop_the_run_with_a_sentence():
    with pytest.raises(BadInput, match="nothing"):
        followed(Tracked(every=2, parameters=("nothing.*",)), [recipe(0.2, steps=2)])
