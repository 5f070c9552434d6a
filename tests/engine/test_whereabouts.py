"""The list of data sets against the data sets themselves."""

import pytest

from phenoscope.core.seeds import stream
from phenoscope.data import DATASETS, IDX, dataset, idx, places
from phenoscope.data.idx import FILES
from phenoscope.engine import whereabouts
from phenoscope.engine.whereabouts import entries


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    monkeypatch.delenv("PHENOSCOPE_DATA", raising=False)
    monkeypatch.setattr(places, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setattr(whereabouts, "user_folder", lambda: tmp_path / "own")
    for module in (idx, whereabouts):
        monkeypatch.setattr(module, "SYSTEM_FOLDERS", {"fashion_mnist": tmp_path / "system"})


def entry(name):
    return next(found for found in entries() if found.name == name)


def put(folder):
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / f"{name}.gz").touch()


def test_every_data_set_is_listed_with_an_origin_and_a_way():
    assert [found.name for found in entries()] == sorted(DATASETS)
    for found in entries():
        assert found.origin
        assert found.here == bool(found.where) == (found.get is None)


@pytest.mark.parametrize("name", [name for name in DATASETS if not isinstance(dataset(name).source, IDX)])
def test_what_is_said_of_it_is_so(name):
    said, pool = entry(name), dataset(name).source.load(stream(0))
    assert (said.inputs, said.classes) == (tuple(pool.train.inputs.shape[1:]), pool.classes)
    assert (said.train, said.test) == (len(pool.train), 0 if pool.test is None else len(pool.test))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_published_sizes_of_the_files(name):
    assert (entry(name).train, entry(name).test, entry(name).inputs) == (60000, 10000, (28, 28))


def test_what_is_missing_says_how_to_get_it():
    assert entry("mnist").get == "phenoscope data fetch mnist"
    assert entry("fashion_mnist").get == "phenoscope data fetch fashion_mnist or apt install dataset-fashion-mnist"
    assert (entry("mnist").here, entry("mnist").folder) == (False, None)


def test_what_is_here_says_where(tmp_path, monkeypatch):
    put(tmp_path / "system")
    assert entry("fashion_mnist").where == f"in {tmp_path / 'system'} (Debian's package)"
    put(tmp_path / "own" / "mnist")
    assert entry("mnist").where == f"in {tmp_path / 'own' / 'mnist'}"
    put(tmp_path / "sets" / "mnist")
    monkeypatch.setenv("PHENOSCOPE_DATA", str(tmp_path / "sets"))
    assert entry("mnist").where == f"in {tmp_path / 'sets' / 'mnist'} (PHENOSCOPE_DATA)"
    assert entry("mnist").folder == str(tmp_path / "sets" / "mnist")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(whereabouts.importlib.util, "find_spec", lambda name: None)
    assert entry("digits").get == "pip install scikit-learn"
    assert entry("gaussian_clusters").here


def test_a_source_that_is_not_known_here_speaks_for_itself():
    class Own:
        """Rolls of a die.

        Many of them.
        """

    assert whereabouts._origin(Own()) == "Rolls of a die."
    assert whereabouts._examples(Own()) == (None, None)
    assert whereabouts._place(Own()).here
