"""The cross-entropy with a penalty on the outputs: by hand, and as the loss of a training."""

import pytest
import torch
from torch.testing import assert_close

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import identity
from phenoscope.objective import CrossEntropy, PenalisedCrossEntropy
from phenoscope.training import settings, train
from small import recipe


def test_by_hand():
    outputs, labels = normal(5, 3), torch.tensor([0, 2, 1, 1, 0])
    own = -outputs.log_softmax(dim=1)[torch.arange(5), labels].mean() + 0.3 * outputs.square().sum(dim=1).mean() / 2
    assert_close(PenalisedCrossEntropy(0.3)(outputs, labels), own)
    assert_close(PenalisedCrossEntropy(0.0)(outputs, labels), CrossEntropy()(outputs, labels))
    with pytest.raises(BadInput, match="at least 0, got -1"):
        PenalisedCrossEntropy(-1.0)


def test_trainings_with_it_keep_their_outputs_small():
    plain, kept = (recipe(0.5, steps=60, loss=loss) for loss in (CrossEntropy(), PenalisedCrossEntropy(0.5)))
    sizes = []
    for made in (plain, kept):
        last = list(train([made]))[-1]
        sizes.append(last.objective(0).outputs().square().mean().item())
    assert sizes[1] < sizes[0] / 3
    assert identity(plain) != identity(kept)
    assert settings(kept)["loss.penalty"] == 0.5
