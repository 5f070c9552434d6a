"""The largest eigenvalues, cold, to one residual for all: this library, SciPy on its products, and the peers.

Every call begins with the model and the data and ends with values and vectors. A tool is given the loosest of its
own tolerances with which all residuals ‖Hv - λv‖/|λ| come out at most `RESIDUAL`; they are computed here, with one
product each and sums in double precision, λ being the Rayleigh quotient. What a tool finds that way is timed.
"""

import dataclasses
from collections.abc import Callable, Mapping

import torch

from benchmarks import peers
from benchmarks.harness import Timing, clock, plural, report, threads, timed, timing
from benchmarks.peers import Pairs
from benchmarks.workloads import Workload, workload
from phenoscope import eigenvalues
from phenoscope.objective import Operator

RESIDUAL = 1e-3
OURS = "phenoscope"
TOLERANCES = (1e-3, 5e-4, 2e-4, 1e-4, 3e-5, 1e-5, 1e-6)
CHANGES = (1e-6, 1e-7)
"""Of PyHessian, which stops on the change of a value: with 1e-5 it misses the residual on every workload."""

QUICK = ("curvlinops", "hessian-eigenthings")
"""Without PyHessian, whose ten eigenvalues take as long as all the others together several times."""

Solver = Callable[[Workload, int, float, int], Pairs]


@dataclasses.dataclass(frozen=True)
class Case:
    """One comparison: the k largest eigenvalues of a workload, its data whole or in batches."""

    name: str
    k: int
    threads: int
    batches: int = 1
    rounds: int = 2
    tools: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        data = f", {self.batches} batches" if self.batches > 1 else ""
        return f"{self.name}, top {self.k}{data}, {plural(self.threads)}"


def run(threads: int = 1) -> None:
    """Top 1 and top 10 of the MLP, the data as one batch."""
    _report("Cold eigenvalues of the MLP", [Case("MLP", k, threads, rounds=5) for k in (1, 10)])


def run_cnn(threads: int = 1) -> None:
    """The same for the CNN, one round each; PyHessian's ten take a quarter of an hour, so it has only the first."""
    cases = [Case("CNN", k, threads, rounds=1, tools=QUICK if k > 1 else ()) for k in (1, 10)]
    _report("Cold eigenvalues of the CNN", cases)


def run_gpt(threads: int = 1) -> None:
    """The same for the transformer; PyHessian's ten would take an hour, so it has only the first."""
    cases = [Case("GPT", 1, threads, rounds=5), Case("GPT", 10, threads, rounds=2, tools=QUICK)]
    _report("Cold eigenvalues of the transformer", cases)


def run_loader(threads: int = 1) -> None:
    """Top 1 and top 5 of the MLP through a loader of 20 batches, against PyHessian."""
    cases = [Case("MLP", k, threads, batches=20, rounds=5, tools=("PyHessian",)) for k in (1, 5)]
    _report("Eigenvalues through a loader of 20 batches", cases)


def _report(title: str, cases: list[Case]) -> None:
    found = {case.label: _compared(case) for case in cases}
    report(f"{title}, {plural(cases[0].threads)}", found, {"residual": RESIDUAL, "peers": peers.versions()})


def _compared(case: Case) -> list[Timing]:
    work = workload(case.name)
    operator = work.objective().hessian()
    times: dict[str, list[float]] = {}
    evidence: dict[str, dict[str, object]] = {}
    rungs: dict[str, int] = {}
    with threads(case.threads), peers.differentiable():
        _warmed(operator)
        for turn in range(case.rounds):
            for tool, (solve, ladder) in _solvers(case.tools).items():
                rung = rungs.get(tool, 0)
                while True:
                    seconds, found = timed(
                        lambda s=solve, t=ladder[rung]: s(work, case.k, t, case.batches), clock(case.threads)
                    )
                    residual = _residual(operator, found) if turn == 0 else 0.0
                    if residual <= RESIDUAL or rung + 1 == len(ladder):
                        break
                    rung += 1
                times.setdefault(tool, []).append(seconds)
                rungs[tool] = rung
                if turn == 0:
                    lowest = round(float(found.values[-1]), 4)
                    seen = {"products": found.products, "residual": f"{residual:.0e}", "tol": ladder[rung]}
                    evidence[tool] = seen | {"smallest value": lowest}
                    print(f"    {case.label}: {tool} {seconds:.2f} s {evidence[tool]}", flush=True)
    return [timing(tool, seconds, times[OURS], evidence[tool]) for tool, seconds in times.items()]


def _warmed(operator: Operator) -> None:
    """Two products that nobody is charged for: the first of a process set up PyTorch's kernels and its memory."""
    for _ in range(2):
        operator @ torch.ones(operator.size, 1, dtype=operator.dtype)


def _solvers(tools: tuple[str, ...]) -> Mapping[str, tuple[Solver, tuple[float, ...]]]:
    """Phenoscope, SciPy on its products, and the peers that are installed: all, unless some are named."""
    chosen: dict[str, tuple[Solver, tuple[float, ...]]] = {OURS: (_ours, TOLERANCES)}
    if len(tools) != 1:
        chosen["SciPy eigsh on our products"] = (_scipy, TOLERANCES)
    for name, version in peers.versions().items():
        if version is not None and (not tools or name in tools):
            ladder = CHANGES if name == "PyHessian" else TOLERANCES
            chosen[name] = (lambda w, k, t, b, solve=peers.PAIRS[name]: solve(w, k, t, batches=b), ladder)
    return chosen


def _ours(work: Workload, k: int, tol: float, batches: int) -> Pairs:
    found = eigenvalues(work.objective(batches=batches), k, tol=tol)
    return Pairs(found.values, found.vectors, found.products)


def _scipy(work: Workload, k: int, tol: float, batches: int) -> Pairs:
    operator = work.objective(batches=batches).hessian()
    return peers.lanczos_of_scipy(lambda vector: operator @ vector, work.size, k, tol)


def _residual(operator: Operator, found: Pairs) -> float:
    """The largest ‖Hv - λv‖/|λ|."""
    worst = 0.0
    for column in found.vectors.to(operator.dtype).unbind(1):
        vector = column / column.norm()
        image, vector = (operator @ vector).double(), vector.double()
        value = image @ vector
        worst = max(worst, float((image - value * vector).norm() / value.abs()))
    return worst
