"""The minimal models: values, starts and what is refused."""

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import point
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, One, SecondOrderMap
from phenoscope.models import Product, SecondOrder
from phenoscope.objective import Objective, SquaredError
from phenoscope.theory import flow_sharpness

POWERS = [(2, 2), (1, 1, 1), (1, 2, 3)]


def built(model, seed, data=None):
    made = data or Dataset(One(), scaling="none")
    drawn = made.draw(stream(seed, "data")).train
    network = model.build(stream(seed, "start"), inputs=made.shape, outputs=made.outputs, dtype=torch.float64)
    return network, drawn.inputs.double(), drawn.targets


@pytest.mark.parametrize("powers", POWERS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_flow_from_the_start_ends_as_sharp_as_asked(powers, seed):
    network, inputs, targets = built(Product(powers, 60.0, 80.0, spread=0.1), seed)
    weights = point(network)
    assert 60 <= flow_sharpness(weights, torch.tensor(powers, dtype=torch.float64)).item() <= 80
    expected = torch.stack([w**p for w, p in zip(weights, powers, strict=True)]).prod()
    assert_close(network(inputs), expected.reshape(1, 1))
    assert 0 < expected.item() < 1
    objective = Objective(network, SquaredError(), (inputs, targets))
    assert objective.loss().item() == pytest.approx((expected.item() - 1) ** 2 / 2, rel=1e-12)


def test_the_same_generator_gives_the_same_start_and_seeds_differ():
    starts = [point(built(Product((2, 2), 60.0, 80.0), seed)[0]) for seed in (0, 0, 1)]
    assert_close(starts[0], starts[1], rtol=0, atol=0)
    assert not torch.equal(starts[0], starts[2])


def test_a_map_of_second_order_is_its_taylor_expansion():
    data = Dataset(SecondOrderMap(3, 5, 0.7), scaling="none")
    network, inputs, targets = built(SecondOrder(5), 0, data)
    row = inputs[0]
    constant, slope, curved = row[:, 0], row[:, 1:6], row[:, 6:].reshape(3, 5, 5)
    theta = torch.randn(5, generator=stream(1), dtype=torch.float64)
    expected = constant + slope @ theta + torch.einsum("dpq,p,q->d", curved, theta, theta) / 2
    with torch.no_grad():
        assert_close(network(inputs), constant[None])
        network.theta.copy_(theta)
        assert_close(network(inputs), expected[None])
    assert_close(curved, curved.mT)
    assert torch.linalg.matrix_norm(slope, 2).item() == pytest.approx(1, rel=1e-6)
    hessian = torch.autograd.functional.hessian(lambda t: row_loss(constant, slope, curved, t), theta)
    dense = Objective(network, SquaredError(), (inputs, targets)).hessian() @ torch.eye(5, dtype=torch.float64)
    assert_close(dense, hessian)


def row_loss(constant, slope, curved, theta):
    outputs = constant + slope @ theta + torch.einsum("dpq,p,q->d", curved, theta, theta) / 2
    target = torch.eye(3, dtype=torch.float64)[0]
    return (outputs - target).square().sum() / 2


def test_without_curvature_the_map_is_linear_and_otherwise_the_same():
    curved, plain = (Dataset(SecondOrderMap(3, 5, q), scaling="none").draw(stream(0)).train.inputs for q in (0.5, 0.0))
    assert torch.equal(curved[..., :6], plain[..., :6])
    assert not plain[..., 6:].any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Product((2,), 60.0, 80.0), "at least two powers"),
        (lambda: Product((2, 0), 60.0, 80.0), "at least two powers"),
        (lambda: Product((2, 2), 10.0, 80.0), "sharper than 16"),
        (lambda: Product((2, 2), 90.0, 80.0), "in this order"),
        (lambda: SecondOrderMap(0, 5), "needs outputs"),
        (lambda: SecondOrderMap(2, 5, -1.0), "curvature of at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(BadInput, match=words):
        make()


def test_other_data_are_refused():
    with pytest.raises(BadInput, match="one number and gives one"):
        Product((2, 2), 60.0, 80.0).build(stream(0), inputs=(3,), outputs=2)
    with pytest.raises(BadInput, match=r"shape \(2, 31\), got \(2, 7\)"):
        SecondOrder(5).build(stream(0), inputs=(2, 7), outputs=2)
