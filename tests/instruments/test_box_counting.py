"""Box counting: sets whose dimension is known."""

import math

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments.landscapes.box_counting import boundary, box_dimension
from phenoscope.instruments.outcome import Outcome

SIDE = 512


def grid(side=SIDE):
    axis = (torch.arange(side) + 0.5) / side
    return torch.meshgrid(axis, axis, indexing="ij")


def sierpinski():
    rows = torch.arange(SIDE)
    return (rows[:, None] & rows) == 0


def koch(depth=7):
    ends = torch.tensor([0.02 + 0.3j, 0.98 + 0.3j], dtype=torch.complex128)
    turn = torch.tensor(complex(math.cos(math.pi / 3), math.sin(math.pi / 3)))
    for _ in range(depth):
        a, third = ends[:-1], (ends[1:] - ends[:-1]) / 3
        ends = torch.cat([torch.stack([a, a + third, a + third + turn * third, a + 2 * third], 1).flatten(), ends[-1:]])
    pixels = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    pixels[(ends.real * SIDE).long(), (ends.imag * SIDE).long()] = True
    return pixels


@pytest.mark.parametrize(
    ("pixels", "expected", "within"),
    [
        (torch.eye(SIDE, dtype=torch.bool), 1.0, 1e-9),
        (sierpinski(), math.log(3) / math.log(2), 1e-9),
        (koch(), math.log(4) / math.log(3), 0.06),
        (torch.ones(SIDE, SIDE, dtype=torch.bool), 2.0, 1e-9),
        (boundary((grid()[0] - 0.5).square() + (grid()[1] - 0.5).square() < 0.16), 1.0, 0.05),
    ],
    ids=["line", "sierpinski", "koch", "square", "circle"],
)
def test_sets_of_known_dimension(pixels, expected, within):
    found = box_dimension(pixels)
    assert found.value == pytest.approx(expected, abs=within)
    assert found.outcome is Outcome.CONVERGED
    assert found.residual < 0.1


def test_counts_are_those_of_a_loop_over_boxes():
    pixels = torch.rand(128, 128, generator=stream(0)) < 0.02
    found = box_dimension(pixels)
    assert found.sides == (2, 4, 8)
    for side, count in zip(found.sides, found.counts, strict=True):
        offsets = (0, side // 2)
        boxes = [{((int(i) + o) // side, (int(j) + o) // side) for i, j in pixels.nonzero()} for o in offsets]
        assert count == min(map(len, boxes))


def test_the_boundary_is_inside_and_one_pixel_wide():
    inside = torch.zeros(5, 5, dtype=torch.bool)
    inside[1:4, 1:4] = True
    expected = inside.clone()
    expected[2, 2] = False
    assert torch.equal(boundary(inside), expected)
    assert not boundary(torch.ones(4, 4, dtype=torch.bool)).any()  # the frame of the picture is no boundary


def test_nothing_has_no_dimension():
    found = box_dimension(torch.zeros(128, 128, dtype=torch.bool))
    assert math.isnan(found.value)
    assert found.outcome is Outcome.UNDEFINED


@pytest.mark.parametrize("shape", [(64, 64), (128, 256), (200, 200)])
def test_other_pictures_are_refused(shape):
    with pytest.raises(BadInput, match="power of 2 and at least 128"):
        box_dimension(torch.zeros(shape, dtype=torch.bool))
