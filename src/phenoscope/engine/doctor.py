"""What a person asks first when something is slow, missing or odd on a machine, and what stands out in the answers."""

import dataclasses
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from phenoscope.engine.environment import environment
from phenoscope.engine.speed import MEDIUM, SMALL, Product, Threads, product, threads, usable_cores
from phenoscope.engine.whereabouts import Entry, entries

OPTIONAL = (
    "transformers",
    "lightning",
    "ray",
    "wandb",
    "mlflow",
    "tensorboard",
    "POT",
    "powerlaw",
    "pytorch-optimizer",
)
"""Packages that the library can do without, and its users often have."""

SECONDS = {SMALL: 1.0, MEDIUM: 2.0}
"""About how long each timing goes on; there are two for each network."""

USUAL_RATIO = 6.0
"""A product costs one to four gradients where nothing is wrong (Pearlmutter 1994: a small multiple of one)."""

NOISY = 2.0
"""Upper by lower quartile beyond which the timings say more about what else is running."""

SLOWER = 1.25
"""A setting of threads that takes this many times as long as the best is worth a sentence."""

LITTLE_SPACE = 2**30
"""Bytes free on a disk below which runs may fill it."""


@dataclass(frozen=True)
class Folder:
    """The folder for runs.

    Attributes:
        path: as asked for; it need not exist yet.
        problem: why it cannot be written into, or `None`.
        free: bytes left on its disk, where known.
    """

    path: str
    problem: str | None
    free: int | None


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at.

    Attributes:
        machine: Python, platform, processor, cores, cores that may be used, torch's threads, CUDA device.
        packages: version of each package that the library needs, `None` where it is missing.
        optional: the same for those that it can do without.
        data: the data sets.
        out: the folder for runs.
        products: Hessian products against gradients, for a small and a medium network; empty if not timed.
        threads: the same gradients with more threads; empty if not timed.
        warnings: what stands out, a sentence each.
    """

    machine: dict[str, Any]
    packages: dict[str, str | None]
    optional: dict[str, str | None]
    data: tuple[Entry, ...]
    out: Folder
    products: tuple[Product, ...]
    threads: tuple[Threads, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values; numbers of threads become text, as keys of JSON are."""
        value = dataclasses.asdict(self)
        for found in value["threads"]:
            found["seconds"] = {str(count): taken for count, taken in found["seconds"].items()}
        return value


def examine(out: Path = Path("runs"), *, timings: bool = True) -> Diagnosis:
    """Look at everything; takes about ten seconds, nearly all of them for the timings.

    Args:
        out: the folder that runs are to be written into; it is left as it is.
        timings: whether to time products and threads.
    """
    about = environment()
    names = ("python", "platform", "processor", "cores", "torch threads", "cuda")
    machine = {name: about[name] for name in names} | {"usable cores": usable_cores()}
    cases = SECONDS.items() if timings else ()
    found = Diagnosis(
        machine,
        {name: version(name) for name in ("phenoscope", *needed())},
        {name: version(name) for name in OPTIONAL},
        tuple(entries()),
        folder(out),
        tuple(product(case, seconds=seconds) for case, seconds in cases),
        tuple(threads(case, seconds=seconds) for case, seconds in cases),
        (),
    )
    return dataclasses.replace(found, warnings=tuple(warnings(found)))


def needed() -> tuple[str, ...]:
    """Names of the packages that the installed library says it needs."""
    try:
        required = metadata.requires("phenoscope") or []
    except metadata.PackageNotFoundError:
        return ("torch", "numpy")
    names = (re.match(r"[\w.-]+", line) for line in required if "extra ==" not in line)
    return tuple(name[0] for name in names if name is not None)


def version(package: str) -> str | None:
    """The version that is installed, or `None`."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def folder(path: Path) -> Folder:
    """Whether files can be made in a folder, or in the nearest one above it that exists; nothing is left there."""
    try:
        there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            return Folder(str(path), None, shutil.disk_usage(there).free)
    except OSError as problem:
        return Folder(str(path), problem.strerror or str(problem), None)


def warnings(found: Diagnosis) -> list[str]:
    """What stands out, in plain words."""
    return [*_of_machine(found), *_of_folder(found.out), *_of_speed(found)]


def _of_machine(found: Diagnosis) -> list[str]:
    said = []
    missing = [name for name, number in found.packages.items() if number is None]
    if missing:
        said.append(f"Missing, though the library needs them: {', '.join(missing)}. Install phenoscope anew with pip.")
    usable, set_to = found.machine["usable cores"], found.machine["torch threads"]
    if set_to > usable:
        said.append(
            f"Torch uses {set_to} threads, but this process may use only {usable} cores: set OMP_NUM_THREADS={usable}."
        )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 1.5 * usable:
        said.append(
            f"The machine is busy: {load:.1f} processes wanted its {usable} cores over the last minute. Timings, here "
            "and of runs, will be worse than they could be."
        )
    return said


def _of_folder(out: Folder) -> list[str]:
    if out.problem is not None:
        return [f"Runs cannot be written into {out.path}: {out.problem}. Choose another folder with --out."]
    if out.free is not None and out.free < LITTLE_SPACE:
        return [f"Only {out.free / 1e6:.0f} MB are free where {out.path} is. A run with many members may fill it."]
    return []


def _of_speed(found: Diagnosis) -> list[str]:
    said = [
        f"A Hessian product costs {timed.ratio.middle:.1f} gradients ({timed.network}), where one to four are usual. "
        "Measuring curvature will be slow here."
        for timed in found.products
        if timed.ratio.low > USUAL_RATIO
    ]
    set_to = found.machine["torch threads"]
    better = [
        f"with {timed.best} the gradient of a {timed.network} is {now.middle / timed.seconds[timed.best].middle:.2g} "
        "times faster"
        for timed in found.threads
        if (now := timed.seconds.get(set_to)) is not None and now.middle > SLOWER * timed.seconds[timed.best].middle
    ]
    if better:
        said.append(
            f"Torch uses {set_to} threads: {', and '.join(better)}. In your own scripts call torch.set_num_threads; "
            "`phenoscope run` gives each worker one thread by itself."
        )
    noise = max((timed.gradient.high / timed.gradient.low for timed in found.products), default=1.0)
    if noise > NOISY:
        said.append(
            f"The same gradient took up to {noise:.1f} times longer from one moment to the next: timings are rough."
        )
    return said
