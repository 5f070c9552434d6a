"""Closed forms: what is predicted, ready to be laid beside what is measured."""

from phenoscope.theory.completion import Completion, least_nuclear_norm, nuclear_norm
from phenoscope.theory.descent_in_time import descent_risk
from phenoscope.theory.edge_flows import normalised_descent_flow, square_root_descent_flow
from phenoscope.theory.end_to_end import end_to_end_velocity
from phenoscope.theory.escape import first_passage_time, kramers_time, stationary_density
from phenoscope.theory.feature_variance import FeatureVariance, random_feature_variance
from phenoscope.theory.fluctuations import relu_excess_kurtosis
from phenoscope.theory.gradient_flow import Posterior, kernel_descent, mode_decay, posterior
from phenoscope.theory.infinite import infinite_kernel
from phenoscope.theory.interpolants import (
    Entropy,
    Euclidean,
    HyperbolicEntropy,
    Interpolant,
    Mirror,
    Power,
    nearest_interpolant,
    shortest_interpolant,
)
from phenoscope.theory.learning_curves import KernelLearning, kernel_learning
from phenoscope.theory.least_squares import (
    degrees_of_freedom,
    effective_ranks,
    effective_ridge,
    optimal_ridge,
    random_feature_risk,
    ridge_risk,
    ridgeless_risk,
)
from phenoscope.theory.margins import LargestMargin, dual_length, largest_margin, length, margin
from phenoscope.theory.oscillation import edge_covariance
from phenoscope.theory.products import flow_limit, flow_sharpness
from phenoscope.theory.sgd_stability import coherence, coherence_threshold, sgd_threshold, trace_threshold
from phenoscope.theory.singular import linear_network_coefficient, reduced_rank_coefficient
from phenoscope.theory.stabilising import self_stabilisation
from phenoscope.theory.stability import (
    adam_threshold,
    gradient_descent_threshold,
    heavy_ball_threshold,
    nesterov_threshold,
    rmsprop_threshold,
    sam_threshold,
)
from phenoscope.theory.starvation import logistic_responses
from phenoscope.theory.variation import VariationMargin, variation_margin

__all__ = [
    "Completion",
    "Entropy",
    "Euclidean",
    "FeatureVariance",
    "HyperbolicEntropy",
    "Interpolant",
    "KernelLearning",
    "LargestMargin",
    "Mirror",
    "Posterior",
    "Power",
    "VariationMargin",
    "adam_threshold",
    "coherence",
    "coherence_threshold",
    "degrees_of_freedom",
    "descent_risk",
    "dual_length",
    "edge_covariance",
    "effective_ranks",
    "effective_ridge",
    "end_to_end_velocity",
    "first_passage_time",
    "flow_limit",
    "flow_sharpness",
    "gradient_descent_threshold",
    "heavy_ball_threshold",
    "infinite_kernel",
    "kernel_descent",
    "kernel_learning",
    "kramers_time",
    "largest_margin",
    "least_nuclear_norm",
    "length",
    "linear_network_coefficient",
    "logistic_responses",
    "margin",
    "mode_decay",
    "nearest_interpolant",
    "nesterov_threshold",
    "normalised_descent_flow",
    "nuclear_norm",
    "optimal_ridge",
    "posterior",
    "random_feature_risk",
    "random_feature_variance",
    "reduced_rank_coefficient",
    "relu_excess_kurtosis",
    "ridge_risk",
    "ridgeless_risk",
    "rmsprop_threshold",
    "sam_threshold",
    "self_stabilisation",
    "sgd_threshold",
    "shortest_interpolant",
    "square_root_descent_flow",
    "stationary_density",
    "trace_threshold",
    "variation_margin",
]
