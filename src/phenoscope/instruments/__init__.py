"""Pure functions that measure: an objective, operator or tensors in, a reading with its evidence out."""

from phenoscope.instruments.along import (
    CriticalSharpness,
    DirectionalSharpness,
    critical_sharpness,
    directional_sharpness,
)
from phenoscope.instruments.ansatz import FeatureAnsatz, LayerAnsatz, feature_ansatz, gradient_outer_product
from phenoscope.instruments.barriers import Barrier, barrier, path_barrier
from phenoscope.instruments.bench import Bench
from phenoscope.instruments.bits import CodeLength, code_length
from phenoscope.instruments.box_counting import BoxDimension, boundary, box_dimension
from phenoscope.instruments.capacity import MarginNorm, WeightNorm, margin_norm, weight_norm
from phenoscope.instruments.conserved import Balance, UnitBalance, balance, unit_balance
from phenoscope.instruments.coordinates import CoordinateCheck, coordinate_check, layer_changes
from phenoscope.instruments.counts import Count, Loss
from phenoscope.instruments.density import Density, density
from phenoscope.instruments.descent import (
    Alternation,
    GradientNorm,
    RelativeProgress,
    alternation,
    gradient_norm,
    relative_progress,
)
from phenoscope.instruments.diagonal import Diagonal, diagonal
from phenoscope.instruments.eigenspaces import EigenspaceOverlap, eigenspace_overlap
from phenoscope.instruments.extremes import Extremes
from phenoscope.instruments.features import FeatureRank, feature_rank
from phenoscope.instruments.flatness import RelativeFlatness, relative_flatness
from phenoscope.instruments.gradient_coherence import Coherence, Stiffness, gradient_coherence, gradient_stiffness
from phenoscope.instruments.gradient_noise import NoiseScale, curved_noise_scale, noise_scale
from phenoscope.instruments.gradient_share import (
    BatchGradientShare,
    GradientShare,
    batch_gradient_share,
    gradient_share,
)
from phenoscope.instruments.gradient_snr import SignalToNoise, gradient_snr
from phenoscope.instruments.gram import GramSpectrum, gauss_newton_spectrum
from phenoscope.instruments.homogeneous import MarginConditions, margin_conditions
from phenoscope.instruments.instrument import Instrument
from phenoscope.instruments.invariance import Change, InvarianceAudit, Transformation, invariance_audit
from phenoscope.instruments.kernels import (
    EmpiricalKernel,
    KernelModes,
    TangentKernel,
    conjugate_kernel,
    effective_rank,
    empirical_ntk,
    kernel_alignment,
    kernel_change,
    kernel_distance,
    kernel_modes,
)
from phenoscope.instruments.landscape import line_curvature, loss_line, loss_plane
from phenoscope.instruments.learning_coefficient import LearningCoefficient, learning_coefficient
from phenoscope.instruments.mini_batches import BatchSharpness, batch_sharpness
from phenoscope.instruments.moments import GradientMoments, gradient_moments
from phenoscope.instruments.monotone import Monotonicity, monotonicity
from phenoscope.instruments.negative import NegativeShare, negative_share
from phenoscope.instruments.neighbourhood import SamGap, WorstCase, sam_gap, worst_case_sharpness
from phenoscope.instruments.norm import FrobeniusNorm, frobenius_norm
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.outliers import Outliers, outliers
from phenoscope.instruments.paths import Path
from phenoscope.instruments.peak_factors import PeakFactors, peak_factors
from phenoscope.instruments.perturbed import GaussianSharpness, gaussian_sharpness
from phenoscope.instruments.pictures import Axis, LineCurvature, LossLine, LossPlane, Picture
from phenoscope.instruments.planes import PointsPlane, plane_through
from phenoscope.instruments.pruning import (
    DENSITIES,
    SCORES,
    EarlyBird,
    EffectiveSparsity,
    Masks,
    Pruner,
    Pruning,
    Score,
    SparseCost,
    Subject,
    Ticket,
    channel_masks,
    corrupted,
    early_bird,
    effective_sparsity,
    gain_names,
    largest_gains,
    masked,
    prunable,
    prune,
    reinitialised,
    sanity_checks,
    shuffled,
    sparse_cost,
)
from phenoscope.instruments.ranks import MatrixRank, WeightRank, matrix_rank, weight_rank
from phenoscope.instruments.reach import Reach, reach
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.registry import INSTRUMENTS
from phenoscope.instruments.reliance import ShuffledAuc, shuffled_auc
from phenoscope.instruments.rotation import Rotation, rotation
from phenoscope.instruments.sampling import Sampled, sampling_error
from phenoscope.instruments.sharpening import SharpeningCosine, SharpnessGradient, sharpening_cosine, sharpness_gradient
from phenoscope.instruments.simplexes import Simplex, log_volume, log_volumes, simplex, uniform_shares
from phenoscope.instruments.spectrum import Eigenpair, Eigenpairs, eigenvalues, sharpness
from phenoscope.instruments.symmetries import (
    Absent,
    Block,
    Group,
    PermutationStructure,
    Symmetry,
    deviation,
    permutation_structure,
    symmetries,
)
from phenoscope.instruments.trace import Trace, trace
from phenoscope.instruments.tracking import Tracker, Tracking
from phenoscope.instruments.units import DeadUnits, dead_units
from phenoscope.instruments.variance_sources import VarianceSources, variance_sources
from phenoscope.instruments.volume import Volume, epsilon_volume

__all__ = [
    "DENSITIES",
    "INSTRUMENTS",
    "SCORES",
    "Absent",
    "Alternation",
    "Axis",
    "Balance",
    "Barrier",
    "BatchGradientShare",
    "BatchSharpness",
    "Bench",
    "Block",
    "BoxDimension",
    "Change",
    "CodeLength",
    "Coherence",
    "CoordinateCheck",
    "Count",
    "CriticalSharpness",
    "DeadUnits",
    "Density",
    "Diagonal",
    "DirectionalSharpness",
    "EarlyBird",
    "EffectiveSparsity",
    "Eigenpair",
    "Eigenpairs",
    "EigenspaceOverlap",
    "EmpiricalKernel",
    "Extremes",
    "FeatureAnsatz",
    "FeatureRank",
    "FrobeniusNorm",
    "GaussianSharpness",
    "GradientMoments",
    "GradientNorm",
    "GradientShare",
    "GramSpectrum",
    "Group",
    "Instrument",
    "InvarianceAudit",
    "KernelModes",
    "LayerAnsatz",
    "LearningCoefficient",
    "LineCurvature",
    "Loss",
    "LossLine",
    "LossPlane",
    "MarginConditions",
    "MarginNorm",
    "Masks",
    "MatrixRank",
    "Monotonicity",
    "NegativeShare",
    "NoiseScale",
    "Outcome",
    "Outliers",
    "Path",
    "PeakFactors",
    "PermutationStructure",
    "Picture",
    "PointsPlane",
    "Pruner",
    "Pruning",
    "Reach",
    "Reading",
    "RelativeFlatness",
    "RelativeProgress",
    "Rotation",
    "SamGap",
    "Sampled",
    "Score",
    "SharpeningCosine",
    "SharpnessGradient",
    "ShuffledAuc",
    "SignalToNoise",
    "Simplex",
    "SparseCost",
    "Stiffness",
    "Subject",
    "Symmetry",
    "TangentKernel",
    "Ticket",
    "Trace",
    "Tracker",
    "Tracking",
    "Transformation",
    "UnitBalance",
    "VarianceSources",
    "Volume",
    "WeightNorm",
    "WeightRank",
    "WorstCase",
    "alternation",
    "balance",
    "barrier",
    "batch_gradient_share",
    "batch_sharpness",
    "boundary",
    "box_dimension",
    "channel_masks",
    "code_length",
    "conjugate_kernel",
    "coordinate_check",
    "corrupted",
    "critical_sharpness",
    "curved_noise_scale",
    "dead_units",
    "density",
    "deviation",
    "diagonal",
    "directional_sharpness",
    "early_bird",
    "effective_rank",
    "effective_sparsity",
    "eigenspace_overlap",
    "eigenvalues",
    "empirical_ntk",
    "epsilon_volume",
    "feature_ansatz",
    "feature_rank",
    "frobenius_norm",
    "gain_names",
    "gauss_newton_spectrum",
    "gaussian_sharpness",
    "gradient_coherence",
    "gradient_moments",
    "gradient_norm",
    "gradient_outer_product",
    "gradient_share",
    "gradient_snr",
    "gradient_stiffness",
    "invariance_audit",
    "kernel_alignment",
    "kernel_change",
    "kernel_distance",
    "kernel_modes",
    "largest_gains",
    "layer_changes",
    "learning_coefficient",
    "line_curvature",
    "log_volume",
    "log_volumes",
    "loss_line",
    "loss_plane",
    "margin_conditions",
    "margin_norm",
    "masked",
    "matrix_rank",
    "monotonicity",
    "negative_share",
    "noise_scale",
    "outliers",
    "path_barrier",
    "peak_factors",
    "permutation_structure",
    "plane_through",
    "prunable",
    "prune",
    "reach",
    "reinitialised",
    "relative_flatness",
    "relative_progress",
    "rotation",
    "sam_gap",
    "sampling_error",
    "sanity_checks",
    "sharpening_cosine",
    "sharpness",
    "sharpness_gradient",
    "shuffled",
    "shuffled_auc",
    "simplex",
    "sparse_cost",
    "symmetries",
    "trace",
    "uniform_shares",
    "unit_balance",
    "variance_sources",
    "weight_norm",
    "weight_rank",
    "worst_case_sharpness",
]
