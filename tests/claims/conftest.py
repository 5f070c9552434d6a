"""Records written by hand."""

from collections.abc import Callable, Iterator

import jaxtyping
import numpy as np
import pytest

from phenoscope.record import Record, Series


def _record(
    series=None, *, seed=0, steps=None, outcome="finished", stopped_at=None, name="by hand", **settings
) -> Record:
    """A record; a series is a list of values (at steps 0, 1, ...) or a pair of steps and values."""
    made = {}
    for key, given in (series or {}).items():
        where, values = given if isinstance(given, tuple) else (range(len(given)), given)
        made[key] = Series(np.asarray(list(where)), np.asarray(values, dtype=np.float64))
    last = max((int(one.steps[-1]) for one in made.values() if len(one)), default=0)
    numbers = {"seed": seed, "steps": last if steps is None else steps} | settings
    return Record(name, numbers, made, outcome, stopped_at)


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    return _record


@pytest.fixture(scope="session")
def arm(record):
    """Members with one reading each: one value per seed."""

    def made(values, seeds=None, **settings):
        numbers = range(len(values)) if seeds is None else seeds
        return [record({"x": [value]}, seed=seed, **settings) for seed, value in zip(numbers, values, strict=True)]

    return made


@pytest.fixture
def as_shipped() -> Iterator[None]:
    """Without the type checks that only the tests install: a caller's mistake must meet the library's own sentence."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
