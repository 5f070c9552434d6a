"""The matrix that an optimizer of PyTorch meets, against P⁻¹H from its state by hand."""

import pytest
import torch

import phenoscope as ps
from oracles import PROBLEMS, dense_hessian
from phenoscope.core.errors import BadInput

MAKE = {
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    "adam, decay": lambda groups: torch.optim.Adam(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "amsgrad": lambda groups: torch.optim.Adam(groups, lr=0.3, betas=(0.8, 0.95), eps=1e-3, amsgrad=True),
    "ascent": lambda groups: torch.optim.Adam(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-3, maximize=True),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "nadam": lambda groups: torch.optim.NAdam(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.01, alpha=0.9, eps=1e-3),
    "rmsprop, centred": lambda groups: torch.optim.RMSprop(
        groups, lr=0.01, alpha=0.9, eps=1e-3, centered=True, momentum=0.5, weight_decay=0.1
    ),
    "adagrad": lambda groups: torch.optim.Adagrad(groups, lr=0.01, eps=1e-3),
}


def trained(problem, optimizer, steps=3):
    """The gradients that the optimizer was given, each (p,), decay included."""
    seen, own = [], list(problem.model.parameters())
    for _ in range(steps):
        optimizer.zero_grad()
        problem.total().backward()
        decay = 0.0 if isinstance(optimizer, torch.optim.AdamW) else optimizer.param_groups[0]["weight_decay"]
        seen.append(torch.cat([(p.grad + decay * p.detach()).flatten() for p in own]))
        optimizer.step()
    return seen


def stepped(name, steps=3):
    problem = PROBLEMS["tanh perceptron"]()
    optimizer = MAKE[name](problem.model.parameters())
    return problem, optimizer, trained(problem, optimizer, steps)


def averages(beta, values):
    """The running averages from 0 on."""
    found = [torch.zeros_like(values[0])]
    for value in values:
        found.append(beta * found[-1] + (1 - beta) * value)
    return torch.stack(found[1:])


def divisor(name, seen):
    """What the last step was divided by, from the gradients alone."""
    squares = [gradient.square() for gradient in seen]
    if name == "adagrad":
        return torch.stack(squares).sum(0).sqrt() + 1e-3
    if name.startswith("rmsprop"):
        mean = averages(0.9, seen)[-1] if "centred" in name else 0.0
        return (averages(0.9, squares)[-1] - mean**2).sqrt() + 1e-3
    found = averages(0.95, squares)
    return ((found.amax(0) if name == "amsgrad" else found[-1]) / (1 - 0.95 ** len(seen))).sqrt() + 1e-3


def largest(problem, divided):
    """The largest eigenvalue of P⁻¹H."""
    return torch.linalg.eigvals(dense_hessian(problem.total, problem.model) / divided[:, None]).real.max()


def read(problem, optimizer):
    objective = ps.Objective(problem.model, problem.loss, problem.data)
    return ps.sharpness(ps.preconditioned(objective, optimizer), tol=1e-10).value


@pytest.mark.parametrize("name", MAKE)
def test_its_eigenvalues_are_those_of_the_hessian_over_the_preconditioner(name):
    problem, optimizer, seen = stepped(name)
    expected = largest(problem, divisor(name, seen))
    torch.testing.assert_close(read(problem, optimizer), expected, rtol=1e-8, atol=0)


def test_groups_of_parameters_have_options_of_their_own():
    problem = PROBLEMS["tanh perceptron"]()
    head, rest = problem.model[2].parameters(), problem.model[0].parameters()
    groups = [{"params": rest, "eps": 0.1, "betas": (0.5, 0.6)}, {"params": head, "lr": 0.5, "weight_decay": 0.0}]
    optimizer = MAKE["adamw"](groups)
    squares = [gradient.square() for gradient in trained(problem, optimizer)]
    first = (averages(0.6, squares)[-1] / (1 - 0.6**3)).sqrt() + 0.1
    second = (averages(0.95, squares)[-1] / (1 - 0.95**3)).sqrt() + 1e-3
    size = sum(parameter.numel() for parameter in problem.model[0].parameters())
    expected = largest(problem, torch.cat([first[:size], second[size:]]))
    torch.testing.assert_close(read(problem, optimizer), expected, rtol=1e-8, atol=0)


def test_a_group_that_came_later_has_its_own_count_of_steps():
    problem = PROBLEMS["tanh perceptron"]()
    optimizer = MAKE["adam"](problem.model[0].parameters())
    size = sum(parameter.numel() for parameter in problem.model[0].parameters())
    seen = trained(problem, optimizer)
    optimizer.add_param_group({"params": list(problem.model[2].parameters())})
    with pytest.raises(BadInput, match=r"no step yet with 2\.weight"):
        read(problem, optimizer)
    seen += trained(problem, optimizer, 1)
    expected = torch.cat([divisor("adam", seen)[:size], divisor("adam", seen[-1:])[size:]])
    torch.testing.assert_close(read(problem, optimizer), largest(problem, expected), rtol=1e-8, atol=0)


def test_parameters_that_are_not_trained_are_refused():
    problem = PROBLEMS["tanh perceptron"]()
    optimizer = MAKE["adam"](problem.model[2].parameters())
    seen = trained(problem, optimizer)
    with pytest.raises(BadInput, match=r"does not train 0\.weight, 0\.bias\. Set `requires_grad_\(False\)`"):
        read(problem, optimizer)
    size = sum(parameter.numel() for parameter in problem.model[0].parameters())
    problem.model[0].requires_grad_(False)
    expected = largest(problem, divisor("adam", seen)[size:])
    torch.testing.assert_close(read(problem, optimizer), expected, rtol=1e-8, atol=0)


def test_what_the_loss_does_not_use_bears_no_curvature():
    problem = PROBLEMS["unused"]()
    optimizer = MAKE["adam"](problem.model.parameters())
    problem.total().backward()
    optimizer.step()
    used = [parameter.grad.flatten() for parameter in problem.model.parameters() if parameter.grad is not None]
    divided = torch.full((sum(parameter.numel() for parameter in problem.model.parameters()),), torch.inf).double()
    divided[: sum(map(len, used))] = divisor("adam", [torch.cat(used)])
    torch.testing.assert_close(read(problem, optimizer), largest(problem, divided), rtol=1e-8, atol=0)


def test_what_has_no_preconditioner_is_refused():
    problem, fresh, _ = stepped("adam", steps=0)

    class Own(torch.optim.Adam):
        pass

    objective = ps.Objective(problem.model, problem.loss, problem.data)
    for made in (torch.optim.SGD, Own):
        with pytest.raises(BadInput, match=rf"preconditioner of {made.__name__} is not known: it has none.*Pass"):
            ps.preconditioned(objective, made(problem.model.parameters(), lr=0.1))
    with pytest.raises(BadInput, match="preconditioner of Adam is not known: it has made no step yet"):
        ps.preconditioned(objective, fresh)
