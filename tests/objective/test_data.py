"""What data an objective takes, and what it refuses in which words."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, Dataset, TensorDataset

from oracles import labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective, freeze

X, Y = normal(10, 4), labels(3, 10)
CE = nn.CrossEntropyLoss()


class Pairs(Dataset):
    def __init__(self, noise=0.0, count=10):
        self.noise, self.count = noise, count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return X[index] + self.noise * torch.randn(4, dtype=torch.float64), Y[index]


class Again:
    """Any re-iterable."""

    def __iter__(self):
        return zip(X.split(4), Y.split(4), strict=True)


FORMS = {
    "pair": lambda: ((X, Y), 4),
    "list pair": lambda: ([X, Y], 4),
    "tensor data set": lambda: (TensorDataset(X, Y), 4),
    "data set": lambda: (Pairs(), 4),
    "loader": lambda: (DataLoader(Pairs(), 4), None),
    "shuffled loader": lambda: (DataLoader(Pairs(), 4, shuffle=True), None),
    "shuffled by its own generator": lambda: (
        DataLoader(Pairs(), 4, shuffle=True, generator=torch.Generator().manual_seed(1)),
        None,
    ),
    "list of batches": lambda: (list(zip(X.split(4), Y.split(4), strict=True)), None),
    "two batches": lambda: (((X[:4], Y[:4]), (X[4:], Y[4:])), None),
    "re-iterable": lambda: (Again(), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_gives_the_same_loss_and_products(form):
    data, size = FORMS[form]()
    objective = Objective(mlp(), CE, data, size)
    whole = Objective(mlp(), CE, (X, Y))
    vector = normal(43)
    assert sum(objective.partition) == 10
    assert_close(objective.loss(), whole.loss(), rtol=1e-12, atol=0)
    assert_close(objective.gradient(), whole.gradient(), rtol=1e-10, atol=1e-14)
    assert_close(objective.hessian() @ vector, whole.hessian() @ vector, rtol=1e-9, atol=1e-13)
    rebuilt = Objective(mlp(), CE, data, size, memory=1)
    assert_close(rebuilt.hessian() @ vector, whole.hessian() @ vector, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("data", "size", "says"),
    [
        ((b for b in [(X, Y)]), None, "gone through more than once"),
        (3, None, "a int cannot be"),
        ((X[:0], Y[:0]), None, "empty|examples|finite|no loss"),
        ([], None, "empty"),
        (DataLoader(Pairs(), 4), 2, "leave `batch_size` out"),
        ([(X, Y)], 2, "leave `batch_size` out"),
        ((X, Y), 0, "at least 1, got 0"),
        ((X[:7], Y), None, "as many examples"),
        ([X, X, X], None, "batch 0 is one tensor of shape"),
        ([{"x": X, "y": Y}], None, "a mapping with"),
        ([(X, Y, Y)], None, "of length 3"),
        (Pairs(count=0), None, "empty"),
    ],
)
def test_what_cannot_be_used_is_refused(data, size, says):
    with pytest.raises(BadInput, match=says):
        Objective(mlp(), CE, data, size)


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, x):
        return self.net(x) + torch.randn_like(x[:, :3])


RANDOM = {
    "dropout": lambda: (nn.Sequential(mlp(), nn.Dropout(0.5)).train(), (X, Y), None),
    "model": lambda: (Noisy(), (X, Y), None),
    "augmentation": lambda: (mlp(), Pairs(noise=0.1), None),
    "dropped batches": lambda: (mlp(), DataLoader(Pairs(), 4, shuffle=True, drop_last=True), None),
    "dropped batches by its own generator": lambda: (
        mlp(),
        DataLoader(Pairs(), 4, shuffle=True, drop_last=True, generator=torch.Generator().manual_seed(0)),
        None,
    ),
    "augmentation in a list": lambda: (mlp(), DataLoader(Pairs(noise=0.1), 5), None),
}


@pytest.mark.parametrize("case", RANDOM)
def test_a_random_loss_is_refused(case):
    model, data, size = RANDOM[case]()
    torch.manual_seed(0)  # now and then two passes happen to drop the same examples
    with pytest.raises(BadInput, match="differs between two evaluations"):
        Objective(model, CE, data, size)


class Seldom(nn.Module):
    """Draws, with an effect on the later examples alone, as a function and not as a module."""

    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, x):
        late = (x[:, :1] > 0).double()
        return self.net(x) + late * torch.randn(len(x), 3, dtype=x.dtype)


def test_randomness_that_two_evaluations_of_the_first_batch_do_not_show_is_refused():
    """Dropout of one in ten of two units leaves an example alone four times in five."""
    dropping = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.1), nn.Linear(2, 3)).double()
    for seed in range(20):
        torch.manual_seed(seed)
        with pytest.raises(BadInput, match=r"differs between|1 draws at random in training mode"):
            Objective(dropping, CE, (X[:1], Y[:1]))
    order = X[:, 0].argsort()
    assert X[order[0], 0] < 0 < X[order[-1], 0]
    with pytest.raises(BadInput, match="differs between two evaluations"):
        Objective(Seldom(), CE, (X[order], Y[order]), 1)


def test_draws_without_an_effect_are_none():
    """A layer that is dropped with probability 0, as in many a transformer, and dropout of nothing or of all."""

    class Skipping(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(mlp(), nn.Dropout(0.0), nn.Dropout(1.0))
            self.unused = nn.Dropout(0.5).eval()

        def forward(self, x):
            return self.net[0](x) if torch.rand(()) < 0 else self.net(x) + self.net[0](x)

    model = Skipping()
    assert_close(Objective(model, CE, (X, Y), 4).loss(), CE(model.net[0](X), Y).detach())


def test_evaluation_mode_and_freezing_mend_it():
    Objective(nn.Sequential(mlp(), nn.Dropout(0.5)).eval(), CE, (X, Y))
    loader = DataLoader(Pairs(noise=0.1), 4, shuffle=True)
    for n, partition in ((None, (4, 4, 2)), (7, (4, 3)), (25, (4, 4, 2, 4, 4, 2, 4, 1))):
        frozen = freeze(loader, n)
        assert tuple(len(x) for x, _ in frozen) == partition
        objective = Objective(mlp(), CE, frozen)
        assert objective.partition == partition
        assert objective.loss() == objective.loss()


@pytest.mark.parametrize(
    ("loader", "n", "says"), [([], 3, "no examples"), ([(X, Y)], 0, "at least 1"), (iter([(X, Y)]), 11, "no examples")]
)
def test_freezing_nothing_is_refused(loader, n, says):
    with pytest.raises(BadInput, match=says):
        freeze(loader, n)


def test_frozen_batches_are_copies():
    x = X.clone()
    frozen = freeze([(x, Y)])
    x.zero_()
    assert torch.equal(frozen[0][0], X)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (nn.CrossEntropyLoss(reduction="none"), r"scalar tensor, got shape \(10,\)"),
        (lambda o, t: 3.0, "got a float"),
        (lambda o, t: o.mean() * float("nan"), "not finite"),
        (lambda o, t: o.mean() / 0, "not finite"),
    ],
)
def test_a_loss_that_is_no_finite_scalar_is_refused(loss, says):
    with pytest.raises(BadInput, match=says):
        Objective(mlp(), loss, (X, Y), denominator="examples")


def test_a_point_where_the_loss_is_not_finite_is_refused():
    objective = Objective(mlp(), CE, (X, Y))
    bad = objective.point * float("inf")
    for ask in (objective.loss, objective.gradient, objective.hessian, objective.gauss_newton):
        with pytest.raises(BadInput, match="not finite"):
            ask(bad)


def test_models_that_have_no_point_are_refused():
    with pytest.raises(BadInput, match="no trainable parameter"):
        Objective(mlp().requires_grad_(False), CE, (X, Y))
    mixed = mlp()
    mixed[0].float()
    with pytest.raises(BadInput, match="several dtypes"):
        Objective(mixed, CE, (X, Y))
    with pytest.raises(BadInput, match="must return a tensor"):
        Objective(nn.LSTM(4, 3).double(), CE, (X, Y))


def test_examples_along_another_axis_are_never_cut():
    """A sequence model whose first axis is time: with too little memory the batch stays whole."""
    model = nn.TransformerEncoderLayer(4, 2, 3, dropout=0.0).double()
    x, y = normal(6, 5, 4), normal(6, 5, 4, seed=1)  # (time, batch, width)
    kept, rebuilt = (Objective(model, nn.MSELoss(), (x, y), memory=memory) for memory in (2**30, 1))
    vector = normal(len(kept.point))
    assert_close(rebuilt.hessian() @ vector, kept.hessian() @ vector, rtol=1e-9, atol=1e-12)


def test_examples_along_another_axis_are_seen_behind_ignored_targets():
    """The first two pieces hold nothing that counts, so that they cannot tell."""

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer = nn.TransformerEncoderLayer(4, 2, 3, dropout=0.0)

        def forward(self, tokens):  # (time, batch, width) to (time, classes, batch)
            return self.layer(tokens).transpose(1, 2)

    model, x, y = Tagger().double(), normal(6, 5, 4), labels(4, 6, 5)
    y[:2] = -100
    kept, rebuilt = (Objective(model, CE, (x, y), memory=memory) for memory in (2**30, 1))
    vector = normal(len(kept.point))
    assert_close(rebuilt.hessian() @ vector, kept.hessian() @ vector, rtol=1e-9, atol=1e-12)


def test_large_graphs_are_cut_for_speed_where_that_changes_nothing(monkeypatch):
    class Centred(nn.Module):
        """Examples that know of each other."""

        def forward(self, inputs):
            return inputs - inputs.mean(dim=0)

    torch.manual_seed(0)
    x, y = normal(40, 5), labels(3, 40)
    layers = [nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3)]
    alone, together = nn.Sequential(*layers).double(), nn.Sequential(layers[0], Centred(), *layers[1:]).double()
    whole = {model: Objective(model, CE, (x, y)).hessian() for model in (alone, together)}
    monkeypatch.setattr("phenoscope.objective.terms.AT_ONCE", 4_000)
    monkeypatch.setattr("phenoscope.objective.terms.AND_POINTS", 0)
    for model, expected in whole.items():
        found = Objective(model, CE, (x, y))
        assert found.partition == (40,)
        cut = found.hessian()
        assert cut.kept
        assert (len(cut._total.pieces) > 1) == (model is alone)
        vector = normal(cut.size)
        assert_close(cut @ vector, expected @ vector, rtol=1e-9, atol=1e-12)
        assert_close(cut.gradient, expected.gradient, rtol=1e-9, atol=1e-12)


def test_a_mask_without_examples_stays_whole():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(4, 2, batch_first=True).double()

        def forward(self, x, mask):
            return self.attend(x, x, x, attn_mask=mask)[0]

    x, mask = normal(6, 3, 4), torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    data = ((x, mask), normal(6, 3, 4, seed=1))
    whole, cut = Objective(Masked(), nn.MSELoss(), data), None
    model = whole.model
    cut = Objective(model, nn.MSELoss(), data, 4, memory=1)
    vector = normal(len(whole.point))
    assert_close(cut.hessian() @ vector, whole.hessian() @ vector, rtol=1e-9, atol=1e-12)


def test_memory_counts_examples_not_the_whole_data_they_are_views_of():
    """A graph saves views of the data; counting their storage would make every large data set look too large."""
    x, y = torch.zeros(20_000, 4, dtype=torch.float64), torch.zeros(20_000, dtype=torch.int64)
    needed = 20_000 * 8 * 100  # some hundred numbers an example
    assert Objective(mlp(), CE, (x, y), 200, memory=needed).hessian().kept
    assert not Objective(mlp(), CE, (x, y), 200, memory=needed // 10).hessian().kept
