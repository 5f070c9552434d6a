"""What one process measures of all data, and what each of several measures of its part: run by torchrun.

Usage: torchrun --nproc-per-node 2 splitting.py FILE
"""

import json
import sys
import warnings

import torch
from torch import distributed, nn

import phenoscope as ps
from oracles import Attention, drawn, ignoring, labels, normal
from phenoscope.instruments import INSTRUMENTS, Bench

CE = nn.CrossEntropyLoss()
TOKENS = labels(5, 10, 3, seed=3)


def networks():
    """Model, loss, inputs, targets, and where to cut the examples in two."""
    dense = drawn(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))
    yield "perceptron", dense, CE, normal(21, 4), labels(3, 21), 8
    yield "tokens, some ignored", drawn(Attention(nn.Tanh())), CE, TOKENS, ignoring(), 4
    yield "sum", drawn(nn.Linear(4, 3)), nn.CrossEntropyLoss(reduction="sum"), normal(9, 4), labels(3, 9), 2


def numbers(reading):
    """Value and error of a reading, as plain floats."""
    value = torch.as_tensor(reading.value).double().flatten()
    return [float(part) for part in (*value, *([] if reading.error is None else [reading.error]))]


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
    return found


def alone():
    """What one process says of each network, in two batches where the processes cut them."""
    found = {}
    for name, model, loss, inputs, targets, cut in networks():
        parts = [(inputs[:cut], targets[:cut]), (inputs[cut:], targets[cut:])]
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
    found = {"found": together(), "refusal": refusal()}
    every = [None] * distributed.get_world_size()
    distributed.all_gather_object(every, json.dumps(found).replace("NaN", "null"))
    if distributed.get_rank() == 0:
        with open(sys.argv[1], "w") as file:
            json.dump(every, file)
    distributed.barrier()  # gloo's threads abort now and then where a process takes leave while another still works
    distributed.destroy_process_group()
