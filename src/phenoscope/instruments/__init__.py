"""Pure functions that measure: an objective, operator or tensors in, a reading with its evidence out."""

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.counts import Count, Loss
from phenoscope.instruments.flatness.bits import CodeLength, code_length
from phenoscope.instruments.flatness.learning_coefficient import LearningCoefficient, learning_coefficient
from phenoscope.instruments.flatness.neighbourhood import SamGap, WorstCase, sam_gap, worst_case_sharpness
from phenoscope.instruments.flatness.perturbed import GaussianSharpness, gaussian_sharpness
from phenoscope.instruments.flatness.relative import RelativeFlatness, relative_flatness
from phenoscope.instruments.flatness.sharpening import (
    SharpeningCosine,
    SharpnessGradient,
    sharpening_cosine,
    sharpness_gradient,
)
from phenoscope.instruments.flatness.volume import Volume, epsilon_volume
from phenoscope.instruments.gradients.coherence import Coherence, Stiffness, gradient_coherence, gradient_stiffness
from phenoscope.instruments.gradients.descent import (
    Alternation,
    GradientNorm,
    RelativeProgress,
    alternation,
    gradient_norm,
    relative_progress,
)
from phenoscope.instruments.gradients.mini_batches import BatchSharpness, batch_sharpness
from phenoscope.instruments.gradients.moments import GradientMoments, gradient_moments
from phenoscope.instruments.gradients.noise import NoiseScale, curved_noise_scale, noise_scale
from phenoscope.instruments.gradients.outliers import Outliers, outliers
from phenoscope.instruments.gradients.share import (
    BatchGradientShare,
    GradientShare,
    batch_gradient_share,
    gradient_share,
)
from phenoscope.instruments.gradients.snr import SignalToNoise, gradient_snr
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
from phenoscope.instruments.kernels.ansatz import FeatureAnsatz, LayerAnsatz, feature_ansatz, gradient_outer_product
from phenoscope.instruments.landscapes.along import (
    CriticalSharpness,
    DirectionalSharpness,
    critical_sharpness,
    directional_sharpness,
)
from phenoscope.instruments.landscapes.barriers import Barrier, barrier, path_barrier
from phenoscope.instruments.landscapes.box_counting import BoxDimension, boundary, box_dimension
from phenoscope.instruments.landscapes.landscape import line_curvature, loss_line, loss_plane
from phenoscope.instruments.landscapes.monotone import Monotonicity, monotonicity
from phenoscope.instruments.landscapes.paths import Path
from phenoscope.instruments.landscapes.pictures import Axis, LineCurvature, LossLine, LossPlane, Picture
from phenoscope.instruments.landscapes.planes import PointsPlane, plane_through
from phenoscope.instruments.landscapes.reach import Reach, reach
from phenoscope.instruments.landscapes.simplexes import Simplex, log_volume, log_volumes, simplex, uniform_shares
from phenoscope.instruments.networks.capacity import MarginNorm, WeightNorm, margin_norm, weight_norm
from phenoscope.instruments.networks.conserved import Balance, UnitBalance, balance, unit_balance
from phenoscope.instruments.networks.coordinates import CoordinateCheck, coordinate_check, layer_changes
from phenoscope.instruments.networks.features import FeatureRank, feature_rank
from phenoscope.instruments.networks.homogeneous import MarginConditions, margin_conditions
from phenoscope.instruments.networks.peak_factors import PeakFactors, peak_factors
from phenoscope.instruments.networks.ranks import MatrixRank, WeightRank, matrix_rank, weight_rank
from phenoscope.instruments.networks.reliance import ShuffledAuc, shuffled_auc
from phenoscope.instruments.networks.rotation import Rotation, rotation
from phenoscope.instruments.networks.units import DeadUnits, dead_units
from phenoscope.instruments.networks.variance_sources import VarianceSources, variance_sources
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.own import named_operator
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
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.registry import INSTRUMENTS
from phenoscope.instruments.sampling import Sampled, sampling_error
from phenoscope.instruments.spectra.density import Density, density
from phenoscope.instruments.spectra.eigenspaces import EigenspaceOverlap, eigenspace_overlap
from phenoscope.instruments.spectra.extremes import Extremes
from phenoscope.instruments.spectra.gram import GramSpectrum, gauss_newton_spectrum
from phenoscope.instruments.spectra.negative import NegativeShare, negative_share
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs, eigenvalues, sharpness
from phenoscope.instruments.spectra.tracking import Tracker, Tracking
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
from phenoscope.instruments.traces.diagonal import Diagonal, diagonal
from phenoscope.instruments.traces.norm import FrobeniusNorm, frobenius_norm
from phenoscope.instruments.traces.trace import Trace, trace

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
    "named_operator",
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
