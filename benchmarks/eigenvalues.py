"""How many products and how much time do certified eigenvalues take, against SciPy's Lanczos on the same operator?"""

from collections.abc import Callable

import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from benchmarks.harness import interleaved, report
from phenoscope import Objective, eigenvalues
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import GradientDescent, Recipe, train


def run() -> None:
    """A network on digits after 100 steps of training."""
    recipe = Recipe(dataset("digits", train=1500), MLP((200, 200)), CrossEntropy(), GradientDescent(0.1), 100)
    state = list(train([recipe]))[-1]
    model = recipe.model.build(stream(0, "initialisation"), inputs=(64,), outputs=10)
    data = state.landscape.draws[0].train
    objective = Objective(model, CrossEntropy(), (data.inputs, data.targets))
    operator = objective.hessian(state.points[0])
    products: dict[str, int] = {}

    def ours(k: int) -> Callable[[], object]:
        def measure() -> None:
            products[f"eigenvalues, top {k}"] = eigenvalues(operator, k, tol=1e-3).products

        return measure

    def peer(k: int) -> Callable[[], object]:
        def measure() -> None:
            before = operator.products
            shape = (operator.size, operator.size)
            linear = LinearOperator(shape, lambda v: (operator @ torch.as_tensor(v).flatten()).numpy(), dtype="float32")
            eigsh(linear, k, which="LA", tol=1e-3)
            products[f"SciPy eigsh, top {k}"] = operator.products - before

        return measure

    cases = {}
    for k in (1, 10):
        contenders = {f"SciPy eigsh, top {k}": peer(k), f"eigenvalues, top {k}": ours(k)}
        cases[f"top {k}"] = interleaved(contenders, baseline=f"SciPy eigsh, top {k}", rounds=7)
    print(products)
    report("Eigenvalues to a residual of one in a thousand", cases, {"products": products})
