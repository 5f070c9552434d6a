"""Data split over two real processes: every number is that of one process with all data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import splitting
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective, Processes

TESTS = Path(splitting.__file__).parent


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What two processes started by torchrun found, each in its own words."""
    file = tmp_path_factory.mktemp("split") / "found.json"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(TESTS), *(path for path in sys.path if path)])
    done = subprocess.run(
        [*command, str(TESTS / "splitting.py"), str(file)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # It is written once both have found all: how gloo's threads end after that, which varies, is not what is asked.
    assert file.exists(), done.stderr
    return [json.loads(text) for text in json.loads(file.read_text())]


@pytest.fixture(scope="module")
def one():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return json.loads(json.dumps(splitting.alone()).replace("NaN", "null"))
    finally:
        torch.set_num_threads(threads)


def test_both_processes_say_the_same_to_the_last_bit(both):
    assert both[0]["found"] == both[1]["found"]


@pytest.mark.parametrize("name", [name for name, *_ in splitting.networks()])
def test_every_number_is_that_of_one_process(one, both, name):
    assert one[name].keys() == both[0]["found"][name].keys()
    for what, expected in one[name].items():
        came = both[0]["found"][name][what]
        assert len(came) == len(expected), what
        for number, wanted in zip(came, expected, strict=True):
            assert (number is None) == (wanted is None), what
            if wanted is not None:
                assert_close(number, wanted, rtol=1e-6, atol=1e-8, msg=lambda text, what=what: f"{what}: {text}")


@pytest.mark.parametrize("name", splitting.exported())
def test_every_exported_instrument_is_among_them(both, name):
    assert any(found[f"exported {name}"] for found in both[0]["found"].values())


def test_what_the_data_decide_is_decided_by_all_of_them(both):
    expected = splitting.decisions(lambda first, second: first + second)
    for name, found in expected.items():
        assert both[0]["decisions"][name] == both[1]["decisions"][name] == found, name


def test_other_networks_are_refused(both):
    assert both[0]["refusal"].startswith("the digest of the parameters differs between the processes")
    assert both[0]["refusal"] == both[1]["refusal"]


def test_a_group_needs_processes():
    with pytest.raises(BadInput, match=r"needs torch\.distributed to be running"):
        Objective(torch.nn.Linear(2, 1), torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)), group=object())


def test_one_process_needs_no_group():
    alone = Processes()
    assert (alone.count, alone.rank) == (1, 0)
    assert alone.gather("part") == ["part"]
    value = torch.ones(3)
    assert alone.sum(value) is value
