"""The probe that follows eigenspaces, against dense eigenvectors along a path written out by hand."""

import math

import pytest
import torch
from torch.autograd.functional import hessian

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import packed, unpacked
from phenoscope.probes import Eigenspaces
from phenoscope.probes.eigenspaces import BATCH
from phenoscope.training import train
from small import losses, path, recipe

RECIPE = recipe(0.4, steps=12)
FIRST, LAST, SHARE = Eigenspaces().units


def read(probe, recipes, stored=False):
    """The values of the rows by name and step, with the memory taken apart and put together in between."""
    memory, found = None, {}
    for state in train(recipes):
        if probe.needs_curvature(state.step):
            state.around.hessian()
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            if stored:
                memory = unpacked(*packed(memory, "memory"))
            for reading in rows:
                found.setdefault(reading.name, {})[reading.step] = reading.values.tolist()
    return found


def tops(made, k):
    """(vectors (p, k), gradient) at every fourth point of the path."""
    found = []
    for point in path(made)[::4]:
        here = point.clone().requires_grad_()
        (slope,) = torch.autograd.grad(losses(made, here), here)
        found.append((torch.linalg.eigh(hessian(lambda at, made=made: losses(made, at), point))[1][:, -k:], slope))
    return found


@pytest.mark.parametrize("k", [1, 2, 4])
def test_overlaps_and_share_are_those_of_dense_eigenvectors(k):
    found = read(Eigenspaces(every=4, k=k, tol=1e-9, challenge_every=1), [RECIPE])
    dense = tops(RECIPE, k)
    assert list(found[SHARE]) == [0, 4, 8, 12]
    assert list(found[FIRST]) == list(found[LAST]) == [4, 8, 12]
    for i, (vectors, slope) in enumerate(dense):
        step = 4 * i
        share = ((vectors.T @ slope).square().sum() / slope.square().sum()).item()
        assert found[SHARE][step][0] == pytest.approx(share, rel=1e-6)
        if i:
            first = (vectors.T @ dense[0][0]).square().sum().item() / k
            last = (vectors.T @ dense[i - 1][0]).square().sum().item() / k
            assert found[FIRST][step][0] == pytest.approx(first, rel=1e-6)
            assert found[LAST][step][0] == pytest.approx(last, rel=1e-6)
        assert all(
            found[f"{name}.residual"][step][0] < 1e-4 for name in found if step in found.get(f"{name}.residual", {})
        )


def test_rough_spaces_are_within_their_bounds():
    found, dense = read(Eigenspaces(every=4, k=2, tol=0.1), [RECIPE]), tops(RECIPE, 2)
    for i in range(1, 4):
        exact = (dense[i][0].T @ dense[0][0]).square().sum().item() / 2
        assert abs(found[FIRST][4 * i][0] - exact) <= found[f"{FIRST}.residual"][4 * i][0]


def test_a_row_of_a_cohort_is_what_it_is_alone_and_memory_can_be_stored():
    recipes = [recipe(0.4, seed=seed, steps=4) for seed in (1, 2)]
    probe = Eigenspaces(every=2, tol=1e-10)
    together = read(probe, recipes)
    assert together == read(probe, recipes, stored=True)
    for row, made in enumerate(recipes):
        alone = read(probe, [made])
        for name in (FIRST, LAST, SHARE):
            assert alone[name][4][0] == pytest.approx(together[name][4][row], rel=1e-6)


def test_k_is_the_number_of_classes_or_of_a_fixed_few_without_a_network():
    by_classes = read(Eigenspaces(every=4), [RECIPE])
    assert by_classes[FIRST][12] == pytest.approx(read(Eigenspaces(every=4, k=2), [RECIPE])[FIRST][12], rel=1e-9)
    quadratic = read(Eigenspaces(every=4), [recipe(0.1, steps=4, dynamics="quadratic")])
    assert quadratic[LAST][4] == pytest.approx([1.0])  # one Hessian all along


def test_diverged_rows_have_no_reading_and_nonsense_is_refused():
    found = read(Eigenspaces(every=30), [recipe(0.1, steps=30), recipe(1e4, steps=30)])
    assert math.isfinite(found[SHARE][30][0])
    with pytest.raises(BadInput, match="`k` of Eigenspaces must be at least 1, got 0"):
        Eigenspaces(k=0)
    with pytest.raises(BadInput, match="a tracker needs"):
        Eigenspaces(tol=0.0)


def test_mini_batches_have_shares_of_their_own():
    """A batch of all data has the share of the full gradient; smaller ones have the mean over theirs."""
    made = recipe(0.4, steps=4, batch=8)
    probe = Eigenspaces(every=4, k=2, tol=1e-9, challenge_every=1, batches=6)
    found = read(probe, [made])
    last = list(train([made]))[-1]
    vectors = last.around.hessian() @ torch.eye(26, dtype=torch.float64)
    top = torch.linalg.eigh(vectors.reshape(26, 26)).eigenvectors[:, -2:]
    shares = []
    for around in last.mini_batches(8, 6, BATCH):
        slope = around.gradient[0]
        shares.append(((top.T @ slope).square().sum() / slope.square().sum()).item())
    assert found[BATCH][4][0] == pytest.approx(sum(shares) / 6, rel=1e-6)
    assert found[f"{BATCH}.residual"][4][0] == pytest.approx(torch.tensor(shares).std().item() / 6**0.5, rel=1e-3)
    whole = read(Eigenspaces(every=4, k=2, tol=1e-9, batches=6), [recipe(0.4, steps=4)])
    assert whole[BATCH][4] == pytest.approx(whole[SHARE][4], rel=1e-9)


def test_random_spaces_have_their_dimension_over_that_of_all():
    rows = [recipe(0.4, seed=seed, steps=1) for seed in range(40)]
    found = read(Eigenspaces(every=1, k=4, random=True), rows)
    for name in (SHARE, FIRST, LAST):
        assert sum(found[name][1]) / 40 == pytest.approx(4 / 26, abs=0.04)
    assert max(found[f"{SHARE}.residual"][1]) < 1e-12
