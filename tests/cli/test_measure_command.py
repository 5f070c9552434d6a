"""`phenoscope measure` as a person or a script meets it: the table, the JSON, and every mistake as one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import phenoscope as ps
from hostile import Hostile
from phenoscope.cli import main
from phenoscope.engine.measuring import DEFAULT
from phenoscope.instruments import INSTRUMENTS
from phenoscope.instruments.own import OWN

MODULE = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

def build(): return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
def wider(): return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
def narrow(): return nn.Linear(2, 3)
def raising(): raise KeyError("nothing here")
def number(): return 3
class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
    def forward(self, x): return self.layer(x) + torch.randn(3)
def per_example(outputs, targets): return nn.functional.cross_entropy(outputs, targets, reduction="none")

x, y = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
def data(): return x, y
def nan(): return x * torch.nan, y
def empty(): return x[:0], y[:0]
def uneven(): return x, y[:7]
def no_pair(): return [x]
class Augmented(TensorDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image + torch.randn(4), label
def augmented(): return DataLoader(Augmented(x, y), batch_size=5)
def once(): return iter([(x, y)])
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a module of one's own and weights for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.py").write_text(MODULE)
    torch.manual_seed(7)
    save_file(network().state_dict(), tmp_path / "w.safetensors")
    yield tmp_path
    sys.modules.pop("lab", None)


@pytest.fixture
def as_shipped():
    """Without the type checks that only the tests install: a mistake must meet the library's own sentence."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def measure(*words: str) -> int:
    """The exit code."""
    try:
        main(["measure", *words])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


GIVEN = {"--model": "lab:build", "--data": "lab:data"}


def words(**changes: str) -> list[str]:
    given = GIVEN | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [word for pair in given.items() for word in pair]


def test_the_table_has_every_reading_with_its_evidence(capsys):
    assert measure(*words(weights="w.safetensors")) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    head, what, *table = printed.out.splitlines()
    assert head.startswith("lab:build (w.safetensors, sha256 ")
    assert head.endswith("; float32, evaluation mode)")
    assert what == "cross_entropy on lab:data, 10 examples"
    for name in DEFAULT:
        assert any(line.startswith(name.replace("_", " ")) for line in table), name
    assert sum("residual" in line and "chance of a missed" in line for line in table) == 2
    assert sum("standard error" in line for line in table) == 1


def test_json_is_one_object_with_what_python_measures(capsys, here):
    names = ",".join(INSTRUMENTS)
    assert measure(*words(weights="w.safetensors", instruments=names, dtype="float64"), "--json") == 0
    read = json.loads(capsys.readouterr().out)
    model = network().double()
    model.load_state_dict({n: t.double() for n, t in load_file(here / "w.safetensors").items()})
    inputs, targets = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
    objective = ps.Objective(model, nn.CrossEntropyLoss(), (inputs.double(), targets))
    assert read["readings"] == json.loads(json.dumps(ps.measure(objective, tuple(INSTRUMENTS)).to_json()))
    assert read["provenance"]["data"] == {"source": "lab:data", "examples": 10}
    assert read["provenance"]["weights"]["file"] == "w.safetensors"
    assert len(read["provenance"]["weights"]["sha256"]) == 64
    assert read["provenance"]["versions"]["phenoscope"] == ps.__version__


def test_two_checkpoints_are_laid_against_each_other(capsys, here):
    torch.manual_seed(8)
    save_file(network().state_dict(), here / "v.safetensors")
    given = words(weights="w.safetensors", against="v.safetensors")
    assert measure(*given) == 0
    printed = capsys.readouterr().out
    assert "against v.safetensors, sha256 " in printed
    assert [line.split("  ")[0] for line in printed.splitlines()[3:] if line[0] != " "] == ["barrier", "error barrier"]
    assert measure(*given, "--instruments", "loss", "--json") == 0
    read = json.loads(capsys.readouterr().out)
    assert list(read["readings"]) == ["barrier", "error_barrier", "loss"]
    models = network(), network()
    for model, name in zip(models, ("w", "v"), strict=True):
        model.load_state_dict(load_file(here / f"{name}.safetensors"))
    data = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
    expected = ps.barrier(ps.Objective(models[0], nn.CrossEntropyLoss(), data), *models)
    assert read["readings"]["barrier"]["value"] == pytest.approx(expected.value, rel=1e-6)
    assert read["readings"]["barrier"]["evidence"]["excess"] == pytest.approx(expected.excess, rel=1e-6, abs=1e-9)
    assert read["provenance"]["against"]["file"] == "v.safetensors"
    assert measure(*words(weights="w.safetensors", against="w.safetensors"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["readings"]["barrier"]["value"] == 0.0


def test_weights_of_another_architecture_to_compare_with_are_refused(capsys, here):
    save_file(nn.Linear(4, 3).state_dict(), here / "other.safetensors")
    assert measure(*words(weights="w.safetensors", against="other.safetensors")) == 1
    assert "other.safetensors holds the weights of another architecture" in capsys.readouterr().err


def test_instruments_are_listed_without_a_model(capsys):
    assert measure("--instruments", "list") == 0
    printed = capsys.readouterr().out
    for name, instrument in INSTRUMENTS.items():
        assert name in printed
        assert instrument.says in printed
    assert measure("--instruments", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["instruments"]
    assert [row["name"] for row in rows if row["default"]] == list(DEFAULT)


def test_no_name_of_the_list_is_cut_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    assert measure("--instruments", "list") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in INSTRUMENTS)
    assert max(map(len, printed.splitlines()[1:])) <= 80


def adam(model: nn.Module, steps: int = 3) -> torch.optim.Optimizer:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    inputs, targets = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    return optimizer


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a checkpoint"])
def test_what_the_optimizer_met_is_measured_from_its_state(capsys, here, alone):
    model = network()
    optimizer = adam(model)
    torch.save(model.state_dict(), here / "w.pt")
    whole = {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(optimizer.state_dict() if alone else whole, here / "o.pt")
    weights = "w.pt" if alone else "o.pt"
    given = words(weights=weights, optimizer="o.pt", parameters="0.*", instruments="effective_eigenvalues:2,density")
    assert measure(*given, "--json") == 0
    read = json.loads(capsys.readouterr().out)
    data = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
    objective = ps.Objective(model, nn.CrossEntropyLoss(), data)
    matrix = ps.preconditioned(objective, optimizer) @ torch.eye(len(objective.point))
    chosen = objective.chosen("0.*")
    spectrum = torch.linalg.eigvalsh(matrix[chosen][:, chosen].double())
    found = read["readings"]["effective_eigenvalues:2"]
    assert found["value"] == pytest.approx(float(spectrum[-1]), rel=1e-3)
    assert found["evidence"]["values"] == pytest.approx(spectrum[[-1, -2, 1, 0]].tolist(), rel=1e-2)
    assert read["readings"]["density"]["evidence"]["density"]["size"] == 25
    assert read["provenance"]["parameters"] == ["0.*"]
    assert read["provenance"]["optimizer"]["kind"] == "Adam"
    assert measure(*given) == 0
    printed = capsys.readouterr().out
    assert "as Adam meets it (o.pt, sha256 " in printed
    assert "0.* alone, 25 of 43 parameters" in printed
    assert "exact, 25 products" in printed


def test_states_that_are_no_optimizers_of_this_model_are_refused(capsys, here):
    wider = adam(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3)))
    two = torch.optim.Adam([{"params": [part]} for part in network().parameters()])
    sgd = torch.optim.SGD(network().parameters(), lr=0.1)
    saved = {
        "weights": (network().state_dict(), "holds no state of one optimizer"),
        "wider": (wider.state_dict(), "its state of 0.weight has shape (3, 4), the parameter (5, 4)"),
        "groups": (two.state_dict(), "has 4 groups of parameters without names"),
        "sgd": (sgd.state_dict(), "an optimizer whose preconditioner is not known here"),
        "fresh": (torch.optim.Adam(network().parameters()).state_dict(), "it has made no step yet"),
        "hostile": (
            {"optimizer": {}, "more": Hostile(here / "created")},
            "refused without running",
        ),
        "fewer": (adam(nn.Linear(4, 3)).state_dict(), "is of an optimizer of 2 parameters, and the model has 4"),
    }
    for name, (state, sentence) in saved.items():
        torch.save(state, here / f"{name}.pt")
        assert measure(*words(optimizer=f"{name}.pt", instruments="effective_trace")) == 1, name
        assert sentence in " ".join(capsys.readouterr().err.split()), name
    assert not (here / "created").exists()


def test_groups_with_names_are_matched_by_them(capsys, here):
    model = network()
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW([{"params": named[2:], "lr": 0.1}, {"params": named[:2]}])
    model(torch.ones(2, 4)).square().sum().backward()
    optimizer.step()
    save_file(model.state_dict(), here / "v.safetensors")
    torch.save(optimizer.state_dict(), here / "o.pt")
    given = words(weights="v.safetensors", optimizer="o.pt", instruments="effective_sharpness")
    assert measure(*given, "--json") == 0
    value = json.loads(capsys.readouterr().out)["readings"]["effective_sharpness"]["value"]
    data = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
    objective = ps.Objective(model, nn.CrossEntropyLoss(), data)
    assert value == pytest.approx(float(ps.sharpness(ps.preconditioned(objective, optimizer)).value), rel=1e-3)


def test_numbers_and_patterns_without_a_meaning_are_a_wrong_use(capsys):
    for given, sentence in (
        ({"instruments": "eigenvalues:0"}, "asks for '0' of them"),
        ({"instruments": "trace:2"}, "there is only one trace"),
        ({"instruments": "nonsense"}, "--instruments are names out of loss"),
        ({"parameters": ","}, "--parameters are patterns of names"),
        ({"against": "w.safetensors", "parameters": "0.*"}, "--parameters is for the instruments"),
    ):
        assert measure(*words(**given)) == 2
        assert sentence in " ".join(capsys.readouterr().err.split())
    assert measure(*words(parameters="9.*")) == 1
    assert "no trainable parameter's name fits '9.*'" in " ".join(capsys.readouterr().err.split())


def test_instruments_are_chosen_in_the_order_given(capsys):
    assert measure(*words(instruments="gradient-norm, loss")) == 0
    lines = capsys.readouterr().out.splitlines()[3:]
    assert [line.split("  ")[0] for line in lines] == ["gradient norm", "loss"]


def test_a_random_loader_is_measured_on_a_fixed_draw(capsys):
    assert measure(*words(data="lab:augmented", examples="8", instruments="loss,examples"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["readings"]["examples"]["value"] == 8


def written(here) -> None:
    """Files that are not what they are taken for."""
    whole = (here / "w.safetensors").read_bytes()
    (here / "cut.safetensors").write_bytes(whole[:-10])
    (here / "foreign.pt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    torch.save({"state_dict": {"a": torch.ones(1)}, "more": Hostile(here / "created")}, here / "hostile.pt")
    torch.save(network().half().state_dict() | {"0.weight": torch.full((5, 4), torch.nan)}, here / "nan.pt")
    np.savez(here / "one.npz", inputs=np.ones((3, 4)))


MISTAKES = {
    "nan loss": ({"data": "lab:nan"}, "the loss is not finite"),
    "nan weights": ({"weights": "nan.pt"}, "the loss is not finite"),
    "empty data": ({"data": "lab:empty"}, "the data are empty"),
    "wrong shapes": ({"model": "lab:narrow"}, "The inputs are float32 of shape (10, 4)"),
    "uneven data": ({"data": "lab:uneven"}, "as many examples along their first axis"),
    "no pair": ({"data": "lab:no_pair"}, "must be a pair (input, target)"),
    "data for one pass": ({"data": "lab:once"}, "more than once"),
    "random loader": ({"data": "lab:augmented"}, "differs between two evaluations"),
    "random model": ({"model": "lab:Noisy"}, "differs between two evaluations"),
    "loss not a scalar": ({"loss": "lab:per_example"}, "the loss must be a scalar tensor, got shape (10,)"),
    "unknown loss": ({"loss": "hinge"}, "--loss is one of cross_entropy"),
    "no module": ({"model": "no_such_lab:build"}, "there is no module 'no_such_lab'"),
    "no function": ({"model": "lab:nothing"}, "the module lab has no 'nothing'"),
    "no colon": ({"model": "lab"}, "written package.module:name, got 'lab'"),
    "raises": (
        {"model": "lab:raising"},
        "failed when called without arguments. KeyError: 'nothing here' (lab.py, line",
    ),
    "no model": ({"model": "lab:number"}, "returned a int. It must return a torch.nn.Module"),
    "no weights": ({"weights": "none.safetensors"}, "there is no file none.safetensors"),
    "truncated weights": ({"weights": "cut.safetensors"}, "cannot be read as safetensors"),
    "foreign weights": ({"weights": "foreign.pt"}, "refused without running anything"),
    "hostile weights": ({"weights": "hostile.pt"}, "refused without running anything"),
    "another architecture": ({"model": "lab:wider", "weights": "w.safetensors"}, "0.weight (5 x 4 there, 6 x 4 in"),
    "unknown data": ({"data": "imagenet"}, "--data is one of digits"),
    "no data file": ({"data": "none.npz"}, "there is no file none.npz"),
    "data file without targets": ({"data": "one.npz"}, "lacks targets: it holds inputs"),
    "too many examples": ({"examples": "11"}, "--examples asks for 11 examples, there are 10"),
    "no batch": ({"batch_size": "0"}, "`batch_size` must be at least 1"),
    "no Hugging Face folder": ({"model": "."}, "holds no config.json"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_1(capsys, here, as_shipped, name):
    written(here)
    changes, says = MISTAKES[name]
    assert measure(*words(**changes)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    assert says in printed.err
    assert "Traceback" not in printed.err
    assert printed.err.count("\n") == 1
    assert not (here / "created").exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "measure needs --model"),
        (["--model", "lab:build"], "measure needs --model"),
        ([*words(), "--instruments", "loss,nonsense"], "got 'nonsense'"),
        ([*words(), "--instruments", ","], "got none"),
        ([*words(), "--dtype", "int8"], "int8"),
        ([*words(), "--examples", "many"], "many"),
        ([*words(), "--population", "5000"], "--population is for the error that --leave-out tells"),
        ([*words(against="w.safetensors"), "--leave-out", "5"], "--leave-out is for the instruments that --instr"),
    ],
)
def test_wrong_usage_is_exit_code_2(capsys, given, says):
    assert measure(*given) == 2
    assert says in capsys.readouterr().err


def test_a_shell_finds_the_module_in_its_folder(here):
    """In a process of its own: with nothing on standard error, and one object on standard output."""
    command = [sys.executable, "-m", "phenoscope", "measure", *words(instruments="loss"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["readings"]["loss"]["value"] > 0


def test_processes_of_torchrun_share_the_data_and_one_tells(here, capsys):
    """Unequal shares of ten examples by three processes; the error of a sample is that of the same groups."""
    asked = [*words(instruments="loss,sharpness,trace,examples", leave_out="5"), "--json", "--quiet"]
    assert measure(*asked) == 0
    alone = json.loads(capsys.readouterr().out)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "3"]
    done = subprocess.run(
        [*command, "-m", "phenoscope", "measure", *asked], capture_output=True, text=True, timeout=300, check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
    )  # fmt: skip
    together = json.loads(done.stdout)
    assert together["provenance"] == alone["provenance"]
    assert together["readings"].keys() == alone["readings"].keys()
    for name, one in together["readings"].items():
        other = alone["readings"][name]
        assert one["value"] == pytest.approx(other["value"], rel=1e-5)
        if name != "examples":
            errors = (reading["sampling"]["standard_error"] for reading in (one, other))
            assert next(errors) == pytest.approx(next(errors), rel=1e-4)


OPERATORS = """
import torch, phenoscope as ps

def decay(objective):
    return 2 * torch.eye(len(objective.point))

@ps.named_operator("penalty", says="penalty on the weights")
def anything(objective):
    return 3 * torch.eye(len(objective.point))

number = 3
"""


@pytest.mark.usefixtures("as_shipped")
def test_a_matrix_of_ones_own_is_measured_by_name(capsys):
    Path("mine.py").write_text(OPERATORS)
    before = dict(OWN)
    try:
        given = [*words(), "--operator", "mine:decay,mine:anything", "--instruments"]
        assert measure(*given, "decay_largest_eigenvalue,penalty_diagonal", "--json") == 0
        found = json.loads(capsys.readouterr().out)["readings"]
        assert found["decay_largest_eigenvalue"]["value"] == pytest.approx(2.0)
        assert found["penalty_diagonal"]["value"] == pytest.approx(3.0)
        assert measure("--operator", "mine:decay", "--instruments", "list") == 0
        assert "trace of the penalty on the weights" in capsys.readouterr().out
        assert measure(*words(), "--operator", "mine:number") == 1
        assert "an operator is named by its function of an objective, got a int" in capsys.readouterr().err
    finally:
        OWN.clear()
        OWN.update(before)
        sys.modules.pop("mine", None)
