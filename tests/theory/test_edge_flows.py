"""The two flows along minima: against the rules themselves with small steps in a straight valley, by plain numbers."""

import math

import pytest
import torch

from phenoscope.theory import normalised_descent_flow, square_root_descent_flow

RATE, TIME = 0.01, 1.0


def wall(z):
    """The curvature across the valley x = 0 of ½ h(z) x², and its derivative."""
    return 3 + 2 * math.sin(z), 2 * math.cos(z)


def simulated(of):
    """Where z comes to after a time of η² a step, from x a quarter of a step beside the floor."""
    x, z = 0.25 * RATE, 0.4
    for _ in range(round(TIME / RATE**2)):
        h, slope = wall(z)
        loss, across, along = h * x * x / 2, h * x, slope * x * x / 2
        length = math.hypot(across, along) if of == "normalised" else 2 * math.sqrt(loss)
        x, z = x - RATE * across / length, z - RATE * along / length
    return z


@pytest.mark.parametrize("of", ["normalised", "square root"])
def test_the_drift_of_the_rule_is_that_of_its_flow_and_not_of_the_other(of):
    def followed(flow):
        z, steps = 0.4, 2000
        for _ in range(steps):
            h, slope = wall(z)
            sharpness, change = torch.tensor([h], dtype=torch.float64), torch.tensor([slope], dtype=torch.float64)
            moved = (
                normalised_descent_flow(sharpness, change) if flow == "normalised" else square_root_descent_flow(change)
            )
            z += TIME / steps * moved.item()
        return z

    end, other = simulated(of), "square root" if of == "normalised" else "normalised"
    assert end - 0.4 == pytest.approx(followed(of) - 0.4, rel=0.01)
    assert abs(followed(other) - 0.4) > 1.3 * abs(end - 0.4) or abs(followed(other) - 0.4) < 0.7 * abs(end - 0.4)
