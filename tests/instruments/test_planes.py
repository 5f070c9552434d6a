"""Planes through points: coordinates by a loop, variance by numpy's decomposition, distortion by statistics."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.objective import Objective


def classifying():
    return Objective(mlp(), CE, (normal(40, 4), labels(3, 40)))


def looped(objective, plane):
    start, rows = objective.point, []
    for a in plane.coordinates[0].tolist():
        for b in plane.coordinates[1].tolist():
            write(plane.origin + a * plane.axes[0] + b * plane.axes[1], objective.model)
            rows.append(objective.loss())
    write(start, objective.model)
    return torch.stack(rows).reshape(plane.losses.shape)


def test_three_points_lie_in_their_plane_at_their_distances():
    objective, models = classifying(), [mlp(seed=seed) for seed in (3, 4, 5)]
    found = ps.plane_through(objective, models, grid=5)
    assert_close(found.losses, looped(objective, found), rtol=1e-9, atol=1e-12)
    given = torch.stack([point(each) for each in models])
    assert_close(torch.cdist(found.points, found.points), torch.cdist(given, given))
    assert_close(found.axes @ found.axes.mT, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-12)
    assert found.kept == pytest.approx(1.0)
    assert found.away.max() < 1e-6
    assert_close(found.points[0], torch.zeros(2, dtype=torch.float64))
    assert found.points[1, 1].abs() < 1e-9
    assert found.distortion is None


def test_the_principal_plane_of_a_way_keeps_what_numpy_says():
    objective = classifying()
    way = torch.stack([objective.point + 0.3 * step.sum(dim=0) for step in normal(7, 9, len(objective.point))])
    found = ps.plane_through(objective, way, grid=4)
    offsets = (way - way[-1]).numpy()
    sizes = np.linalg.svd(offsets, compute_uv=False) ** 2
    assert found.kept == pytest.approx(sizes[:2].sum() / sizes.sum())
    rebuilt = way[-1] + found.points @ found.axes
    assert_close((way - rebuilt).norm(dim=1), found.away)
    assert torch.equal(found.origin, way[-1])
    assert_close(found.losses, looped(objective, found), rtol=1e-9, atol=1e-12)
    for axis, row in enumerate(found.coordinates):  # the picture holds all the points
        assert row[0] < found.points[:, axis].min()
        assert row[-1] > found.points[:, axis].max()


def test_statistics_of_one_point_distort_the_picture():
    def normalised(seed):
        model = drawn(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), seed)
        model(3 * normal(20, 4, seed=9) + 1)
        return model.eval()

    models = [normalised(seed) for seed in (1, 2, 3)]
    objective = Objective(models[0], CE, (normal(40, 4), labels(3, 40)))
    found = ps.plane_through(objective, models, grid=4)
    stored = ps.plane_through(objective, models, grid=4, statistics="stored")
    expected = (found.losses - stored.losses).abs().max() / (found.losses.max() - found.losses.min())
    assert found.distortion == pytest.approx(float(expected))
    assert found.distortion > 0.1
    assert stored.distortion is None
    assert "distort" in str(found)


def test_points_that_make_no_plane_are_told():
    objective = classifying()
    one, two = objective.point, objective.point + 1
    for points, says in (
        ([one, two], "at least 3 points"),
        ([one, one, two], "two of the three points are one"),
        ([one, two, (one + two) / 2], "on one line"),
        ([one, two, (one + two) / 2, 3 * two - 2 * one], "on one line"),
    ):
        with pytest.raises(BadInput, match=says):
            ps.plane_through(objective, points)
