"""Families: every phenomenon of the atlas has its place in one story."""

from phenoscope.atlas import ATLAS
from phenoscope.atlas.families import FAMILIES, family_of


def test_every_phenomenon_of_the_atlas_has_its_place_in_one_family():
    placed = [name for family in FAMILIES.values() for name in family.phenomena]
    assert sorted(placed) == sorted(ATLAS)
    assert all(family_of(name) is not None for name in ATLAS)
    assert family_of("somebody_elses") is None
    assert all(family.question.endswith("?") for family in FAMILIES.values())
