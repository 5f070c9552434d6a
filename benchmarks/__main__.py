"""Run all benchmarks, or those named: `python -m benchmarks [products] [cohorts] [eigenvalues] [watching] [store]`."""

import sys

from benchmarks import cohorts, eigenvalues, products, store, watching
from phenoscope.engine.executor import one_thread

ALL = {
    "products": products.run,
    "cohorts": cohorts.run,
    "eigenvalues": eigenvalues.run,
    "watching": watching.run,
    "store": store.run,
}

if __name__ == "__main__":
    with one_thread():
        for name in sys.argv[1:] or ALL:
            ALL[name]()
