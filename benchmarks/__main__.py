"""Run the benchmarks that are named, or all of them: `python -m benchmarks products eigenvalues`.

Where a name ends in `-2`, two threads are used instead of one, and the clock instead of processor time: such numbers
want a quiet machine. Those against peers run in the environment that `make benchmarks-peers` makes; elsewhere the
peers are missing.
"""

import functools
import sys

from benchmarks import (
    alignment,
    cohorts,
    curves,
    densities,
    eigenvalues,
    kernels,
    large_kernels,
    peers,
    planes,
    products,
    sparse,
    store,
    tables,
    traces,
    tracking,
    watching,
    width_sweeps,
)
from phenoscope.engine.executor import one_thread

ALL = {
    "products": products.run,
    "products-peers": products.run_peers,
    "cohorts": cohorts.run,
    "linear-cohorts": cohorts.run_linear,
    "width-sweeps": width_sweeps.run,
    "curves": curves.run,
    "eigenvalues": eigenvalues.run,
    "eigenvalues-cnn": eigenvalues.run_cnn,
    "eigenvalues-gpt": eigenvalues.run_gpt,
    "loader": eigenvalues.run_loader,
    "tracking": tracking.run,
    "densities": densities.run,
    "densities-gpt": densities.run_gpt,
    "densities-early": densities.run_early,
    "kernels": kernels.run,
    "kernels-peers": kernels.run_peers,
    "kernels-large": large_kernels.run,
    "planes": planes.run,
    "sparse": sparse.run,
    "watching": watching.run,
    "store": store.run,
    "traces": traces.run,
    "alignment": alignment.run,
}

BY_THREADS = ("eigenvalues", "eigenvalues-cnn", "eigenvalues-gpt", "loader", "tracking", "densities", "densities-gpt")
ALL |= {f"{name}-2": functools.partial(ALL[name], 2) for name in BY_THREADS}

if __name__ == "__main__":
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(unknown)}. There are {', '.join(ALL)}.")
    missing = [name for name, version in peers.versions(peers.CURVATURE | peers.ALIGNMENT).items() if version is None]
    if missing:
        print(f"missing, so not compared: {', '.join(missing)}. `make benchmarks-peers` installs them.")
    with one_thread():
        for name in names:
            ALL[name]()
    tables.fill()
