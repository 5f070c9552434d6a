"""A watch of data-parallel training: two real processes measure what one would, and one of them writes it down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import watching_together
from loops import EVERY, descend, examples, network, squared
from torch.optim import SGD
from torch.testing import assert_close

import phenoscope as ps


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The folder in which two processes have worked, and what each of them found."""
    folder = tmp_path_factory.mktemp("watched")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = Path(watching_together.__file__)
    paths = os.pathsep.join([str(script.parent), *(path for path in sys.path if path)])
    done = subprocess.run(
        [*command, str(script), str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (folder / "found.pt").exists(), done.stderr
    return folder, torch.load(folder / "found.pt")


def test_two_processes_read_what_one_reads(together, tmp_path):
    folder, found = together
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    with ps.watch(model, squared, examples(), optimizer, probes=EVERY, run=tmp_path / "one"):
        descend(model, squared, examples(), optimizer, watching_together.STEPS)
    one, both = (ps.load(run).record.series for run in (tmp_path / "one", folder / "run"))
    assert one.keys() == both.keys()
    for name, series in one.items():
        assert both[name].steps.tolist() == series.steps.tolist()
        if "residual" not in name and "products" not in name and "departure" not in name:
            assert_close(torch.tensor(both[name].values), torch.tensor(series.values), rtol=1e-6, atol=1e-9)
    assert found[0]["whole"] == found[1]["whole"]
    assert found[0]["whole"][:2] == ["", watching_together.STEPS]


def test_a_folder_in_use_is_refused_in_all_processes(together):
    _, found = together
    assert "holds a run already" in found[0]["refusal"]
    assert found[0]["refusal"] == found[1]["refusal"]


def test_where_one_process_cannot_write_all_stop_measuring_and_training_goes_on(together):
    _, found = together
    assert "the disk is gone" in found[0]["broken"][0]
    assert found[0]["broken"] == found[1]["broken"]
    problem, step, parameters, told = found[0]["broken"]
    assert (step, told) == (watching_together.STEPS, 1)
    assert parameters == found[0]["whole"][2]
    assert problem.startswith("step 2")
