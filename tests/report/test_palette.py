"""The palette against its own promises: contrast, and distance for the colour-blind."""

import itertools

import numpy as np
import pytest

from phenoscope.report.palette import DARK_PAGE, INK, LIGHT_PAGE, PAGE, SERIES, contrast

# Machado, Oliveira & Fernandes 2009, table 1 at severity 1, for linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Ottosson 2020, from linear RGB."""
    first = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    second = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(second) @ np.cbrt(np.array(first) @ rgb)


@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
@pytest.mark.parametrize("colour", SERIES)
def test_every_colour_stands_out_from_both_pages(colour, page):
    assert contrast(colour, page) >= 3


def test_contrast_is_that_of_the_standard():
    # #767676 on white is the grey that web authors know as just passing 4.5:1.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#ffffff", "#767676") == contrast("#767676", "#ffffff")


@pytest.mark.parametrize("vision", VISION)
def test_no_two_colours_look_alike(vision):
    seen = [oklab(np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)) for colour in SERIES]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > 0.075  # a just noticeable difference is about 0.02


def test_sentinels_are_no_colours_of_the_palette():
    assert len({INK, PAGE, *SERIES}) == 2 + len(SERIES)
