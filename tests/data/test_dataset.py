"""Drawing: subsets, label noise, scaling and classes, against sources whose examples can be recognised."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, identity, spec, to_json
from phenoscope.data import DATASETS, IDX, MNIST1D, Dataset, Digits, Examples, GaussianClusters, Pool, dataset


@spec
class Numbered:
    """Input i is the matrix with i everywhere and label i mod `classes`; the test part, if any, starts at 1000."""

    count: int = 40
    tests: int | None = None
    classes: int = 4

    @property
    def shape(self):
        return (2, 3)

    def load(self, generator):
        def part(start, count):
            index = torch.arange(start, start + count)
            return Examples(index[:, None, None].float().expand(-1, 2, 3), index % self.classes)

        return Pool(part(0, self.count), None if self.tests is None else part(1000, self.tests), self.classes)


def numbers(examples):
    """Which examples these are, when nothing was scaled."""
    return examples.inputs.flatten(1)[:, 0].int().tolist()


def drawn(seed=0, source=None, **options):
    return Dataset(source or Numbered(), **({"scaling": "none"} | options)).draw(stream(seed, "data"))


OPTIONS = st.fixed_dictionaries(
    {
        "train": st.none() | st.integers(1, 10),
        "test": st.none() | st.integers(0, 10),
        "label_noise": st.floats(0, 1),
        "classes": st.none() | st.permutations(range(4)).map(lambda labels: tuple(labels[:2])),
        "flat": st.booleans(),
    }
)
EVERY_SOURCE = st.sampled_from([Numbered(), Numbered(tests=24)])


@settings(max_examples=100, deadline=None)
@given(options=OPTIONS, source=EVERY_SOURCE, seed=st.integers(0, 2**32))
def test_every_draw_keeps_the_promises(options, source, seed):
    asked = Dataset(source, scaling="none", **options)
    draw = asked.draw(stream(seed))
    train, test = numbers(draw.train), numbers(draw.test)
    kept = options["classes"] or tuple(range(4))
    pool = [i for i in range(40) if i % 4 in kept]
    official = None if source.tests is None else [i for i in range(1000, 1024) if i % 4 in kept]

    assert len(set(train) | set(test)) == len(train) + len(test)
    assert set(train) <= set(pool)
    assert set(test) <= set(pool if official is None else official)
    if official is None:
        left = 0 if options["train"] is None else len(pool) - options["train"]
        assert len(test) == (left if options["test"] is None else options["test"])
        assert len(train) == (len(pool) - len(test) if options["train"] is None else options["train"])
    else:
        assert len(test) == (len(official) if options["test"] is None else options["test"])
        assert len(train) == (len(pool) if options["train"] is None else options["train"])

    assert draw.test.targets.tolist() == [kept.index(i % 4) for i in test]
    wrong = [label != kept.index(i % 4) for i, label in zip(train, draw.train.targets.tolist(), strict=True)]
    assert sum(wrong) == round(options["label_noise"] * len(train))

    assert draw.classes == asked.outputs == len(kept)
    assert draw.train.targets.max() < len(kept)
    for part in (draw.train, draw.test):
        assert part.inputs.shape == (len(part), *asked.shape)
        assert (part.inputs.dtype, part.targets.dtype) == (torch.float32, torch.int64)


@settings(max_examples=50, deadline=None)
@given(options=OPTIONS, source=EVERY_SOURCE, seed=st.integers(0, 2**32))
def test_the_same_generator_gives_the_same_draw_and_json_the_same_spec(options, source, seed):
    asked = Dataset(source, scaling="centre", **options)
    again = from_json(to_json(asked))
    assert again == asked
    assert identity(again) == identity(asked)
    one, two = asked.draw(stream(seed)), again.draw(stream(seed))
    assert torch.equal(one.train.inputs, two.train.inputs)
    assert torch.equal(one.train.targets, two.train.targets)
    assert torch.equal(one.test.inputs, two.test.inputs)


@pytest.mark.parametrize("tests", [None, 30], ids=["pool only", "official test part"])
def test_another_seed_draws_other_examples_in_another_order(tests):
    source = Numbered(tests=tests)
    one, two = (drawn(seed, source, train=20, test=20) for seed in (0, 1))
    assert set(numbers(one.train)) != set(numbers(two.train))
    assert set(numbers(one.test)) != set(numbers(two.test))
    assert numbers(one.train) != sorted(numbers(one.train))


def test_label_noise_chooses_no_other_examples_and_grows_by_inclusion():
    clean, some, more = (drawn(train=30, label_noise=noise) for noise in (0.0, 0.2, 0.6))
    assert numbers(clean.train) == numbers(some.train) == numbers(more.train)
    assert numbers(clean.test) == numbers(some.test) == numbers(more.test)
    changed = some.train.targets != clean.train.targets
    assert changed.sum() == 6
    assert torch.equal(some.train.targets[changed], more.train.targets[changed])


def test_noisy_labels_are_uniform_over_the_other_classes():
    draw = drawn(source=Numbered(count=40000), label_noise=1.0)
    shifts = (draw.train.targets - torch.tensor(numbers(draw.train))) % 4
    counts = shifts.bincount(minlength=4).double()
    assert counts[0] == 0
    standard_error = (40000 * (1 / 3) * (2 / 3)) ** 0.5
    assert (counts[1:] - 40000 / 3).abs().max() < 5 * standard_error


def test_training_sets_grow_by_inclusion_and_leave_the_test_set():
    small, large = (drawn(train=count, test=10) for count in (5, 25))
    assert numbers(large.train)[:5] == numbers(small.train)
    assert numbers(large.test) == numbers(small.test)


def test_standardising_uses_the_training_inputs_alone():
    raw, scaled = (drawn(train=7, scaling=scaling) for scaling in ("none", "standardise"))
    values = raw.train.inputs.double()
    mean, deviation = values.mean(), ((values - values.mean()) ** 2).mean().sqrt()
    assert_close(scaled.train.inputs.double(), (values - mean) / deviation)
    assert_close(scaled.test.inputs.double(), (raw.test.inputs.double() - mean) / deviation)
    assert_close(scaled.train.inputs.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)
    assert_close(scaled.train.inputs.std(correction=0), torch.tensor(1.0))


def test_centring_only_moves():
    raw, centred = (drawn(train=7, scaling=scaling) for scaling in ("none", "centre"))
    assert_close(raw.train.inputs - centred.train.inputs, raw.train.inputs.mean().expand(7, 2, 3))
    assert_close(raw.test.inputs - centred.test.inputs, raw.train.inputs.mean().expand(33, 2, 3))


def test_scaling_survives_a_large_offset():
    """In float32 the textbook formula E[x²] - E[x]² would lose everything here."""
    examples = Examples(torch.tensor([[10000.0], [10001.0]]), torch.tensor([0, 1]))
    mean, deviation = Dataset(Numbered())._scale(examples.inputs)
    assert (mean, deviation) == (10000.5, 0.5)


def test_the_source_draws_from_its_own_stream():
    """Clusters come out alike whatever else is asked; with another seed the clusters themselves are others."""
    source = GaussianClusters(2, 3, 1.0, 50)
    one = drawn(0, source, train=50)
    same = drawn(0, source, train=20, label_noise=0.5)
    other = drawn(1, source, train=50)
    assert torch.equal(one.train.inputs[:20], same.train.inputs)
    assert not torch.isin(other.train.inputs, one.train.inputs).any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"train": 41}, "train=41 asks for more examples than there are: 40"),
        ({"test": 41}, "test=41 asks for more examples than there are: 40"),
        ({"train": 30, "test": 11}, "train=30 and test=11 ask for more examples than there are: 40"),
        ({"test": 40}, "train=None and test=40 ask for more examples than there are: 40"),
        ({"train": 11, "classes": (2,)}, "train=11 asks for more examples than there are: 10"),
        ({"source": Numbered(tests=5), "test": 6}, "test=6 asks for more examples than there are: 5"),
        ({"train": 1, "scaling": "standardise"}, 'cannot be standardised. Use scaling="centre"'),
    ],
)
def test_asking_for_what_is_not_there_says_what_is(options, says):
    with pytest.raises(BadInput, match=says):
        drawn(**options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"train": 0}, "train is a number of examples, at least 1, or None; got 0"),
        ({"test": -1}, "test is a number of examples, at least 0, or None; got -1"),
        ({"train": 0.5}, "train is a number of examples"),
        ({"label_noise": 1.1}, "from 0 to 1, got 1.1"),
        ({"label_noise": 0.1, "classes": (1,)}, "there is only one"),
        ({"scaling": "minmax"}, "scaling must be one of 'centre', 'entrywise', 'none', 'standardise', got 'minmax'"),
        ({"classes": (0, 4)}, "different labels from 0 to 3"),
        ({"classes": (1, 1)}, "different labels from 0 to 3"),
        ({"classes": ()}, "different labels from 0 to 3"),
        ({"classes": [0, 1]}, r"got \[0, 1\]"),
    ],
)
def test_options_without_meaning_are_refused_at_once(options, says):
    with pytest.raises(BadInput, match=says):
        Dataset(Numbered(), **options)


@pytest.mark.parametrize("source", [Numbered(tests=9), GaussianClusters(3, 2, 1.0, 30)], ids=str)
def test_a_draw_takes_one_number_from_the_generator_whatever_the_options(source):
    generator, reference = stream(5), stream(5)
    Dataset(source, train=8, label_noise=0.5).draw(generator)
    torch.randint(2**62, (), generator=reference)
    assert torch.equal(generator.get_state(), reference.get_state())


def test_global_randomness_is_left_alone():
    before = torch.get_rng_state()
    drawn(train=10, label_noise=0.5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_registered_data_set_knows_its_shape_without_loading(name, monkeypatch):
    monkeypatch.setattr(IDX, "load", None)
    made = dataset(name, train=10, flat=True)
    assert made.train == 10
    assert len(made.shape) == 1
    assert made.outputs >= 2
    assert from_json(to_json(made)) == made


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"mnist", "fashion_mnist"}))
def test_every_registered_data_set_draws(name):
    made = dataset(name, train=100, test=50)
    draw = made.draw(stream(0, "data"))
    assert draw.train.inputs.shape == (100, *made.shape)
    assert draw.test.inputs.shape == (50, *made.shape)


def test_a_draw_has_not_changed():
    """Golden values: if this fails on purpose, raise the version of `Dataset`."""
    draw = Dataset(Digits(), train=6, test=4, label_noise=0.5).draw(stream(7, "data"))
    assert draw.train.targets.tolist() == [9, 0, 6, 6, 1, 5]
    assert draw.test.targets.tolist() == [8, 1, 0, 5]


def test_names_and_options_that_do_not_exist_are_explained():
    with pytest.raises(BadInput, match=r"one of 'digits', 'fashion_mnist', .*got 'cifar10'"):
        dataset("cifar10")
    with pytest.raises(BadInput, match=r"'digits' cannot be made from the options \['noise'\]"):
        dataset("digits", noise=0.1)


def test_examples_need_a_label_each():
    with pytest.raises(BadInput, match=r"got shapes \(3, 2\) and \(2,\)"):
        Examples(torch.zeros(3, 2), torch.zeros(2, dtype=torch.int64))


def test_a_number_of_classes_keeps_the_first_so_many():
    some, listed = (Dataset(Digits(), train=200, classes=kept).draw(stream(3, "data")) for kept in (4, (0, 1, 2, 3)))
    assert torch.equal(some.train.inputs, listed.train.inputs)
    assert torch.equal(some.train.targets, listed.train.targets)
    assert (some.classes, Dataset(Digits(), classes=4).outputs) == (4, 4)
    for wrong in (0, 11, True):
        with pytest.raises(BadInput, match="a number of them from 1 to 10"):
            Dataset(Digits(), classes=wrong)


def test_entrywise_scaling_takes_out_the_mean_of_each_entry_of_the_training_inputs():
    made = Dataset(Digits(), train=300, test=40, scaling="entrywise")
    drawn, raw = (one.draw(stream(2, "data")) for one in (made, Dataset(Digits(), train=300, test=40, scaling="none")))
    centred = raw.train.inputs.double() - raw.train.inputs.double().mean(dim=0)
    deviation = centred.square().mean().sqrt()
    torch.testing.assert_close(drawn.train.inputs.double(), centred / deviation, rtol=1e-5, atol=1e-6)
    expected = (raw.test.inputs.double() - raw.train.inputs.double().mean(dim=0)) / deviation
    torch.testing.assert_close(drawn.test.inputs.double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("source", [Digits(), MNIST1D()], ids=["no test part", "a test part"])
def test_wrong_labels_come_after_the_right_ones(source):
    clean, poisoned = (Dataset(source, train=60, test=40, wrong=wrong) for wrong in (0, 25))
    one, other = (made.draw(stream(3, "draw")) for made in (clean, poisoned))
    assert len(other.train) == 85
    assert torch.equal(other.train.inputs[:60], one.train.inputs)
    assert torch.equal(other.train.targets[:60], one.train.targets)
    assert torch.equal(other.test.inputs, one.test.inputs)
    longer = Dataset(source, train=85, test=40).draw(stream(3, "draw")).train
    assert (other.train.targets[60:] != longer.targets[60:]).all()
    assert len(set(other.train.targets[60:].tolist())) > 5
    assert identity(clean) == identity(Dataset(source, train=60, test=40))
    assert identity(clean) != identity(poisoned)


def test_wrong_labels_and_noise_are_apart():
    noisy = Dataset(Digits(), train=60, label_noise=0.5)
    with_wrong = dataclasses.replace(noisy, wrong=20)
    assert torch.equal(
        noisy.draw(stream(1, "draw")).train.targets, with_wrong.draw(stream(1, "draw")).train.targets[:60]
    )


@pytest.mark.parametrize("options", [{"wrong": 5}, {"wrong": -1, "train": 5}, {"wrong": 1.5, "train": 5}])
def test_wrong_labels_need_right_ones_before_them(options):
    with pytest.raises(BadInput, match="beyond an explicit `train`"):
        Dataset(Digits(), **options)
