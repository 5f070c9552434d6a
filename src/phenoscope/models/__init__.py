"""Models as specs: what to build, with every parameter drawn from one generator."""

from phenoscope.models.activations import ACTIVATIONS
from phenoscope.models.cnn import CNN
from phenoscope.models.diagonal import DiagonalLinear
from phenoscope.models.layers import Classifier
from phenoscope.models.linear import DeepLinear
from phenoscope.models.minimal import Product, SecondOrder
from phenoscope.models.mlp import MLP
from phenoscope.models.registry import MODELS, Architecture, model
from phenoscope.models.uniform import UniformMLP
from phenoscope.models.widths import LayerScale, rate_groups, scale_start, width_scaling

__all__ = [
    "ACTIVATIONS",
    "CNN",
    "MLP",
    "MODELS",
    "Architecture",
    "Classifier",
    "DeepLinear",
    "DiagonalLinear",
    "LayerScale",
    "Product",
    "SecondOrder",
    "UniformMLP",
    "model",
    "rate_groups",
    "scale_start",
    "width_scaling",
]
