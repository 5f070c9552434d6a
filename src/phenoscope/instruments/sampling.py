"""How much does a number hang on the examples it was measured on? The error of measuring on a sample."""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from scipy.stats import t as students_t
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.bench import Bench
from phenoscope.instruments.named import instruments_named, known, plain_name
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

Read = Callable[[Bench, torch.Generator | None], Reading]


@dataclasses.dataclass(frozen=True)
class Sampled(Reading):
    """A reading of some examples as an estimate for all those that they were drawn from.

    Attributes:
        value: as measured on the examples there are.
        standard_error: of the value, from the choice of the examples; of g - 1 degrees of freedom.
        bias: how far above the value for all (below, where negative) the value on so few examples lies on average.
        groups: g, how many groups were left out in turn.
        examples: n, measured on.
        population: N, of which they are a sample; `None` where there is no end to it.
        reading: the instrument's own, with its own evidence.
    """

    value: float
    standard_error: float
    bias: float
    groups: int
    examples: int
    population: int | None
    reading: Reading

    @property
    def title(self) -> str:
        return self.reading.title

    @property
    def converged(self) -> bool:
        return self.reading.converged

    @property
    def evidence(self) -> str:
        return f"{self.told}; {self.reading.evidence}"

    @property
    def told(self) -> str:
        """What the examples bring about, for a person."""
        among = "" if self.population is None else f" out of {self.population:,}"
        return (
            f"from {self.examples:,} examples{among} a standard error of {self.standard_error:.2g} and a bias of "
            f"{self.bias:.2g}, by leaving out {self.groups} groups"
        )

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """The same as numbers by name, with the 95 % interval."""
        names = ("standard_error", "bias", "groups", "examples", "population")
        return {name: getattr(self, name) for name in names} | dict(zip(("low", "high"), self.interval(), strict=True))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Where the value for all lies with that confidence: the value less its bias, by Student's t."""
        half = float(students_t.ppf((1 + level) / 2, self.groups - 1)) * self.standard_error
        return self.value - self.bias - half, self.value - self.bias + half


def sampling_error(
    objective: Objective,
    instrument: str | Read,
    *,
    groups: int = 10,
    population: int | None = None,
    generator: torch.Generator | None = None,
) -> Sampled:
    r"""The error of a reading that comes from having measured on a sample of the data.

    The examples are cut at random into g groups, and each is left out in turn: the delete-a-group jackknife, in the
    form for groups of unequal sizes (Busing, Meijer, van der Leeden 1999, Delete-m jackknife for unequal m, Statistics
    and Computing 9). It takes g + 1 readings. For a mean over examples it is the textbook's s/√n. It also tells the
    bias that comes from nonlinearity: the sharpness of few examples lies above that of many.

    The examples are taken as drawn independently; an example is an entry of the first axis. What an instrument draws
    itself is the same for every reading, so that its own chance does not look like that of the examples.

    Args:
        objective: the loss on the sample, at the model's own point.
        instrument: a name out of `INSTRUMENTS`, or a function of a `Bench` and a generator that gives a `Reading`.
        groups: g, from 2 to the number of examples.
        population: N, where the examples are drawn from N without replacement: a sample that is the whole has no error.
        generator: of the groups, then of the readings; seeded with 0 unless given.

    Returns:
        `Sampled`: value, standard_error, bias, and the reading itself.

    Raises:
        BadInput: an unknown instrument, groups or population out of range.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> x, y = torch.ones(4, 1), torch.tensor([[1.0], [1.0], [3.0], [3.0]])
        >>> found = sampling_error(Objective(model, torch.nn.MSELoss(), (x, y)), "loss", groups=4)
        >>> round(found.value, 3), round(found.standard_error, 3)  # squares 1, 1, 9, 9
        (5.0, 2.309)
    """
    count = sum(objective.partition)
    _check(count, groups, population)
    read = _reader(instrument)
    generator = seeded(generator)
    places = torch.randperm(count, generator=generator, device=generator.device).cpu().tensor_split(groups)
    state = generator.get_state()

    def again(on: Objective) -> Reading:
        fresh = torch.Generator(generator.device)
        fresh.set_state(state)
        return read(Bench(on), fresh)

    whole = again(objective)
    without = [float(again(objective.parts([kept])[0]).value) for kept in _others(places)]
    sizes = torch.tensor([len(place) for place in places], dtype=torch.float64)
    value, error, bias = jackknife(float(whole.value), torch.tensor(without, dtype=torch.float64), sizes)
    missing = 1.0 if population is None else 1 - count / population
    return Sampled(value, error * math.sqrt(missing), bias * missing, groups, count, population, whole)


def jackknife(value: float, without: Float[Tensor, " g"], sizes: Float[Tensor, " g"]) -> tuple[float, float, float]:
    """The value, its standard error and its bias, from the values without each group.

    Args:
        value: with all.
        without: without each group.
        sizes: of the groups.
    """
    ratio = sizes.sum() / sizes  # h
    corrected = len(sizes) * value - ((1 - 1 / ratio) * without).sum()
    pseudo = ratio * value - (ratio - 1) * without
    variance = ((pseudo - corrected).square() / (ratio - 1)).mean()
    return value, math.sqrt(variance.item()), value - corrected.item()


def _others(places: tuple[Tensor, ...]) -> list[Int[Tensor, " k"]]:
    """All examples but those of each group in turn."""
    return [torch.cat([*places[:j], *places[j + 1 :]]) for j in range(len(places))]


def _reader(instrument: str | Read) -> Read:
    if callable(instrument):
        return instrument
    there = known()
    if plain_name(instrument) not in there:
        raise BadInput(f"the instrument must be one of {', '.join(there)}, or a function, got {instrument!r}.")
    return instruments_named([instrument], "the instrument is one of")[instrument].read


def _check(count: int, groups: int, population: int | None) -> None:
    if not 2 <= groups <= count:
        raise BadInput(f"`groups` must be from 2 to the {count} examples there are, got {groups}.")
    if population is not None and population < count:
        raise BadInput(f"`population` must be at least the {count} examples measured on, got {population}.")
