"""The matrix that an optimizer of PyTorch meets, against P⁻¹H from its state by hand."""

import pytest
import torch

import phenoscope as ps
from oracles import PROBLEMS, dense_hessian
from phenoscope.core.errors import BadInput

MAKE = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.01, alpha=0.9, eps=1e-3),
}


def stepped(name, steps=3):
    problem = PROBLEMS["tanh perceptron"]()
    optimizer = MAKE[name](problem.model.parameters())
    for _ in range(steps):
        optimizer.zero_grad()
        problem.total().backward()
        optimizer.step()
    return problem, optimizer


@pytest.mark.parametrize("name", MAKE)
def test_its_eigenvalues_are_those_of_the_hessian_over_the_preconditioner(name):
    problem, optimizer = stepped(name)
    squares = []
    for parameter in problem.model.parameters():
        state = optimizer.state[parameter]
        if name == "rmsprop":
            squares.append(state["square_avg"].flatten())
        else:
            squares.append((state["exp_avg_sq"] / (1 - 0.95 ** float(state["step"]))).flatten())
    divided = torch.cat(squares).sqrt() + 1e-3
    expected = torch.linalg.eigvals(dense_hessian(problem.total, problem.model) / divided[:, None]).real.max()
    objective = ps.Objective(problem.model, problem.loss, problem.data)
    found = ps.sharpness(ps.preconditioned(objective, optimizer), tol=1e-10)
    torch.testing.assert_close(found.value, expected, rtol=1e-8, atol=0)


def test_what_has_no_preconditioner_is_refused():
    problem, _ = stepped("adam", steps=0)
    objective = ps.Objective(problem.model, problem.loss, problem.data)
    for optimizer in (torch.optim.SGD(problem.model.parameters(), lr=0.1), MAKE["adam"](problem.model.parameters())):
        with pytest.raises(BadInput, match=r"the preconditioner of .* is not known: it has none"):
            ps.preconditioned(objective, optimizer)
    with pytest.raises(BadInput, match="Adam is not known"):
        ps.preconditioned(objective, torch.optim.Adam(problem.model.parameters(), amsgrad=True))
