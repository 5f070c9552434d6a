"""Synthetic experiments with everything that may come in a report, made by hand: no training, no judging."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from phenoscope.claims.regions import Above, AtLeast, AtMost, Below, Between
from phenoscope.claims.verdict import ControlVerdict, Verdict
from phenoscope.panels import PanelData, Trace
from phenoscope.store import ArmResult, Experiment

NASTY = 'a <b>bold</b> & "quoted" $arm$ | 2/η'

CONTROL = ControlVerdict("small step", "breaks", 0.31, 0.28, 0.35, 5, True, "contradicted there; differs")
USELESS = dataclasses.replace(CONTROL, estimate=1.01, low=0.97, high=1.05, discriminates=False, how="also inside")
TWIN = ControlVerdict("frozen", "twin", 1.02, 1.0, 1.04, 4, None, "reported beside, with no expectation")

SUPPORTED = Verdict(
    claim="the sharpness averages 0.9 to 1.15 times 2/η",
    name=None,
    source="Cohen et al. 2021, Figure 1",
    arm="gradient descent",
    where={"lr": 0.1},
    statistic="late_mean(sharpness · lr / 2)",
    region=Between(0.9, 1.15),
    region_from="source",
    outcome="supported",
    reason="",
    estimate=1.0234,
    low=0.9871,
    high=1.0612,
    raw_low=0.9987,
    raw_high=1.0481,
    level=0.9875,
    n=5,
    seeds=(0, 1, 2, 3, 4),
    values=(1.0111, 1.0522, 0.9933, 1.0344, 1.0255),
    control=CONTROL,
    scale="linear",
    unit="",
)


def verdict(**changes: Any) -> Verdict:
    return dataclasses.replace(SUPPORTED, **changes)


UNDECIDED = verdict(
    claim="it rises fourfold",
    where={},
    outcome="undecided",
    reason="the interval crosses an edge of the region, ≥ 4; about 11 seeds would decide",
    region=AtLeast(4.0),
    region_from="pilot",
    estimate=4.6,
    low=3.47,
    high=5.73,
    raw_low=3.8,
    raw_high=5.4,
    values=(4.1, 4.4, 4.7, 5.0, 4.8),
    scale="log",
    control=TWIN,
)
NOTHING: dict[str, Any] = dict.fromkeys(("estimate", "low", "high", "raw_low", "raw_high"), math.nan)

VERDICTS = (
    SUPPORTED,
    verdict(
        where={"lr": 0.2},
        outcome="supported, control did not discriminate",
        control=USELESS,
        reason="also inside",
    ),
    verdict(where={"lr": 0.4}, outcome="contradicted", estimate=1.31, low=1.24, high=1.38, raw_low=1.26, raw_high=1.36),
    UNDECIDED,
    verdict(
        claim=f"{NASTY} stays below",
        arm=NASTY,
        where={},
        outcome="not tested",
        reason="no member",
        region=AtMost(0.5),
        region_from="theory",
        n=0,
        seeds=(),
        values=(),
        control=None,
        **NOTHING,
    ),
    verdict(
        claim="one seed is no evidence",
        where={},
        outcome="undecided",
        reason="one seed shows no spread",
        region=Above(0.0),
        estimate=0.7,
        low=-math.inf,
        high=math.inf,
        raw_low=-math.inf,
        raw_high=math.inf,
        n=1,
        seeds=(3,),
        values=(0.7,),
        control=None,
    ),
    verdict(
        claim="a seed diverged",
        where={},
        outcome="undecided",
        reason="seed 2: diverged at step 17, which the claim leaves undecided",
        region=Below(3.0),
        values=(1.0, 2.0, math.nan),
        n=3,
        seeds=(0, 1, 2),
        **NOTHING,
    ),
)


def oscillation(lines: int, points: int) -> PanelData:
    """Lines that rise and oscillate, three swept values, with a level each."""
    x = np.arange(points, dtype=float)
    traces = []
    for line in range(lines):
        edge = 2.0 / (0.1 * (1 + line % 3))
        y = edge * (1 - np.exp(-x / 300)) + 0.1 * edge * np.sin(2.9 * x + line)
        traces.append(Trace("gradient descent", {"lr": 0.1 * (1 + line % 3)}, line // 3, tuple(x), tuple(y)))
    theory = [Trace("gradient descent", {"lr": 0.1 * k}, None, (0.0, float(points)), (20 / k,) * 2) for k in (1, 2, 3)]
    heads = ("Sharpness at the edge", "Dashed: 2/η.", "step", "sharpness", False, False)
    return PanelData("lines", *heads, tuple(traces), tuple(theory), "2/η")


SCATTER = PanelData(
    kind="scatter",
    title=NASTY,
    caption="One point a member.",
    x_label="2/η",
    y_label="late sharpness <1>",
    log_x=True,
    log_y=True,
    traces=(
        Trace("gradient descent", {"lr": 0.1}, 0, (20.0,), (20.123456789012345,)),
        Trace("gradient descent", {"lr": 0.2}, 0, (10.0,), (9.5,)),
        Trace(NASTY, {}, 1, (5.0,), (1e-17,)),
        Trace(NASTY, {}, 2, (), ()),
    ),
    theory=(Trace("", {}, None, (5.0, 20.0), (5.0, 20.0)),),
    theory_label="sharpness = 2/η",
)
EMPTY = dataclasses.replace(SCATTER, title="???", traces=(Trace("gradient descent", {}, 0, (), ()),), theory=())

RECIPE = {
    "kind": "Recipe",
    "model": {"kind": "MLP", "widths": [32, 32], "activation": "<tanh>"},
    "rule": {"kind": "GD", "lr": 0.2},
    "steps": 4000,
    "seed": 0,
    "batch": None,
    "start": None,
}


def experiment(**changes: Any) -> Experiment:
    """An experiment with all outcomes, nasty names, an empty panel and diverged members."""
    arms = (
        ArmResult("gradient descent", "main", "Full batch.", RECIPE, {"lr": (0.1, 0.2, 0.4)}, ("a1", "b2"), 183.4, 0),
        ArmResult(NASTY, "control", NASTY, RECIPE, {}, ("c3",), 61.0, 1),
    )
    fields: dict[str, Any] = {
        "path": Path("nowhere"),
        "name": "edge_of_stability",
        "title": f"The edge {NASTY}",
        "question": "Does it rise & stay?",
        "summary": "What it is.",
        "scale": "laptop",
        "options": {"width": 32},
        "sources": (("Cohen <et al.> 2021", "https://arxiv.org/abs/2103.00065"), ("Bad", "javascript:alert(1)")),
        "seeds": (0, 1, 2, 3, 4),
        "looks": 2,
        "arms": arms,
        "verdicts": VERDICTS,
        "panels": (oscillation(6, 200), SCATTER, EMPTY, dataclasses.replace(EMPTY, title="!!!")),
        "command": "phenoscope run edge_of_stability --option '<x>'",
        "environment": {"python": "3.11.9", "machine": {"cpu": "x <y>"}, "dirty": False, "gpu": None},
        "created": "2025-11-22T01:40:00+00:00",
    }
    return Experiment(**fields | changes)
