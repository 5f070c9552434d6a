"""The spectral density: what it costs beyond its products, and how soon it is good enough, against the peers.

Peers take as many probes and steps as they are told; their cost is that many times the cost of a probe, so where a
probe takes a minute they are given fewer, all the same number. The error is the distance ∫ |difference| dλ to a
reference from `REFERENCE` probes of the same steps, all smoothed alike.
"""

import functools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import Timing, clock, plural, report, threads, timed, timing
from benchmarks.workloads import Workload, workload
from phenoscope import density

STEPS = 80
OURS = "phenoscope"
PRODUCTS = "the products alone, graph included"
REFERENCE = 20
TOL = 0.1

Quadrature = tuple[Tensor, Tensor]
"""Nodes and weights, (probes, steps) each."""


def run(threads: int = 1) -> None:
    """A fixed number of probes and steps: MLP and CNN."""
    _report("Spectral density against its products and peers", (("MLP", 10, 2), ("CNN", 1, 1)), threads)


def run_gpt(threads: int = 1) -> None:
    """The same for the transformer: five minutes."""
    _report("Spectral density of a transformer", (("GPT", 1, 1),), threads)


def run_early() -> None:
    """Stopping on the error band, against peers with as many probes as reach the tolerance, which they cannot know."""
    found = {"MLP, stopping, one thread": _early("MLP")}
    report("Spectral density to an error band", found, {"tolerance": TOL, "peers": peers.versions()})


def _report(title: str, cases: Sequence[tuple[str, int, int]], count: int) -> None:
    found = {}
    for name, probes, rounds in cases:
        words = f"{probes} {'probe' if probes == 1 else 'probes'} of {STEPS} steps"
        found[f"{name}, {words}, {plural(count)}"] = _compared(name, probes, count, rounds)
    report(f"{title}, {plural(count)}", found, {"peers": peers.versions()})


def _compared(name: str, probes: int, count: int, rounds: int) -> list[Timing]:
    work = workload(name)
    calls: dict[str, Callable[[], object]] = {PRODUCTS: functools.partial(_products, work, probes)}
    calls[OURS] = lambda: density(work.objective(), probes=max(2, probes), steps=STEPS, tol=0)
    calls |= {tool: functools.partial(call, work, probes) for tool, call in _tools().items()}
    times: dict[str, list[float]] = {tool: [] for tool in calls}
    with threads(count), peers.differentiable():
        for _ in range(rounds):
            for tool, call in calls.items():
                # This library wants a spread, so at least two probes; a probe's share is what is compared.
                share = probes / max(2, probes) if tool == OURS else 1.0
                times[tool].append(share * timed(call, clock(count))[0])
                print(f"    {name}, {count} threads: {tool} {times[tool][-1]:.1f} s", flush=True)
    return [timing(tool, seconds, times[PRODUCTS]) for tool, seconds in times.items()]


def _early(name: str) -> list[Timing]:
    work = workload(name)
    with threads(1), peers.differentiable():
        seconds, ours = timed(lambda: density(work.objective(), tol=TOL), clock(1))
        reference = density(work.objective(), probes=REFERENCE, steps=STEPS, tol=0, generator=_seeded(99))
        error = _distance((ours.nodes, ours.weights), reference, ours.width)
        evidence = {"products": ours.products, "true error": round(error, 4), "band": round(ours.error, 4)}
        timings = [timing(OURS, [seconds], [seconds], evidence)]
        for tool, call in _tools().items():
            probes = 1
            while True:
                spent, found = timed(functools.partial(call, work, probes), clock(1))
                error = _distance(found, reference, ours.width)
                if error <= TOL or probes == 10:
                    break
                probes += 1
            evidence = {"probes": probes, "products": probes * STEPS, "true error": round(error, 4)}
            timings.append(timing(tool, [spent], [seconds], evidence))
            print(f"    {name}: {tool} {spent:.1f} s {evidence}", flush=True)
    return timings


def _distance(found: Quadrature, reference: object, width: float) -> float:
    nodes = reference.nodes  # type: ignore[attr-defined]
    grid = torch.linspace(float(nodes.min()) - 5 * width, float(nodes.max()) + 5 * width, 4096, dtype=torch.float64)
    exact = _bumps((nodes, reference.weights), grid, width)  # type: ignore[attr-defined]
    return float((_bumps(found, grid, width) - exact).abs().sum() * (grid[1] - grid[0]))


def _bumps(found: Quadrature, grid: Tensor, width: float) -> Tensor:
    nodes, weights = (part.double().reshape(-1) for part in found)
    total = torch.zeros_like(grid)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        if weight > 0 and math.isfinite(node):
            total += weight * torch.exp(-(((grid - node) / width) ** 2) / 2)
    return total / (width * math.sqrt(2 * math.pi) * len(found[0]))


def _products(work: Workload, probes: int) -> None:
    operator = work.objective().hessian()
    block = torch.randn(1, probes, work.size, generator=_seeded(0))
    for _ in range(STEPS):
        operator.multiply(block)


def _tools() -> dict[str, Callable[[Workload, int], Quadrature]]:
    tools = {"PyHessian": _pyhessian, "curvlinops": _curvlinops, "hessian-eigenthings": _eigenthings}
    return {name: tools[name] for name, version in peers.versions().items() if version is not None}


def _pyhessian(work: Workload, probes: int) -> Quadrature:
    torch.manual_seed(0)
    with peers.mended():
        nodes, weights = peers.pyhessian(work).density(iter=STEPS, n_v=probes)
    return torch.tensor(nodes), torch.tensor(weights)


def _curvlinops(work: Workload, probes: int) -> Quadrature:
    from curvlinops.papyan2020traces.spectrum import fast_lanczos

    torch.manual_seed(0)
    operator = peers.curvlinops(work)
    found = [fast_lanczos(operator, STEPS) for _ in range(probes)]
    return torch.stack([values for values, _ in found]), torch.stack([vectors[0].square() for _, vectors in found])


def _eigenthings(work: Workload, probes: int) -> Quadrature:
    from hessian_eigenthings import spectral_density

    found = spectral_density(peers.eigenthings(work), num_runs=probes, lanczos_steps=STEPS, seed=0)
    return found.raw_eigenvalues, found.raw_weights


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
