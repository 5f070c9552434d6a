"""One network of a training on the bench of instruments: whole or in part, as the loss or as the rule meets it."""

from phenoscope.core.errors import BadInput
from phenoscope.instruments import Bench
from phenoscope.objective import Operator
from phenoscope.probes.probe import Moment
from phenoscope.training import Linearised


def bench(
    moment: Moment, row: int, parameters: tuple[str, ...], *, hessian: bool = False, divided: bool = False
) -> Bench | None:
    """The network of a row; `None` where there is none, or none with parameters by name.

    Args:
        moment: of the training.
        row: which network.
        parameters: patterns of names of those that may move; all of them without one.
        hessian: whether the Hessian will be asked for; its graph is then shared with whoever else looks.
        divided: whether it will be asked what the rule divides its steps by.
    """
    objective, divisor = moment.objective(row), moment.preconditioner if divided else None
    if objective is None or (parameters and isinstance(objective.model, Linearised)):
        return None
    divisor = None if divisor is None else divisor[row]
    if parameters:
        divisor = None if divisor is None else divisor[objective.chosen(*parameters).to(divisor.device)]
        return Bench(objective.restricted(*parameters), preconditioner=divisor)
    shared = moment.around.hessian() if hessian and len(moment.alive) == 1 else None
    return Bench(objective, shared if isinstance(shared, Operator) else None, preconditioner=divisor)


def check_patterns(parameters: object) -> None:
    """Refuse a single pattern in place of a tuple of them."""
    if isinstance(parameters, str):
        raise BadInput(
            f"`parameters` of a probe is a tuple of patterns of names, such as ('layers.0.*',); got {parameters!r}."
        )


def of_parameters(name: str, parameters: tuple[str, ...]) -> str:
    """The series of what is measured of some parameters alone."""
    return f"{name} of {', '.join(parameters)}" if parameters else name
