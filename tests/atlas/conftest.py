"""Which phenomena are run at the smoke scale: all while they fit the time allowed, else a part chosen by the commit."""

import subprocess
from contextlib import contextmanager

import jaxtyping
import pytest
from smoke_choice import chosen

import phenoscope as ps
from phenoscope.atlas import ATLAS


def _commit() -> str:
    """The commit of the checkout, or nothing outside of one: then the choice is always the same."""
    try:
        asked = ("git", "rev-parse", "HEAD")
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def pytest_generate_tests(metafunc):
    if "smoked" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--all-smoke")
        names = sorted(ATLAS) if everything else chosen(sorted(ATLAS), _commit())
        metafunc.parametrize("smoked", names, indirect=True, scope="session")


@contextmanager
def as_shipped():
    """Without the type checks that only the tests install: they would take most of the time here."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture(scope="session")
def ran():
    """`ps.run` at the speed of the package as it is shipped."""

    def run(phenomenon, **options):
        with as_shipped():
            return ps.run(phenomenon, jobs=1, **options)

    return run


@pytest.fixture(scope="session")
def smoked(request, ran, tmp_path_factory):
    """One phenomenon, run once at the smoke scale with two seeds."""
    done = ran(request.param, scale="smoke", seeds=2, out=tmp_path_factory.mktemp(request.param))
    print(f"\n{request.param}: {done.seconds:.1f} s at the smoke scale")
    return done
