"""Training loops as users write them, small and in float64, for the tests of watches."""

import torch
from torch import nn
from torch.nn import functional

import phenoscope as ps

EVERY = (ps.probes.Loss(), ps.probes.GradientNorm(), ps.probes.RelativeProgress(), ps.probes.Sharpness(every=1))


def examples(count=40, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 5, generator=generator, dtype=torch.float64)
    return inputs.to(dtype), (inputs[:, 0] * inputs[:, 1] > 0).long()


def network(dtype=torch.float64, seed=0, width=6):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(5, width), nn.Tanh(), nn.Linear(width, 2)).to(dtype)


def squared(outputs, labels):
    return (outputs - functional.one_hot(labels, 2)).square().sum() / (2 * len(labels))


def descend(model, loss, data, optimizer, steps):
    """Full-batch training; returns the points on the way, the first and the last among them."""
    points = [point(model)]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(data[0]), data[1]).backward()
        optimizer.step()
        points.append(point(model))
    return points


def point(model):
    return torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad]).clone()


def series(path, name):
    """One recorded series as {step: value}."""
    found = ps.load(path).record.series[name]
    return dict(zip(found.steps.tolist(), found.values.tolist(), strict=True))
