"""From names to an objective: a model with its weights, loss, data and provenance; folders of transformers."""

import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from hostile import Hostile
from oracles import seeded
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.pretrained import NextToken
from phenoscope.engine.subjects import subject
from phenoscope.engine.weights import digest, read_weights
from phenoscope.objective import Objective

DIGITS = (torch.zeros(2, 64, dtype=torch.float64), torch.zeros(2, 10, dtype=torch.float64))


def test_it_is_the_objective_of_the_weights_given(mine, tmp_path):
    name = mine("def build(): return nn.Sequential(nn.Linear(64, 3), nn.Dropout(0.5), nn.Linear(3, 10))")
    trained = nn.Sequential(nn.Linear(64, 3), nn.Dropout(0.5), nn.Linear(3, 10)).double()
    save_file(trained.state_dict(), tmp_path / "w.safetensors")
    found = subject(f"{name}:build", "digits", weights=tmp_path / "w.safetensors", examples=50)
    assert torch.equal(found.objective.point, ps.Objective(trained.eval(), nn.MSELoss(), DIGITS).point)
    assert found.provenance["dtype"] == "float64"  # as the weights are: no digit is lost
    assert found.provenance["data"]["examples"] == 50
    assert found.provenance["weights"]["sha256"] == digest([tmp_path / "w.safetensors"])
    assert found.provenance["mode"] == "evaluation"
    assert found.provenance["versions"]["torch"] == torch.__version__


def test_without_weights_the_same_model_each_time_and_the_global_state_untouched(mine):
    name = mine("def build(): return nn.Linear(64, 10)\nhalf = nn.Linear(64, 10).half()")
    before = torch.get_rng_state()
    points = [subject(f"{name}:build", "digits").objective.point for _ in range(2)]
    assert torch.equal(points[0], points[1])
    assert torch.equal(before, torch.get_rng_state())
    assert subject(f"{name}:half", "digits").provenance["dtype"] == "float32"
    assert subject(f"{name}:build", "digits", dtype="float64").objective.point.dtype == torch.float64


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "own"])
def test_losses(mine, loss):
    name = mine(
        "build = nn.Linear(64, 10)\n"
        "def own(outputs, targets): return (outputs.sum(1) - targets).square().mean()\n"
        "class Own(nn.Module):\n    def forward(self, outputs, targets): return own(outputs, targets)"
    )
    value = subject(f"{name}:build", "digits", loss=f"{name}:own" if loss == "own" else loss).objective.loss()
    assert value > 0
    if loss == "own":
        assert subject(f"{name}:build", "digits", loss=f"{name}:Own").objective.loss() == value


def test_batches_change_nothing(mine):
    name = mine("build = nn.Linear(64, 10)")
    whole, cut = (subject(f"{name}:build", "digits", batch_size=size).objective for size in (None, 500))
    assert cut.partition == (500, 500, 500, 297)
    assert_close(whole.loss(), cut.loss())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "number"}, "is a int. Name a function that returns the model"),
        ({"model": "text"}, "returned a str. It must return a torch.nn.Module"),
        ({"data": "nonsense"}, "--data is one of digits, mnist1d"),
        ({"loss": "nonsense"}, "--loss is one of cross_entropy, squared_error, mse, next_token"),
        ({"dtype": "float16"}, "--dtype is one of float32, float64, got 'float16'"),
        ({"model": "."}, "holds no config.json"),
    ],
)
def test_mistakes(mine, options, says):
    name = mine("number = 3\ndef text(): return ''\nbuild = nn.Linear(64, 10)")
    model = options.get("model", "build")
    given = {"model": model if model == "." else f"{name}:{model}", "data": "digits"}
    with pytest.raises(BadInput, match=says):
        subject(**(options | given | {k: v for k, v in options.items() if k != "model"}))


def test_the_next_tokens_loss_is_weighed_by_the_tokens_predicted():
    """However the sequences are cut into batches, padded ones too; the nearest wrong cousin averages over batches."""

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(5, 5)

        def forward(self, tokens):
            return self.table(tokens)

    tokens = torch.randint(5, (7, 4), generator=seeded(1))
    targets = tokens.clone()
    targets[:3, 2:] = -100
    model = Tokens()
    scores = model(tokens).log_softmax(-1)
    kept = [(i, t) for i in range(7) for t in range(3) if targets[i, t + 1] >= 0]
    expected = -torch.stack([scores[i, t, targets[i, t + 1]] for i, t in kept]).mean()
    for size in (None, 2):
        found = Objective(model, NextToken(), (tokens, targets), size).loss()
        assert_close(found.float(), expected.detach())


class TestHuggingFace:
    @pytest.fixture
    def folder(self, tmp_path):
        transformers = pytest.importorskip("transformers")
        transformers.logging.disable_progress_bar()
        torch.manual_seed(0)
        small = {"n_layer": 1, "n_head": 2, "n_embd": 8, "vocab_size": 11, "n_positions": 6}
        config = transformers.GPT2Config(**small, bos_token_id=0, eos_token_id=0)
        transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt")
        return tmp_path / "gpt"

    def test_its_loss_is_that_of_transformers_itself(self, folder, mine):
        import transformers

        name = mine(
            "tokens = torch.arange(24).reshape(4, 6) % 11\n"
            "def data(): return {'input_ids': tokens, 'attention_mask': torch.ones_like(tokens)}, tokens"
        )
        found = subject(str(folder), f"{name}:data")
        tokens = torch.arange(24).reshape(4, 6) % 11
        model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
        with torch.no_grad():
            expected = model(input_ids=tokens, labels=tokens).loss
        assert_close(found.objective.loss().float(), expected)
        panel = ps.measure(found.objective, ("sharpness", "parameters"))
        assert panel["sharpness"].converged
        assert panel["parameters"].value == sum(p.numel() for p in model.parameters())
        again = subject(str(folder), f"{name}:data", weights=folder / "model.safetensors")
        assert torch.equal(again.objective.point, found.objective.point)

    def test_weights_that_do_not_fill_the_model_are_refused(self, folder):
        weights = read_weights(folder / "model.safetensors")
        weights.pop("transformer.h.0.mlp.c_fc.weight")
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(BadInput, match=r"do not fill the model \(missing: transformer.h.0.mlp.c_fc.weight"):
            subject(str(folder), "digits")

    def test_a_folder_of_pickles_is_not_opened(self, folder, tmp_path):
        (folder / "model.safetensors").unlink()
        torch.save(Hostile(tmp_path / "created"), folder / "pytorch_model.bin")
        with pytest.raises(BadInput, match="has no weights as safetensors"):
            subject(str(folder), "digits")
        with pytest.raises(BadInput, match="refused without running"):
            subject(str(folder), "digits", weights=folder / "pytorch_model.bin")
        assert not (tmp_path / "created").exists()

    def test_other_architectures_and_damaged_folders(self, folder):
        text = (folder / "config.json").read_text()
        (folder / "config.json").write_text(text.replace("GPT2LMHeadModel", "GPT2Model"))
        with pytest.raises(BadInput, match="of the architecture GPT2Model; known are"):
            subject(str(folder), "digits")
        (folder / "config.json").write_text(text[:20])
        with pytest.raises(BadInput, match="cannot be loaded by transformers"):
            subject(str(folder), "digits")


def test_without_transformers_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(PhenoscopeError, match="pip install transformers"):
        subject(str(tmp_path), "digits")
