"""What is left when inputs are shuffled: against scikit-learn's area, exact cases, and the wrong way to shuffle."""

import copy

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn.functional import cross_entropy

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments import shuffled_auc
from phenoscope.models import MLP
from phenoscope.objective import Objective


def seeded(seed=5):
    return torch.Generator().manual_seed(seed)


def classifier(seed=0):
    return MLP((7,)).build(stream(seed, "init"), inputs=(4,), outputs=2, dtype=torch.float64)


INPUTS, LABELS = normal(60, 4), torch.arange(60) % 2
FIRST = torch.tensor([True, False, False, False])


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("block", [FIRST, ~FIRST], ids=["first", "others"])
def test_against_another_area_on_inputs_mixed_by_hand(block, batch_size):
    model, generator = classifier(), seeded()
    areas, right = [], []
    for _ in range(3):
        order = torch.randperm(60, generator=generator)
        mixed = INPUTS.clone()
        mixed[:, block] = INPUTS[order][:, block]
        outputs = model(mixed).detach()
        areas.append(roc_auc_score(LABELS, outputs.softmax(dim=1)[:, 1]))
        right.append((outputs.argmax(dim=1) == LABELS).double().mean().item())
    objective = Objective(model, cross_entropy, (INPUTS, LABELS), batch_size=batch_size)
    found = shuffled_auc(objective, block, shuffles=3, generator=seeded())
    assert found.value == pytest.approx(sum(areas) / 3, rel=1e-12)
    assert found.accuracy == pytest.approx(sum(right) / 3, rel=1e-12)
    assert found.standard_error == pytest.approx(torch.tensor(areas).std().item() / 3**0.5, rel=1e-6)
    assert found.given == pytest.approx(roc_auc_score(LABELS, model(INPUTS).detach().softmax(dim=1)[:, 1]), rel=1e-12)
    assert (found.shuffles, found.examples, found.entries) == (3, 60, int(block.sum()))


def linear(weight):
    model = nn.Linear(4, 2, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.stack([torch.zeros(4, dtype=torch.float64), weight]))
    return model


def test_a_block_that_is_not_looked_at_costs_nothing_and_one_that_is_all_costs_all():
    labels = (INPUTS[:, 0] > 0).long()
    objective = Objective(linear(torch.tensor([1.0, 0, 0, 0]).double()), cross_entropy, (INPUTS, labels))
    assert shuffled_auc(objective, ~FIRST).value == 1.0
    lost = shuffled_auc(objective, FIRST, shuffles=400)
    assert lost.value == pytest.approx(0.5, abs=4 * lost.standard_error)
    assert lost.standard_error < 0.01


def test_a_constant_answer_is_chance_exactly():
    objective = Objective(linear(torch.zeros(4, dtype=torch.float64)), cross_entropy, (INPUTS, LABELS))
    assert shuffled_auc(objective, FIRST).value == shuffled_auc(objective, FIRST).given == 0.5


def test_entries_of_a_block_stay_together():
    """The class is the sign of x₀ x₁: shuffled one by one they would tell nothing, together they lose the rest only."""

    class Xor(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, x):
            inside = self.scale * x[:, 2] * x[:, 3] + 0 * x[:, 0]
            return torch.stack([torch.zeros_like(inside), inside], dim=1)

    inputs = INPUTS.sign()
    labels = (inputs[:, 2] * inputs[:, 3] > 0).long()
    objective = Objective(Xor(), cross_entropy, (inputs, labels))
    both = torch.tensor([False, False, True, True])
    found = shuffled_auc(objective, both, shuffles=2, generator=seeded())
    orders = seeded()
    expected = [(labels == labels[torch.randperm(60, generator=orders)]).double() for _ in range(2)]
    assert found.accuracy == pytest.approx(torch.stack(expected).mean().item())


def test_the_same_generator_gives_the_same_reading_and_the_model_is_left_as_found():
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2)).double()
    model.train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    objective = Objective(model, cross_entropy, (INPUTS, LABELS))
    one, two = (shuffled_auc(objective, FIRST, generator=seeded(1)) for _ in range(2))
    assert one == two
    assert one != shuffled_auc(objective, FIRST, generator=seeded(2))
    assert model.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert "8 shuffles of 1 entries among 60 examples" in str(one)


def test_images_are_masked_by_a_mask_of_their_shape():
    model = nn.Sequential(nn.Flatten(), linear(torch.tensor([1.0, 0, 0, 0]).double()))
    labels = (INPUTS[:, 0] > 0).long()
    objective = Objective(model, cross_entropy, (INPUTS.reshape(60, 2, 2), labels))
    assert shuffled_auc(objective, ~FIRST.reshape(2, 2)).value == 1.0
    assert shuffled_auc(objective, FIRST.reshape(2, 2)).value < 0.8


def test_what_has_no_area_is_refused():
    objective = Objective(classifier(), cross_entropy, (INPUTS, LABELS))
    with pytest.raises(BadInput, match=r"a mask \(bool\) of the shape of one input, \(4,\)"):
        shuffled_auc(objective, FIRST[:3])
    with pytest.raises(BadInput, match=r"a mask \(bool\)"):
        shuffled_auc(objective, FIRST.double())
    with pytest.raises(BadInput, match="at least 2 shuffles, got 1"):
        shuffled_auc(objective, FIRST, shuffles=1)
    three = MLP((7,)).build(stream(0, "init"), inputs=(4,), outputs=3, dtype=torch.float64)
    for model, labels in ((three, torch.arange(60) % 3), (classifier(), torch.zeros(60, dtype=torch.int64))):
        with pytest.raises(BadInput, match="the area is of two classes"):
            shuffled_auc(Objective(model, cross_entropy, (INPUTS, labels)), FIRST)
