"""Retraining: after weights have been removed, what should be repeated: the training, or only its rates?"""

import dataclasses
from typing import Any

from phenoscope.atlas.papers import RENDA_PAPER
from phenoscope.atlas.retraining.claims import CONSTANT, DENSE, FINE, REPLAY, REWIND, claims, comparisons
from phenoscope.atlas.retraining.panels import panels
from phenoscope.atlas.size import PrunedSize
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, LearningRate, Loss
from phenoscope.training import Adam, Cosine, Drop, Recipe, Rounds

SIZES: dict[Scale, PrunedSize] = {
    "smoke": PrunedSize(100, (16,), 40, 2, 0.5),
    "laptop": PrunedSize(1000, (64, 32), 500, 4, 0.5),
    "paper": PrunedSize(1000, (300, 100), 5000, 15, 0.2),
}

RATE, LAST, TUNED, BACK = 0.01, 0.01, 0.3, 10
"""The peak of Adam's rate; its last and the tuned constant one in parts of that; after how many percent to go back."""


def retraining(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """A network that is pruned in rounds and retrained for equally many steps in four ways.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps, back = size.steps, size.steps * BACK // 100
    length = steps - back
    falling = Cosine(RATE, steps, final=LAST * RATE)
    dense = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(falling),
        steps=steps + size.rounds * length,
        batch=min(64, size.examples // 2),
    )
    probes = (Loss(every=back), Accuracy(every=back), Density(every=back), LearningRate(every=back))

    def pruned(then: str, rate: Any = falling) -> Recipe:
        rounds = Rounds(steps, length, size.share, then=then, back=back)
        return dataclasses.replace(dense, rule=Adam(rate), pruning=rounds)

    def arm(name: str, recipe: Recipe, says: str, **options: Any) -> Arm:
        return Arm(name, recipe, probes, says=says, **options)

    arms = (
        arm(REPLAY, pruned("replay"), "keeps the weights and repeats the rates of the training but for its beginning"),
        arm(REWIND, pruned("rewind"), "goes back to the weights and the rate that it had after a tenth of the steps"),
        arm(FINE, pruned("fine-tune"), "keeps the weights, at the last rate of the training"),
        arm(CONSTANT, pruned("fine-tune", Drop(falling, steps, TUNED * RATE)), role="control",
            says="keeps the weights, at three tenths of the largest rate: constant, and chosen in a pilot"),
        arm(DENSE, dense, "keeps all weights, and stays at the last rate", role="control"),
    )  # fmt: skip
    return Phenomenon(
        name="retraining",
        title="Retraining after pruning",
        question="After weights have been removed, what should be repeated: the training, or only its rates?",
        summary=(
            "A network is trained while its rate falls, half of its weights are removed, and it is trained again, "
            "several times. It can go on at the last, small rate; return to early weights and train as before; or keep "
            "its weights and only repeat the rates, which is said to be as good as the return and better than the "
            "small rate. Beside them stands a constant rate that was chosen well: perhaps it is only a matter of size."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(RENDA_PAPER,),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
