"""Data sets as specs: real and generated sources, and how examples are drawn from them."""

from phenoscope.data.blocks import Slabs, TwoDigits
from phenoscope.data.clusters import GaussianClusters
from phenoscope.data.dataset import Dataset
from phenoscope.data.destroyed import Destroyed
from phenoscope.data.digits import Digits
from phenoscope.data.examples import Draw, Examples, Pool, Source
from phenoscope.data.idx import IDX
from phenoscope.data.mnist1d import MNIST1D
from phenoscope.data.planted import Planted
from phenoscope.data.registry import DATASETS, dataset
from phenoscope.data.regression import SparseRegression
from phenoscope.data.sides import Sides
from phenoscope.data.single import One, SecondOrderMap

__all__ = [
    "DATASETS",
    "IDX",
    "MNIST1D",
    "Dataset",
    "Destroyed",
    "Digits",
    "Draw",
    "Examples",
    "GaussianClusters",
    "One",
    "Planted",
    "Pool",
    "SecondOrderMap",
    "Sides",
    "Slabs",
    "Source",
    "SparseRegression",
    "TwoDigits",
    "dataset",
]
