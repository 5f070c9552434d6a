"""What can be done to the parameters of a network without a change of what it computes."""

from phenoscope.instruments.symmetries.changes import NORMALISATIONS, PRESERVED, Absent, Symmetry, deviation, symmetries
from phenoscope.instruments.symmetries.deriving import permutation_structure
from phenoscope.instruments.symmetries.structure import Block, Group, Permutations, PermutationStructure

__all__ = [
    "NORMALISATIONS",
    "PRESERVED",
    "Absent",
    "Block",
    "Group",
    "PermutationStructure",
    "Permutations",
    "Symmetry",
    "deviation",
    "permutation_structure",
    "symmetries",
]
