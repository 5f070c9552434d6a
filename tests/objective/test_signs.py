"""Signs by example, against the published numbers of their generator, however the examples are cut."""

import pytest
import torch

from phenoscope.objective.layers.signs import Signs, _mixed

PUBLISHED = (6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431)
"""What SplitMix64 gives first from the seed 1234567."""


def signs(first: int, count: int, seed: int = 5) -> Signs:
    return Signs(seed, first, count, torch.float64, torch.device("cpu"))


def test_counters_are_mixed_as_published():
    words = _mixed(torch.tensor(1234567), torch.arange(1, 5))
    assert tuple(word % 2**64 for word in words.tolist()) == PUBLISHED


@pytest.mark.parametrize("shape", [(1,), (7,), (8, 8), (5, 27)])
def test_an_example_has_its_signs_in_every_cut(shape):
    whole, cuts = signs(0, 11), [signs(0, 1), signs(1, 6), signs(7, 4)]
    for _ in range(3):
        assert torch.equal(whole.each(*shape), torch.cat([part.each(*shape) for part in cuts]))
        shared = whole.shared(*shape)
        assert all(torch.equal(shared, part.shared(*shape)) for part in cuts)


def test_all_are_fair_and_none_goes_with_another():
    """Over examples and over entries, in draws that follow each other, of neighbouring seeds and of the shared one."""
    one, other = signs(0, 2000), signs(0, 2000, seed=6)
    draws = [one.each(30), one.each(30), other.each(30), one.shared(2000, 30)]
    entries = torch.cat(draws, dim=1)
    assert set(entries.unique().tolist()) == {-1.0, 1.0}
    for rows in (entries, entries[:90].T, torch.stack([draw.flatten() for draw in draws], dim=1)):
        n, count = rows.shape
        assert rows.mean().abs() <= 4 / (n * count) ** 0.5
        alike = rows.T @ rows / n - torch.eye(count)
        assert alike.abs().max() <= 6 / n**0.5
