"""The library's own phenomena, each named once."""

from collections.abc import Callable

from phenoscope.atlas.adaptive_edge import adaptive_edge
from phenoscope.atlas.ambiguous_labels import ambiguous_labels
from phenoscope.atlas.averaging import averaging
from phenoscope.atlas.batch_size import batch_size
from phenoscope.atlas.benign_overfitting import benign_overfitting
from phenoscope.atlas.capacity_measures import capacity_measures
from phenoscope.atlas.catapult import catapult
from phenoscope.atlas.central_flow import central_flow
from phenoscope.atlas.changing_rates import changing_rates
from phenoscope.atlas.connected_volumes import connected_volumes
from phenoscope.atlas.convergence_rate import convergence_rate
from phenoscope.atlas.convolution_spectra import convolution_spectra
from phenoscope.atlas.diagonal_networks import diagonal_networks
from phenoscope.atlas.double_descent import double_descent
from phenoscope.atlas.drift_along_minima import drift_along_minima
from phenoscope.atlas.dynamic_sparse import dynamic_sparse
from phenoscope.atlas.early_bird import early_bird
from phenoscope.atlas.early_clock import early_clock
from phenoscope.atlas.early_stopping_path import early_stopping_path
from phenoscope.atlas.edge_of_stability import edge_of_stability
from phenoscope.atlas.effective_parameters import effective_parameters
from phenoscope.atlas.epoch_descent import epoch_descent
from phenoscope.atlas.feature_ansatz import feature_ansatz
from phenoscope.atlas.feature_lazy_phase import feature_lazy_phase
from phenoscope.atlas.finite_or_infinite import finite_or_infinite
from phenoscope.atlas.flatness_at_scale import flatness_at_scale
from phenoscope.atlas.gains_at_scale import gains_at_scale
from phenoscope.atlas.geometry_decides import geometry_decides
from phenoscope.atlas.gradient_free_search import gradient_free_search
from phenoscope.atlas.gradient_starvation import gradient_starvation
from phenoscope.atlas.hessian_outliers import hessian_outliers
from phenoscope.atlas.incremental_rank import incremental_rank
from phenoscope.atlas.induction_heads import induction_heads
from phenoscope.atlas.kernel_and_network_part import kernel_and_network_part
from phenoscope.atlas.kernel_at_start import kernel_at_start
from phenoscope.atlas.kernel_learning_curves import kernel_learning_curves
from phenoscope.atlas.kkt_points import kkt_points
from phenoscope.atlas.layer_collapse import layer_collapse
from phenoscope.atlas.lazy_convolution import lazy_convolution
from phenoscope.atlas.lazy_horizon import lazy_horizon
from phenoscope.atlas.lazy_rich_dial import lazy_rich_dial
from phenoscope.atlas.learning_exponents import learning_exponents
from phenoscope.atlas.linear_double_descent import linear_double_descent
from phenoscope.atlas.lottery_tickets import lottery_tickets
from phenoscope.atlas.max_margin_direction import max_margin_direction
from phenoscope.atlas.mean_field_limit import mean_field_limit
from phenoscope.atlas.minimal_models import minimal_models
from phenoscope.atlas.minimum_code import minimum_code
from phenoscope.atlas.mode_connectivity import mode_connectivity
from phenoscope.atlas.mode_rates import mode_rates
from phenoscope.atlas.network_as_process import network_as_process
from phenoscope.atlas.noise_absorption import noise_absorption
from phenoscope.atlas.noise_or_rate import noise_or_rate
from phenoscope.atlas.not_a_regulariser import not_a_regulariser
from phenoscope.atlas.opposing_signals import opposing_signals
from phenoscope.atlas.optimisation_limited_peak import optimisation_limited_peak
from phenoscope.atlas.optimizer_interpolants import optimizer_interpolants
from phenoscope.atlas.oscillation_averaging import oscillation_averaging
from phenoscope.atlas.overfitting_taxonomy import overfitting_taxonomy
from phenoscope.atlas.parametrisation_bias import parametrisation_bias
from phenoscope.atlas.path_extent import path_extent
from phenoscope.atlas.peak_factors import peak_factors
from phenoscope.atlas.peak_place import peak_place
from phenoscope.atlas.permutation_barrier import permutation_barrier
from phenoscope.atlas.permutations_do_not_suffice import permutations_do_not_suffice
from phenoscope.atlas.poisoned_minima import poisoned_minima
from phenoscope.atlas.progressive_sharpening import progressive_sharpening
from phenoscope.atlas.pruning_at_initialisation import pruning_at_initialisation
from phenoscope.atlas.pruning_benchmark import pruning_benchmark
from phenoscope.atlas.random_feature_descent import random_feature_descent
from phenoscope.atlas.random_labels import random_labels
from phenoscope.atlas.rate_transfer import rate_transfer
from phenoscope.atlas.recursive_features import recursive_features
from phenoscope.atlas.retraining import retraining
from phenoscope.atlas.rewinding import rewinding
from phenoscope.atlas.richness_rate import richness_rate
from phenoscope.atlas.right_side_power_law import right_side_power_law
from phenoscope.atlas.sam_edge import sam_edge
from phenoscope.atlas.sam_training import sam_training
from phenoscope.atlas.sample_descent import sample_descent
from phenoscope.atlas.self_stabilisation import self_stabilisation
from phenoscope.atlas.sgd_diffusion import sgd_diffusion
from phenoscope.atlas.sgd_stability import sgd_stability
from phenoscope.atlas.sharpness_generalisation import sharpness_generalisation
from phenoscope.atlas.simplicity_bias import simplicity_bias
from phenoscope.atlas.sparse_double_descent import sparse_double_descent
from phenoscope.atlas.sparse_features import sparse_features
from phenoscope.atlas.spawning import spawning
from phenoscope.atlas.spectral_bias import spectral_bias
from phenoscope.atlas.stochastic_edge import stochastic_edge
from phenoscope.atlas.strong_tickets import strong_tickets
from phenoscope.atlas.supermasks import supermasks
from phenoscope.atlas.ticket_controls import ticket_controls
from phenoscope.atlas.ticket_onset import ticket_onset
from phenoscope.atlas.ticket_or_scratch import ticket_or_scratch
from phenoscope.atlas.ticket_transfer import ticket_transfer
from phenoscope.atlas.tiny_subspace import tiny_subspace
from phenoscope.atlas.trainability_boundary import trainability_boundary
from phenoscope.atlas.triple_descent import triple_descent
from phenoscope.atlas.variance_sources import variance_sources
from phenoscope.atlas.variation_norm import variation_norm
from phenoscope.atlas.whose_doing import whose_doing
from phenoscope.atlas.wide_networks import wide_networks
from phenoscope.phenomenon import Phenomenon

OWN: tuple[Callable[..., Phenomenon], ...] = (
    adaptive_edge,
    ambiguous_labels,
    averaging,
    batch_size,
    benign_overfitting,
    capacity_measures,
    catapult,
    central_flow,
    changing_rates,
    connected_volumes,
    convergence_rate,
    convolution_spectra,
    diagonal_networks,
    double_descent,
    drift_along_minima,
    dynamic_sparse,
    early_bird,
    early_clock,
    early_stopping_path,
    edge_of_stability,
    effective_parameters,
    epoch_descent,
    feature_ansatz,
    feature_lazy_phase,
    finite_or_infinite,
    flatness_at_scale,
    gains_at_scale,
    geometry_decides,
    gradient_free_search,
    gradient_starvation,
    hessian_outliers,
    incremental_rank,
    induction_heads,
    kernel_and_network_part,
    kernel_at_start,
    kernel_learning_curves,
    kkt_points,
    layer_collapse,
    lazy_convolution,
    lazy_horizon,
    lazy_rich_dial,
    learning_exponents,
    linear_double_descent,
    lottery_tickets,
    max_margin_direction,
    mean_field_limit,
    minimal_models,
    minimum_code,
    mode_connectivity,
    mode_rates,
    network_as_process,
    noise_absorption,
    noise_or_rate,
    not_a_regulariser,
    opposing_signals,
    optimisation_limited_peak,
    optimizer_interpolants,
    oscillation_averaging,
    parametrisation_bias,
    overfitting_taxonomy,
    path_extent,
    peak_factors,
    peak_place,
    permutation_barrier,
    permutations_do_not_suffice,
    poisoned_minima,
    progressive_sharpening,
    pruning_at_initialisation,
    pruning_benchmark,
    random_feature_descent,
    random_labels,
    rate_transfer,
    recursive_features,
    retraining,
    rewinding,
    richness_rate,
    right_side_power_law,
    sam_edge,
    sam_training,
    sample_descent,
    self_stabilisation,
    sgd_diffusion,
    sgd_stability,
    sharpness_generalisation,
    simplicity_bias,
    sparse_double_descent,
    sparse_features,
    spawning,
    spectral_bias,
    stochastic_edge,
    strong_tickets,
    supermasks,
    ticket_controls,
    ticket_onset,
    ticket_or_scratch,
    ticket_transfer,
    tiny_subspace,
    trainability_boundary,
    triple_descent,
    variance_sources,
    variation_norm,
    whose_doing,
    wide_networks,
)
