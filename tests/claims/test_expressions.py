import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.claims import Measured, Setting, first_value, late_mean
from phenoscope.core.errors import BadInput

X, Y, LR, BETA = Measured("x"), Measured("y"), Setting("lr"), Setting("momentum")

NUMBERS = st.floats(-5, 5).map(lambda value: round(value, 3))
INSIDE = st.floats(-1, 1)
ERRORS = st.floats(0, 1).map(lambda value: round(value, 3))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (X * LR / 2, "x · lr / 2"),
        (X * LR / (2 + 2 * BETA), "x · lr / (2 + 2 · momentum)"),
        (2 / LR / X, "2 / lr / x"),
        (2 / (LR / X), "2 / (lr / x)"),
        (X - (Y - 1), "x − (y − 1)"),
        ((X + Y) * 3, "(x + y) · 3"),
        (-X, "−1 · x"),
        (X * LR / 2 >= 1, "x · lr / 2 ≥ 1"),
        (X > 0, "x > 0"),
        (X < Y, "x < y"),
        (X <= -1e-4, "x ≤ −0.0001"),
        (5 > X, "x < 5"),  # noqa: SIM300
    ],
    ids=str,
)
def test_reads_as_it_would_be_written(expression, text):
    assert str(expression) == text


def test_knows_what_it_needs_once_and_in_order():
    expression = Y / X * LR + Y * BETA
    assert expression.names == ("y", "x")
    assert expression.settings == ("lr", "momentum")
    assert not expression.constant
    assert (2 + 2 * BETA).constant
    assert (X > LR).settings == ("lr",)


def test_follows_the_arithmetic_of_numpy(record):
    x, y = np.array([1.0, -2.0, 4.0]), np.array([0.5, 3.0, -1.0])
    readings = ((2 * X - Y) / (1 + LR) + X * Y - 3).readings(record({"x": x, "y": y}, lr=0.25))
    np.testing.assert_allclose(readings.values, (2 * x - y) / 1.25 + x * y - 3, rtol=1e-15)


def test_two_series_meet_on_their_common_steps(record):
    # The nearest wrong cousin joins by index, and would give 1/10, 2/20, 3/40.
    one = record({"x": ([0, 5, 10], [1, 2, 3]), "y": ([0, 10, 20], [10, 20, 40])})
    readings = (X / Y).readings(one)
    assert readings.steps.tolist() == [0, 10]
    np.testing.assert_allclose(readings.values, [0.1, 0.15])


def test_a_comparison_with_nan_is_unknown_not_false(record):
    readings = (X > 0).readings(record({"x": [1.0, np.nan, -1.0, np.inf]}))
    np.testing.assert_array_equal(readings.values, [1, np.nan, 0, 1])


def test_residuals_are_errors_and_the_largest_stands_in_for_a_missing_one(record):
    one = record({"x": [1.0, 2.0, 3.0, 4.0], "x.residual": ([0, 1, 3], [0.1, -0.3, np.nan])})
    np.testing.assert_array_equal(X.readings(one).errors, [0.1, 0.3, 0.3, 0.3])
    two = record({"x": [1.0, 2.0], "x.standard error": [0.2, 0.5], "x.converged": [1.0, 0.0]})
    np.testing.assert_array_equal(X.readings(two).errors, [0.2, 0.5])
    assert (Measured("y") * 2).readings(record({"y": [1.0]})).errors.tolist() == [0.0]


@pytest.mark.parametrize("make", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b])
@given(left=st.tuples(NUMBERS, ERRORS), right=st.tuples(NUMBERS, ERRORS), at=st.tuples(INSIDE, INSIDE))
@settings(deadline=None, max_examples=60)
def test_errors_are_the_worst_case(record, make, left, right, at):
    """Oracle: the true numbers anywhere within their errors; and the bound is reached at a corner."""
    (x, dx), (y, dy) = left, right
    one = record({"x": [x], "y": [y], "x.residual": [dx], "y.residual": [dy]})
    made = make(X, Y).readings(one)
    value, error = float(made.values[0]), float(made.errors[0])
    if not np.isfinite(error):
        assert dy >= abs(y)
        return
    rounding = 1e-9 * (1 + abs(value) + error)
    assert abs(make(x + at[0] * dx, y + at[1] * dy) - value) <= error + rounding
    worst = max(abs(make(x + i * dx, y + j * dy) - value) for i in (-1, 1) for j in (-1, 1))
    assert error == pytest.approx(worst, rel=1e-6, abs=1e-12)


def test_a_comparison_within_the_errors_is_in_doubt(record):
    readings = (X >= 1).readings(record({"x": [0.5, 0.95, 1.05, 2.0], "x.residual": [0.1] * 4}))
    assert readings.values.tolist() == [0, 0, 1, 1]
    assert readings.errors.tolist() == [0, 1, 1, 0]
    exact = (X > 0).readings(record({"x": [0.0, 1.0]}))
    assert exact.errors.tolist() == [0, 0]


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: X + (Y > 0),
        lambda: (Y > 0) + 1,
        lambda: 1 - (Y > 0),
        lambda: (X > 0) >= (Y > 0),
        lambda: X > (Y > 0),  # noqa: SIM300
        lambda: X * "lr",
        lambda: X + None,
        lambda: X * True,
        lambda: X / float("nan"),
        lambda: 0.9 <= X <= 1.1,
        lambda: X * late_mean(X),
        lambda: late_mean(X) * X,
        lambda: late_mean(X) > X,
        lambda: X > late_mean(X),  # noqa: SIM300
        lambda: 0.9 <= first_value(X) <= 1.1,
        lambda: (first_value(X) > 1) + 1,
        lambda: Measured(""),
        lambda: Setting(3),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_refused_when_built(wrong):
    with pytest.raises(BadInput, match="got"):
        wrong()


def test_the_refusal_says_what_to_do():
    with pytest.raises(BadInput, match=r"got the series x\. Reduce it first, for example with `late_mean"):
        late_mean(Y) * X


def test_expressions_are_values():
    assert Measured("x") * LR / 2 == X * Setting("lr") / 2
    assert hash(X > 1) == hash(Measured("x") > 1)
    assert pickle.loads(pickle.dumps(X * LR >= 1)) == (X * LR >= 1)
