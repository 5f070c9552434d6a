"""Thinning against the curve itself."""

import numpy as np
import pytest

from phenoscope.panels import PanelData, Trace
from phenoscope.report import draw
from phenoscope.report.thinning import envelope, reachable


@pytest.mark.parametrize("most", [4, 7, 100, 999])
def test_keeps_the_extremes_of_every_stretch(most):
    generator = np.random.default_rng(0)
    x, y = np.arange(1000.0), generator.normal(size=1000)
    kept_x, kept_y = envelope(x, y, most)
    assert len(kept_x) <= most
    assert kept_y.min() == y.min()
    assert kept_y.max() == y.max()
    assert (kept_x[0], kept_x[-1]) == (0, 999)
    assert (np.diff(kept_x) > 0).all()
    assert all(y[int(at)] == value for at, value in zip(kept_x, kept_y, strict=True))


def test_an_oscillation_keeps_its_width_everywhere():
    # The wrong cousin, every k-th point, sees a constant here.
    x = np.arange(4000.0)
    y = np.where(x % 2 == 0, 1.0, -1.0)
    kept_x, kept_y = envelope(x, y, 200)
    assert set(y[::40]) == {1.0}
    for start in range(0, 4000, 100):
        inside = kept_y[(kept_x >= start) & (kept_x < start + 100)]
        assert (inside.min(), inside.max()) == (-1, 1)


def test_a_short_curve_is_left_alone():
    x = np.arange(5.0)
    assert envelope(x, x, 5)[0] is x


def test_what_no_axis_can_show_is_left_out_with_its_partner_and_error():
    huge = Trace("a", {}, 0, (0.0, 1.0, 2.0), (1.0, 1e300, 3.0), (0.1, 0.2, 0.3))
    plain = Trace("b", {}, 0, (0.0, 1.0), (1.0, 2.0))
    gone = Trace("", {}, None, (1e300,), (1.0,))
    panel = PanelData("lines", "t", "c", "x", "y", False, False, (huge, plain), (gone,), "theory")
    found = reachable(panel)
    assert (found.traces[0].x, found.traces[0].y, found.traces[0].error) == ((0.0, 2.0), (1.0, 3.0), (0.1, 0.3))
    assert found.traces[1] == plain
    assert (found.theory[0].x, found.theory[0].y) == ((), ())
    assert draw(panel).startswith("<svg")
