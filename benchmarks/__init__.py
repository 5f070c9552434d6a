"""Timings, as ratios measured in one process; never part of the tests. Run with `make benchmarks`."""
