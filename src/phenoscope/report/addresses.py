"""Where pages lie on a site, from its root."""

import re
from urllib.parse import quote

from phenoscope.store import Experiment

CONTROLS = "controls.html"
"""The page on what survives a control of the whole experiment."""


def run_folder(experiment: Experiment) -> str:
    """The folder of a run's page."""
    return f"runs/{quote(experiment.path.name)}/"


def phenomenon_file(name: str) -> str:
    """The file of a phenomenon's page: its name, with nothing in it that a file cannot be called."""
    return (re.sub(r"[^\w.-]+", "-", name).strip(".-") or "phenomenon") + ".html"


def phenomenon_page(name: str) -> str:
    """The address of a phenomenon's page."""
    return f"phenomena/{quote(phenomenon_file(name))}"


def family_page(name: str) -> str:
    """The address of a family's page."""
    return f"families/{quote(name)}.html"
