"""The sources hold what their publishers say, and leave the world as they found it."""

import hashlib
import random

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, identity, to_json
from phenoscope.data import IDX, MNIST1D, Digits, GaussianClusters, Source, mnist1d

SOURCES = [Digits(), MNIST1D(), GaussianClusters(3, 5, 2.0, 100)]


def digest(values: torch.Tensor, decimals: int) -> str:
    whole = (values.double() * 10**decimals).round().to(torch.int64).numpy().astype("<i8")
    return hashlib.sha256(whole.tobytes()).hexdigest()[:16]


def global_randomness():
    legacy = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return random.getstate(), legacy["key"].tolist(), legacy["pos"], torch.get_rng_state().tolist()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_a_pool_is_what_the_source_announces(source):
    pool = source.load(stream(0))
    parts = [pool.train] if pool.test is None else [pool.train, pool.test]
    assert isinstance(source, Source)
    assert pool.classes == source.classes
    for part in parts:
        assert part.inputs.shape == (len(part), *source.shape)
        assert part.inputs.dtype == torch.float32
        assert part.targets.dtype == torch.int64
        assert sorted(set(part.targets.tolist())) == list(range(source.classes))


@pytest.mark.parametrize("source", [*SOURCES, IDX("mnist")], ids=lambda source: type(source).__name__)
def test_a_source_survives_json(source):
    assert from_json(to_json(source)) == source


def test_digits_are_the_published_scans():
    pool = Digits().load(stream(0))
    assert len(pool.train) == 1797
    assert pool.test is None
    assert pool.train.targets[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    # scikit-learn documents the values as whole numbers from 0 to 16, and the class counts.
    whole = pool.train.inputs * 16
    assert torch.equal(whole, whole.round())
    assert (whole.min(), whole.max()) == (0, 16)
    assert pool.train.targets.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digest(pool.train.inputs * 16, 0) == "51aa641716dc54df"


def test_mnist1d_is_what_its_authors_describe():
    pool = MNIST1D().load(stream(0))
    assert pool.test is not None
    assert (len(pool.train), len(pool.test)) == (4000, 1000)
    every = torch.cat([pool.train.inputs, pool.test.inputs]).double()
    assert_close(every.mean(), torch.zeros((), dtype=torch.float64), atol=1e-7, rtol=0)
    assert_close(every.std(correction=0), torch.ones((), dtype=torch.float64), atol=1e-7, rtol=0)
    assert torch.cat([pool.train.targets, pool.test.targets]).bincount().tolist() == [500] * 10


def test_mnist1d_is_always_the_same():
    pool = MNIST1D().load(stream(0))
    assert pool.test is not None
    assert pool.train.targets[:12].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1, 6, 9]
    assert (digest(pool.train.inputs, 3), digest(pool.train.targets, 0)) == ("cfa46de11ae1e621", "d97dc7aecec8ad6b")
    assert (digest(pool.test.inputs, 3), digest(pool.test.targets, 0)) == ("007d9ab3e7a7370a", "8de99be3ff9dab15")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_global_randomness_is_left_alone(source):
    mnist1d._generated.cache_clear()
    # Away from wherever an earlier load may have left them.
    random.random()
    np.random.random()  # noqa: NPY002
    before = global_randomness()
    source.load(stream(0))
    assert global_randomness() == before


def test_a_pool_may_be_changed_without_harm():
    pool = MNIST1D().load(stream(0))
    pool.train.inputs.zero_()
    assert MNIST1D().load(stream(0)).train.inputs.any()


def test_clusters_have_the_stated_means_and_covariance():
    count = 40000
    source = GaussianClusters(classes=4, dimensions=6, separation=3.0, examples=count)
    pool = source.load(stream(1))
    assert pool.train.targets.bincount().tolist() == [count // 4] * 4
    means = torch.stack([pool.train.inputs[pool.train.targets == label].mean(0) for label in range(4)]).double()
    # Each mean is known to a standard error of 1/√10000 an entry; a product of two to about 3√2 times that.
    gram = 9 * torch.eye(4, dtype=torch.float64)
    assert_close(means @ means.T, gram, atol=5 * 3 * 2**0.5 / (count / 4) ** 0.5, rtol=0)
    rest = pool.train.inputs - means.float()[pool.train.targets]
    covariance = (rest.T @ rest / count).double()
    assert_close(covariance, torch.eye(6, dtype=torch.float64), atol=5 * (2 / count) ** 0.5, rtol=0)


def test_more_clusters_than_dimensions_have_means_of_the_same_norm():
    pool = GaussianClusters(classes=5, dimensions=2, separation=50.0, examples=5000).load(stream(1))
    norms = torch.stack([pool.train.inputs[pool.train.targets == label].mean(0).norm() for label in range(5)])
    assert_close(norms, torch.full((5,), 50.0), atol=5 / 1000**0.5, rtol=0)


def test_the_direction_of_a_mean_is_uniform():
    """The first entry of the first of two orthonormal directions is positive half of the time (wrong without signs)."""
    source = GaussianClusters(classes=2, dimensions=2, separation=1000.0, examples=2)
    first = torch.stack([source.load(stream(seed)).train.inputs[0, 0] for seed in range(400)])
    positive = (first > 0).double().mean().item()
    assert abs(positive - 0.5) < 5 * 0.5 / 400**0.5


def test_clusters_follow_the_generator():
    source = GaussianClusters(3, 5, 2.0, 30)
    assert torch.equal(source.load(stream(4)).train.inputs, source.load(stream(4)).train.inputs)
    assert not torch.equal(source.load(stream(4)).train.inputs, source.load(stream(5)).train.inputs)


@pytest.mark.parametrize("wrong", [(1, 5, 2.0, 30), (2, 0, 2.0, 30), (2, 5, -1.0, 30), (4, 5, 1.0, 3)])
def test_impossible_clusters_are_refused(wrong):
    with pytest.raises(BadInput, match="Gaussian clusters need at least"):
        GaussianClusters(*wrong)


def test_whole_numbers_and_floats_are_one_separation():
    assert identity(GaussianClusters(2, 2, 3, 10)) == identity(GaussianClusters(2, 2, 3.0, 10))
