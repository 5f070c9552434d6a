"""What does a double-descent sweep cost in cohorts, against one network at a time?"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import torch

from benchmarks.harness import Timing, interleaved, report, threads
from phenoscope.atlas import find
from phenoscope.core.seeds import stream
from phenoscope.engine.plans import grouped, waves
from phenoscope.training import Recipe, State, train

STEPS = 5
SEEDS = range(5)


def run() -> None:
    """The sweep over widths of `double_descent`, 5 seeds: the arm with most wrong labels, and all of it."""
    made = find("double_descent")
    jobs = [job for job in waves(made, SEEDS)[0] if job.plan.training is not None]
    alone = [job for job in jobs if job.plan.training.data.label_noise == 0.2 and not job.plan.training.rule.decoupled]
    with threads(1):
        cases = {f"{len(some)} networks": _timed(some) for some in (alone, jobs)}
    report("Five steps of every network of a sweep over 20 widths", cases, {"clock": "processor time"})


def _timed(jobs: Sequence) -> list[Timing]:
    recipes = [dataclasses.replace(job.plan.training, steps=10**6) for job in jobs]
    groups = [[dataclasses.replace(job.plan.training, steps=10**6) for job in group] for group in grouped(jobs)]
    contenders: dict[str, Callable[[], object]] = {
        "plain PyTorch, one at a time": _loops(recipes),
        "one at a time": _stepper([train([one]) for one in recipes]),
        "cohorts": _stepper([train(group) for group in groups]),
    }
    return interleaved(
        contenders, baseline="plain PyTorch, one at a time", rounds=10, warmup=1, clock=time.process_time
    )


def _stepper(runs: Sequence[Iterator[State]]) -> Callable[[], object]:
    def advance() -> None:
        for run in runs:
            for _ in range(STEPS):
                next(run)

    return advance


def _loops(recipes: Sequence[Recipe]) -> Callable[[], object]:
    """Training as one would write it: a module, its optimizer and its data, network by network."""
    networks = [_built(recipe) for recipe in recipes]

    def advance() -> None:
        for model, optimizer, inputs, targets in networks:
            for _ in range(STEPS):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(inputs), targets).backward()
                optimizer.step()

    return advance


def _built(recipe: Recipe) -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.Tensor, torch.Tensor]:
    train = recipe.data.draw(stream(recipe.seed, "data")).train
    generator = stream(recipe.seed, "initialisation")
    model = recipe.model.build(generator, inputs=recipe.data.shape, outputs=recipe.data.outputs)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rule.lr, weight_decay=recipe.rule.decoupled)
    return model, optimizer, train.inputs, train.targets
