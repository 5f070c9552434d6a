"""What one process measures of all data, and what each of several measures of its part: run by torchrun.

Usage: torchrun --nproc-per-node 2 splitting.py FILE
"""

import dataclasses
import inspect
import json
import sys
import warnings

import torch
from torch import distributed, nn

import phenoscope as ps
from oracles import Attention, Routed, drawn, ignoring, labels, normal
from phenoscope import instruments
from phenoscope.instruments import INSTRUMENTS, Bench, Path

CE = nn.CrossEntropyLoss()
TOKENS = labels(5, 10, 3, seed=3)


def networks():
    """Model, loss, inputs, targets, and where to cut the examples in two."""
    dense = drawn(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))
    yield "perceptron", dense, CE, normal(21, 4), labels(3, 21), 8
    yield "tokens, some ignored", drawn(Attention(nn.Tanh())), CE, TOKENS, ignoring(), 4
    yield "sum", drawn(nn.Linear(4, 3)), nn.CrossEntropyLoss(reduction="sum"), normal(9, 4), labels(3, 9), 2
    sparse = drawn(nn.Sequential(nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 2)), seed=2)
    nn.init.constant_(sparse[0].bias, -2.0)  # some units are above 0 for the examples of one process alone
    yield "two classes", sparse, CE, normal(12, 4, seed=8), labels(2, 12), 7


LEFT_OUT = {
    "gradient_moments": "its sums are read by the noise scale and others",
    "invariance_audit": "applies instruments that stand here, and takes as long as all others together",
    "symmetries": "of the model alone: what may be changed in it, which is no number",
}
"""Exported instruments that are not compared, and why."""


def two(objective):
    return objective.point, objective.point + normal(len(objective.point), seed=8)


def three(objective):
    return [*two(objective), objective.point + normal(len(objective.point), seed=9)]


CALLS = {
    "barrier": lambda objective: ps.barrier(objective, *two(objective)),
    "batch_gradient_share": lambda objective: instruments.batch_gradient_share(objective, 2, batch_size=4, batches=4),
    "monotonicity": lambda objective: instruments.monotonicity(objective, *two(objective)),
    "path_barrier": lambda objective: instruments.path_barrier(objective, Path(torch.stack(two(objective)))),
    "plane_through": lambda objective: instruments.plane_through(objective, three(objective), grid=3),
    "reach": lambda objective: instruments.reach(objective, normal(len(objective.point), seed=9)),
    "sampling_error": lambda objective: instruments.sampling_error(objective, "loss", groups=3),
    "shuffled_auc": lambda objective: instruments.shuffled_auc(objective, torch.arange(4) < 2, shuffles=2),
    "simplex": lambda objective: instruments.simplex(objective, three(objective)),
}
"""How to call those that need more than the objective."""


def exported():
    """All exported instruments that take an objective, by name, without those that the registry has."""
    found = {name: getattr(instruments, name) for name in instruments.__all__ if name not in {*INSTRUMENTS, *LEFT_OUT}}
    return {
        name: CALLS.get(name, instrument)
        for name, instrument in found.items()
        if inspect.isfunction(instrument)
        and "Objective" in str(next(iter(inspect.signature(instrument).parameters.values())))
    }


def numbers(reading):
    """Value (or values) and error of a reading, as plain floats, or of a picture all tensors that it holds."""
    value = getattr(reading, "values", getattr(reading, "value", None))
    if value is None:
        fields = [getattr(reading, field.name) for field in dataclasses.fields(reading)]
        return [float(part) for field in fields if torch.is_tensor(field) for part in field.flatten()]
    error = getattr(reading, "error", None)
    return [float(part) for part in (*torch.as_tensor(value).double().flatten(), *([] if error is None else [error]))]


def attempt(instrument, objective):
    """The numbers of an instrument, none where it refuses."""
    try:
        return numbers(instrument(objective))
    except ps.BadInput:
        return []


def measured(objective):
    """Everything there is, by name."""
    found = {"loss": [objective.loss().item()], "gradient": objective.gradient().tolist()}
    found["outputs"] = objective.outputs().flatten().tolist()
    accuracy = objective.accuracy()
    found["accuracy"] = [] if accuracy is None else [accuracy.item()]
    vector = normal(len(objective.point), seed=5)
    no_sums = () if objective.weighting == "sum" else ("gradient_covariance",)
    for which in ("hessian", "gauss_newton", "fisher", "empirical_fisher", *no_sums):
        operator = objective.operator(which)
        found[which] = (operator @ vector).tolist()
        found[f"{which}, top"] = ps.eigenvalues(operator, 2, tol=1e-9).values.tolist()
        found[f"{which}, trace"] = numbers(ps.trace(operator))
    parts = objective.sampled(5, 3, generator=torch.Generator().manual_seed(4))
    found["parts"] = [objective.weight(), *(number for part in parts for number in (part.loss().item(), part.weight()))]
    axes = normal(2, len(objective.point), seed=6)
    found["losses along axes"] = objective.losses(normal(5, 2, seed=7), axes).tolist()
    found["density"] = ps.density(objective, steps=6).values.tolist()
    for name, instrument in INSTRUMENTS.items():
        if no_sums or not name.startswith("gradient_covariance"):
            found[f"instrument {name}"] = numbers(instrument.read(Bench(objective), None))
    for name in ("eigenvalues:2", "density", "fisher_diagonal"):
        line = ps.measure(objective, [name], parameters=[next(iter(dict(objective.model.named_parameters())))])[name]
        found[f"restricted {name}"] = numbers(line.reading)
    return found | {f"exported {name}": attempt(instrument, objective) for name, instrument in exported().items()}


def uneven():
    """Networks with data for each of two processes, of which one alone would take another way: model, loss, parts."""
    inputs, classes = normal(8, 4), labels(3, 8)
    far, unknown = inputs.index_fill(1, torch.tensor([0]), 6.0), torch.full_like(classes, -100)
    yield "routed", Routed(), CE, [(inputs, classes)], [(inputs, classes), (far, classes)]
    yield "ignored at first", nn.Linear(4, 3), CE, [(inputs, classes)], [(inputs, unknown), (inputs, classes)]
    yield "ignored", nn.Linear(4, 3), CE, [(inputs, classes)], [(inputs, unknown)]
    yield "probabilities", nn.Linear(4, 3), loss_of_shares, [(inputs, classes)], [(inputs, normal(8, 3).softmax(1))]


def loss_of_shares(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets)


def decided(objective):
    """What is decided by looking at the data, in words and rounded numbers."""
    found = {"kind": objective.loss_kind, "accuracy": repr(objective.accuracy())}
    for name in ("of_errors", "fisher"):
        try:
            found[name] = type(getattr(objective, name)()).__name__
        except ps.BadInput as problem:
            found[name] = str(problem)
    for instrument in (ps.trace, ps.diagonal, ps.gauss_newton_spectrum):
        reading = instrument(objective)
        found[instrument.__name__] = [f"{reading.value:.6g}", str(reading.outcome), getattr(reading, "note", "")]
    return found


def decisions(data, group=None):
    """Of each uneven network, with the data that `data` takes of the two parts."""
    found = uneven()
    return {
        name: decided(ps.Objective(drawn(model), loss, data(first, second), group=group))
        for name, model, loss, first, second in found
    }


def alone():
    """What one process says of each network, in two batches that are not those of the processes."""
    found = {}
    for name, model, loss, inputs, targets, cut in networks():
        parts = [(inputs[: cut // 2], targets[: cut // 2]), (inputs[cut // 2 :], targets[cut // 2 :])]
        found[name] = measured(ps.Objective(model, loss, parts))
    return found


def together():
    """What this process says, with its part of the data."""
    rank, found = distributed.get_rank(), {}
    for name, model, loss, inputs, targets, cut in networks():
        part = slice(cut) if rank == 0 else slice(cut, None)
        data = (inputs[part], targets[part])
        found[name] = measured(ps.Objective(model, loss, data, group=distributed.group.WORLD))
    return found


def refusal():
    """The sentence for processes whose networks differ."""
    model = drawn(nn.Linear(4, 3), seed=distributed.get_rank())
    try:
        ps.Objective(model, CE, (normal(4, 4), labels(3, 4)), group=distributed.group.WORLD)
    except ps.BadInput as problem:
        return str(problem)
    return ""


if __name__ == "__main__":
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    found = {"found": together(), "refusal": refusal()}
    found["decisions"] = decisions(lambda *parts: parts[rank], distributed.group.WORLD)
    every = [None] * distributed.get_world_size()
    distributed.all_gather_object(every, json.dumps(found).replace("NaN", "null"))
    if distributed.get_rank() == 0:
        with open(sys.argv[1], "w") as file:
            json.dump(every, file)
    distributed.barrier()  # gloo's threads abort now and then where a process takes leave while another still works
    distributed.destroy_process_group()
