"""The data sets of the registry as a person asks for them: what they are, whether they are here, how to get them."""

import dataclasses
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path

from phenoscope.data import DATASETS, IDX, MNIST1D, Digits, GaussianClusters, Source, dataset
from phenoscope.data.idx import CLASS_COUNTS, SYSTEM_FOLDERS
from phenoscope.data.places import VARIABLE, user_folder
from phenoscope.engine.fetching import ADDRESSES


@dataclass(frozen=True)
class Entry:
    """One data set of the registry.

    Attributes:
        name: as `dataset` takes it.
        inputs: shape of one input.
        classes: number of classes.
        train: examples to train on, where known.
        test: examples of the official test part, 0 where there is none.
        origin: where it comes from.
        here: whether it can be used now.
        where: in which folder or package, in words.
        folder: of its files, where they are files and here.
        get: how to get it, where it is not here.
    """

    name: str
    inputs: tuple[int, ...]
    classes: int
    train: int | None
    test: int | None
    origin: str
    here: bool
    where: str
    folder: str | None
    get: str | None


def entries() -> list[Entry]:
    """Every data set of the registry, by name; nothing is loaded or fetched."""
    return [_entry(name) for name in sorted(DATASETS)]


def _entry(name: str) -> Entry:
    asked = dataset(name)
    train, test = _examples(asked.source)
    origin, place = _origin(asked.source), _place(asked.source)
    return Entry(name, asked.source.shape, asked.outputs, train, test, origin, **dataclasses.asdict(place))


def _examples(source: Source) -> tuple[int | None, int | None]:
    """Sizes of the training and test part, from what is published of them."""
    match source:
        case IDX(name=name):
            parts = CLASS_COUNTS[name]
            return sum(parts["train"]), sum(parts["t10k"])
        case Digits():
            return 1797, 0
        case MNIST1D():
            return 4000, 1000
        case GaussianClusters(examples=examples):
            return examples, 0
    return None, None


def _origin(source: Source) -> str:
    """A short source; for one that is not known here, what its class says of itself."""
    match source:
        case IDX(name="fashion_mnist"):
            return "Xiao et al. 2017, arXiv:1708.07747"
        case IDX(name="mnist"):
            return "LeCun et al. 1998, Proc. IEEE 86(11)"
        case Digits():
            return "Alpaydin & Kaynak 1998, UCI"
        case MNIST1D():
            return "Greydanus & Kobak 2020, arXiv:2011.14439"
        case GaussianClusters():
            return "drawn anew for each seed"
    return (inspect.getdoc(type(source)) or "").partition("\n")[0]


@dataclass(frozen=True)
class _Place:
    """The last fields of an entry."""

    here: bool
    where: str = ""
    folder: str | None = None
    get: str | None = None


def _place(source: Source) -> _Place:
    if isinstance(source, IDX):
        return _files(source)
    packages = {Digits: ("sklearn", "scikit-learn"), MNIST1D: ("mnist1d", "mnist1d")}
    if type(source) not in packages:
        return _Place(True, "made when it is used")
    module, package = packages[type(source)]
    if importlib.util.find_spec(module) is None:
        return _Place(False, get=f"pip install {package}")
    return _Place(True, f"in the package {package}")


def _files(source: IDX) -> _Place:
    folder = source.find()
    if folder is not None:
        return _Place(True, _named(folder, source.name), str(folder))
    ways = [f"phenoscope data fetch {source.name}"] if source.name in ADDRESSES else []
    ways += ["apt install dataset-fashion-mnist"] if source.name in SYSTEM_FOLDERS else []
    return _Place(False, get=" or ".join(ways))


def _named(folder: Path, name: str) -> str:
    """The folder, and why it was looked in where that is not plain."""
    if folder == SYSTEM_FOLDERS.get(name):
        return f"in {folder} (Debian's package)"
    own = user_folder()
    return f"in {folder}" if own is not None and folder.is_relative_to(own) else f"in {folder} ({VARIABLE})"
