"""What a loss hangs on besides the point, and outputs besides their own inputs: refused where a trial shows it."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import spectral_norm, weight_norm
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

from oracles import CE, MSE, dense_gradient, dense_hessian, drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

X, Y = normal(12, 4), labels(3, 12)


class Listed(nn.Module):
    """Keeps a parameter a second time, where nothing can be put in its place."""

    def __init__(self):
        super().__init__()
        self.body, self.head = drawn(nn.Linear(4, 5)), drawn(nn.Linear(5, 3))
        self.weights = [self.head.weight]

    def forward(self, x):
        return functional.linear(self.body(x).tanh(), self.weights[0], self.head.bias)


def penalised(model):
    return lambda o, t: functional.cross_entropy(o, t) + 0.5 * sum(p.square().sum() for p in model.parameters())


@pytest.mark.parametrize("data", [(X, Y), DataLoader(TensorDataset(X, Y), 4)], ids=["pair", "loader"])
def test_parameters_that_are_read_past_the_forward_pass_are_refused(data):
    """Their share of the gradient would be missing: here that of the penalty, θ."""
    model = mlp()
    with pytest.raises(BadInput, match=r"0.weight, 0.bias, 2.weight and 1 more would count as constants"):
        Objective(model, penalised(model), data, denominator="examples")
    with pytest.raises(BadInput, match=r"head.weight would count as constants"):
        Objective(Listed(), CE, data)


class Penalised(nn.Module):
    """The penalty as one more output."""

    def __init__(self):
        super().__init__()
        self.body = mlp()

    def forward(self, x):
        penalty = 0.5 * sum(p.square().sum() for p in self.parameters())
        return torch.cat([self.body(x), penalty.expand(len(x), 1)], dim=1)


class Hooked(nn.Module):
    """Weights that are computed from others before each call."""

    def __init__(self):
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are deprecated, and everywhere
            self.body = nn.Sequential(weight_norm(nn.Linear(4, 5)), nn.Tanh(), spectral_norm(nn.Linear(5, 3)))
        drawn(self)
        self.recurrent = drawn(nn.LSTM(3, 3, batch_first=True))

    def forward(self, x):
        return self.recurrent(self.body(x)[:, None])[0][:, 0]


def test_what_a_loss_may_read_besides_is_left_alone():
    teacher, held = mlp(seed=3), mlp()
    held[0].requires_grad_(False)
    cases = [
        (Penalised(), lambda o, t: functional.cross_entropy(o[:, :3], t) + o[:, 3].mean()),
        (Hooked().eval(), CE),
        (mlp(), lambda o, t: functional.cross_entropy(o, t) + (o - teacher(X)).square().mean()),
        (held, lambda o, t: functional.cross_entropy(o, t) + held[0].weight.square().sum()),
    ]
    for model, loss in cases:
        found = Objective(model, loss, (X, Y), denominator="examples")
        assert_close(found.gradient(), dense_gradient(loss(model(X), Y), model), rtol=1e-10, atol=1e-13)


class Centred(nn.Module):
    """Outputs that depend on who else is there."""

    def __init__(self):
        super().__init__()
        self.body = mlp()

    def forward(self, x):
        return self.body(x - x.mean(0))


FORMS = {
    "pair": lambda size: ((X, Y), size),
    "loader": lambda size: (DataLoader(TensorDataset(X, Y), size), None),
    "list": lambda size: (list(zip(X.split(size), Y.split(size), strict=True)), None),
}


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("form", FORMS)
def test_examples_that_know_of_each_other_make_no_total_of_several_batches(form, size):
    with pytest.raises(BadInput, match="depend on the others in its batch"):
        Objective(Centred(), CE, *FORMS[form](size))
    with pytest.raises(BadInput, match="depend on the others in its batch"):
        Objective(Centred(), lambda o, t: 2 * functional.cross_entropy(o, t), *FORMS[form](size))
    with pytest.raises(BadInput, match="depend on the others in its batch"):
        Objective(nn.Sequential(Centred(), Masked()), CE, *FORMS[form](size))


def test_they_do_as_one_batch_or_by_a_denominator_that_is_given():
    model = Centred()
    whole = Objective(model, CE, (X, Y))
    expected = dense_hessian(lambda: CE(model(X), Y), model)
    assert_close(whole.hessian() @ torch.eye(len(expected), dtype=X.dtype), expected, rtol=1e-9, atol=1e-12)
    cut = Objective(model, CE, (X, Y), 6, denominator="targets")
    assert_close(cut.loss(), torch.stack([CE(model(X[:6]), Y[:6]), CE(model(X[6:]), Y[6:])]).mean().detach())
    for which in ("empirical_fisher", "gradient_covariance"):
        for objective in (whole, cut):
            with pytest.raises(BadInput, match="depend on each other"):
                objective.operator(which)


class Fours(nn.Module):
    """Made for batches of four."""

    def forward(self, x):
        return x.reshape(4, 4)


class Masked(nn.Module):
    def forward(self, x):
        return torch.cat([x, torch.full_like(x[:, :1], -torch.inf)], dim=1)


def test_models_that_treat_every_example_by_itself_or_cannot_be_tried_are_left_alone():
    normalised = drawn(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    sure = mlp()
    sure[2].weight.data *= 1e9  # losses of 0 and of millions, where a loss in pieces is another by rounding
    for model, options in [
        (nn.Sequential(Fours(), mlp()), {}),
        (nn.Sequential(mlp(), Masked()), {}),
        (normalised, {"buffers": "batch"}),
        (normalised.eval(), {}),
        (sure, {}),
    ]:
        assert Objective(model, CE, (X, Y), 4, **options).partition == (4, 4, 4)
        single = copy.deepcopy(model).float()
        assert Objective(single, CE, (X.float(), Y), 4, **options).partition == (4, 4, 4)


def test_examples_may_lie_along_the_second_axis_of_batches_that_came_as_they_are():
    """Attention is over time there, the first axis. Batches that are cut by us are cut along that: another loss."""
    model = nn.TransformerEncoderLayer(4, 2, 3, dropout=0.0).double()
    x, y = normal(5, 6, 4), normal(5, 6, 4, seed=1)  # (time, batch, width)
    batches = [(x[:, :4], y[:, :4]), (x[:, 4:], y[:, 4:])]
    assert_close(Objective(model, MSE, batches).loss(), MSE(model(x), y).detach())
    with pytest.raises(BadInput, match="depend on the others in its batch"):
        Objective(model, MSE, (x, y), 3)


@pytest.mark.parametrize(
    "loss", [MSE, nn.L1Loss(reduction="sum"), functional.mse_loss], ids=["mean", "sum", "function"]
)
@pytest.mark.parametrize("size", [None, 6])
def test_outputs_and_targets_that_would_be_compared_each_with_each_are_refused(loss, size):
    """The familiar (n, 1) against (n,), whose mean is over n² differences."""
    model = drawn(nn.Linear(4, 1))
    with pytest.raises(
        BadInput, match=r"shape \(\d+, 1\) and targets of shape \(\d+,\) would be compared each with each"
    ):
        Objective(model, loss, (X, X[:, 0]), size)
    expected = loss(model(X), X[:, :1]).detach()
    assert_close(Objective(model, loss, (X, X[:, :1]), size).loss(), expected)


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_targets_that_several_outputs_share_are_no_such_thing():
    model = mlp()
    expected = (model(X) - X[:, :1]).square().mean().detach()
    assert_close(Objective(model, MSE, (X, X[:, :1]), 5).loss(), expected)
    assert Objective(drawn(nn.Linear(4, 1)), MSE, (X[:1], X[:1, 0])).loss() > 0
