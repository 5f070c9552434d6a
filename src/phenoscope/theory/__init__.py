"""Closed forms: what is predicted, ready to be laid beside what is measured."""

from phenoscope.theory.stability import (
    adam_threshold,
    gradient_descent_threshold,
    heavy_ball_threshold,
    nesterov_threshold,
    rmsprop_threshold,
    sam_threshold,
)

__all__ = [
    "adam_threshold",
    "gradient_descent_threshold",
    "heavy_ball_threshold",
    "nesterov_threshold",
    "rmsprop_threshold",
    "sam_threshold",
]
