"""What each of two processes does in the test of a watch of data-parallel training; started by torchrun."""

import sys
import warnings
from pathlib import Path

import torch
from loops import EVERY, examples, network, squared
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD

import phenoscope as ps
from phenoscope.store import Journal

STEPS = 5


def trained(run, *, break_at=None):
    """Data-parallel full-batch training of one network on this process's half, watched by both; its watch."""
    rank = distributed.get_rank()
    half = tuple(part[rank::2] for part in examples())
    model = DistributedDataParallel(network())
    optimizer = SGD(model.parameters(), lr=0.2)
    options = {"probes": EVERY, "group": distributed.group.WORLD, "run": run}
    with ps.watch(model, squared, half, optimizer, **options) as watch:
        for step in range(STEPS):
            if step == break_at and rank == 0:
                Journal.append = broken
            optimizer.zero_grad()
            squared(model(half[0]), half[1]).backward()
            optimizer.step()
    return watch, [value.detach().tolist() for value in model.module.parameters()]


def broken(*_):
    raise OSError("the disk is gone")


def main(folder):
    watch, parameters = trained(folder / "run")
    found = {"whole": [watch.problem, watch.step, parameters]}
    try:
        trained(folder / "run")
    except ps.PhenoscopeError as problem:
        found["refusal"] = str(problem)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        watch, parameters = trained(folder / "broken", break_at=2)
    found["broken"] = [watch.problem, watch.step, parameters, len(told)]
    every = [None] * distributed.get_world_size()
    distributed.all_gather_object(every, found)
    if distributed.get_rank() == 0:
        torch.save(every, folder / "found.pt")


if __name__ == "__main__":
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    main(Path(sys.argv[1]))
    distributed.barrier()  # gloo's threads abort now and then where a process takes leave while another still works
    distributed.destroy_process_group()
