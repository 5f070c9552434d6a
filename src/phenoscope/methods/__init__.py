"""What stands above instruments and training: what needs both, and members that are computed rather than trained."""

from phenoscope.methods.alignment import Alignment, align
from phenoscope.methods.ambiguous import AmbiguousDescent
from phenoscope.methods.attribution import Attribution, variance_shares
from phenoscope.methods.bands import Band, elastic_band
from phenoscope.methods.circle import Circle
from phenoscope.methods.complexes import Complex, connecting_complex
from phenoscope.methods.computation import Computation, Found, Freezable, numbers
from phenoscope.methods.convergence_rate import ConvergenceRate
from phenoscope.methods.coupled_features import CoupledFeatures
from phenoscope.methods.crossed_features import CrossedFeatures
from phenoscope.methods.curves import Curve, curve
from phenoscope.methods.diagonal_descent import DiagonalDescent
from phenoscope.methods.double_well import DoubleWell
from phenoscope.methods.early_clock import EarlyClock
from phenoscope.methods.early_stopping import StoppedClassifier, StoppedRegression
from phenoscope.methods.ensembles import Ensemble
from phenoscope.methods.exhaustive import BestOrder, best_order
from phenoscope.methods.feature_limit import FeatureLimit
from phenoscope.methods.feature_smoother import FeatureSmoother
from phenoscope.methods.finite_width import FiniteWidth
from phenoscope.methods.function_space import FunctionSpace
from phenoscope.methods.fusion import Fusion, fuse
from phenoscope.methods.gaussian_features import GaussianFeatures
from phenoscope.methods.homogeneous_descent import HomogeneousDescent
from phenoscope.methods.induction_heads import InductionHeads
from phenoscope.methods.initial_kernel import InitialKernel
from phenoscope.methods.interpolating import InterpolatingDescent
from phenoscope.methods.kernel_regression import KernelRegression
from phenoscope.methods.layer_collapse import LayerCollapse
from phenoscope.methods.lazy_horizon import LazyHorizon
from phenoscope.methods.lazy_rich import LazyRich
from phenoscope.methods.least_squares import LeastSquares
from phenoscope.methods.line_fits import LineFit
from phenoscope.methods.linear_sgd import LinearSGD
from phenoscope.methods.matrix_completion import EndToEndField, MatrixCompletion
from phenoscope.methods.matrix_factorisation import MatrixFactorisation
from phenoscope.methods.merging import Merge, merge
from phenoscope.methods.mirror_descent import MirrorDescent
from phenoscope.methods.noise_absorption import NoiseAbsorption
from phenoscope.methods.particles import Particles
from phenoscope.methods.peak_ablation import PeakAblation
from phenoscope.methods.product_descent import ProductDescent
from phenoscope.methods.random_features import RandomFeatures
from phenoscope.methods.random_functions import RandomFunctions
from phenoscope.methods.recursive_features import LaplacePredictor, RecursiveFeatures, recursive_features
from phenoscope.methods.renormalisation import Renormalised, renormalise
from phenoscope.methods.richness_rate import RichnessRate
from phenoscope.methods.separable import SeparableDescent
from phenoscope.methods.small_search import SmallSearch
from phenoscope.methods.spectral_regression import SpectralRegression
from phenoscope.methods.strong_tickets import PrunedToTarget, SubsetSums, best_subsets
from phenoscope.methods.supermasks import EdgePopup, Supermask
from phenoscope.methods.trainability import TrainabilityGrid, View
from phenoscope.methods.two_features import TwoFeatures
from phenoscope.methods.two_scales import TwoScales
from phenoscope.methods.valley_descent import Valley, ValleyDescent
from phenoscope.methods.weights import recompute_statistics
from phenoscope.methods.wide_descent import WideDescent

__all__ = [
    "Alignment",
    "AmbiguousDescent",
    "Attribution",
    "Band",
    "BestOrder",
    "Circle",
    "Complex",
    "Computation",
    "ConvergenceRate",
    "CoupledFeatures",
    "CrossedFeatures",
    "Curve",
    "DiagonalDescent",
    "DoubleWell",
    "EarlyClock",
    "EdgePopup",
    "EndToEndField",
    "Ensemble",
    "FeatureLimit",
    "FeatureSmoother",
    "FiniteWidth",
    "Found",
    "Freezable",
    "FunctionSpace",
    "Fusion",
    "GaussianFeatures",
    "HomogeneousDescent",
    "InductionHeads",
    "InitialKernel",
    "InterpolatingDescent",
    "KernelRegression",
    "LaplacePredictor",
    "LayerCollapse",
    "LazyHorizon",
    "LazyRich",
    "LeastSquares",
    "LineFit",
    "LinearSGD",
    "MatrixCompletion",
    "MatrixFactorisation",
    "Merge",
    "MirrorDescent",
    "NoiseAbsorption",
    "Particles",
    "PeakAblation",
    "ProductDescent",
    "PrunedToTarget",
    "RandomFeatures",
    "RandomFunctions",
    "RecursiveFeatures",
    "Renormalised",
    "RichnessRate",
    "SeparableDescent",
    "SmallSearch",
    "SpectralRegression",
    "StoppedClassifier",
    "StoppedRegression",
    "SubsetSums",
    "Supermask",
    "TrainabilityGrid",
    "TwoFeatures",
    "TwoScales",
    "Valley",
    "ValleyDescent",
    "View",
    "WideDescent",
    "align",
    "best_order",
    "best_subsets",
    "connecting_complex",
    "curve",
    "elastic_band",
    "fuse",
    "merge",
    "numbers",
    "recompute_statistics",
    "recursive_features",
    "renormalise",
    "variance_shares",
]
