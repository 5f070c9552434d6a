"""All phenomena: one a file, found by name; and those that other distributions offer by an entry point."""

import dataclasses
import inspect
from collections.abc import Callable
from importlib import metadata
from typing import Any

from phenoscope.atlas.adaptive_edge import adaptive_edge
from phenoscope.atlas.averaging import averaging
from phenoscope.atlas.batch_size import batch_size
from phenoscope.atlas.benign_overfitting import benign_overfitting
from phenoscope.atlas.catapult import catapult
from phenoscope.atlas.central_flow import central_flow
from phenoscope.atlas.changing_rates import changing_rates
from phenoscope.atlas.connected_volumes import connected_volumes
from phenoscope.atlas.convolution_spectra import convolution_spectra
from phenoscope.atlas.diagonal_networks import diagonal_networks
from phenoscope.atlas.double_descent import double_descent
from phenoscope.atlas.drift_along_minima import drift_along_minima
from phenoscope.atlas.dynamic_sparse import dynamic_sparse
from phenoscope.atlas.early_bird import early_bird
from phenoscope.atlas.early_stopping_path import early_stopping_path
from phenoscope.atlas.edge_of_stability import edge_of_stability
from phenoscope.atlas.effective_parameters import effective_parameters
from phenoscope.atlas.epoch_descent import epoch_descent
from phenoscope.atlas.feature_ansatz import feature_ansatz
from phenoscope.atlas.finite_or_infinite import finite_or_infinite
from phenoscope.atlas.flatness_at_scale import flatness_at_scale
from phenoscope.atlas.freezing import Control, controlled, frozen
from phenoscope.atlas.gains_at_scale import gains_at_scale
from phenoscope.atlas.geometry_decides import geometry_decides
from phenoscope.atlas.gradient_free_search import gradient_free_search
from phenoscope.atlas.gradient_starvation import gradient_starvation
from phenoscope.atlas.hessian_outliers import hessian_outliers
from phenoscope.atlas.incremental_rank import incremental_rank
from phenoscope.atlas.kernel_and_network_part import kernel_and_network_part
from phenoscope.atlas.kernel_at_start import kernel_at_start
from phenoscope.atlas.kernel_learning_curves import kernel_learning_curves
from phenoscope.atlas.kkt_points import kkt_points
from phenoscope.atlas.layer_collapse import layer_collapse
from phenoscope.atlas.lazy_convolution import lazy_convolution
from phenoscope.atlas.lazy_rich_dial import lazy_rich_dial
from phenoscope.atlas.learning_exponents import learning_exponents
from phenoscope.atlas.linear_double_descent import linear_double_descent
from phenoscope.atlas.lottery_tickets import lottery_tickets
from phenoscope.atlas.max_margin_direction import max_margin_direction
from phenoscope.atlas.minimal_models import minimal_models
from phenoscope.atlas.minimum_code import minimum_code
from phenoscope.atlas.mode_connectivity import mode_connectivity
from phenoscope.atlas.mode_rates import mode_rates
from phenoscope.atlas.network_as_process import network_as_process
from phenoscope.atlas.noise_or_rate import noise_or_rate
from phenoscope.atlas.not_a_regulariser import not_a_regulariser
from phenoscope.atlas.opposing_signals import opposing_signals
from phenoscope.atlas.optimisation_limited_peak import optimisation_limited_peak
from phenoscope.atlas.optimizer_interpolants import optimizer_interpolants
from phenoscope.atlas.oscillation_averaging import oscillation_averaging
from phenoscope.atlas.outside import GROUP, Maker, Offer, offers
from phenoscope.atlas.path_extent import path_extent
from phenoscope.atlas.permutation_barrier import permutation_barrier
from phenoscope.atlas.permutations_do_not_suffice import permutations_do_not_suffice
from phenoscope.atlas.poisoned_minima import poisoned_minima
from phenoscope.atlas.progressive_sharpening import progressive_sharpening
from phenoscope.atlas.pruning_at_initialisation import pruning_at_initialisation
from phenoscope.atlas.pruning_benchmark import pruning_benchmark
from phenoscope.atlas.random_feature_descent import random_feature_descent
from phenoscope.atlas.random_labels import random_labels
from phenoscope.atlas.rate_transfer import rate_transfer
from phenoscope.atlas.recursive_features import recursive_features
from phenoscope.atlas.retraining import retraining
from phenoscope.atlas.rewinding import rewinding
from phenoscope.atlas.sam_edge import sam_edge
from phenoscope.atlas.sam_training import sam_training
from phenoscope.atlas.sample_descent import sample_descent
from phenoscope.atlas.self_stabilisation import self_stabilisation
from phenoscope.atlas.sgd_diffusion import sgd_diffusion
from phenoscope.atlas.sgd_stability import sgd_stability
from phenoscope.atlas.sharpness_generalisation import sharpness_generalisation
from phenoscope.atlas.simplicity_bias import simplicity_bias
from phenoscope.atlas.sparse_double_descent import sparse_double_descent
from phenoscope.atlas.sparse_features import sparse_features
from phenoscope.atlas.spawning import spawning
from phenoscope.atlas.spectral_bias import spectral_bias
from phenoscope.atlas.stochastic_edge import stochastic_edge
from phenoscope.atlas.strong_tickets import strong_tickets
from phenoscope.atlas.supermasks import supermasks
from phenoscope.atlas.ticket_controls import ticket_controls
from phenoscope.atlas.ticket_onset import ticket_onset
from phenoscope.atlas.ticket_or_scratch import ticket_or_scratch
from phenoscope.atlas.ticket_transfer import ticket_transfer
from phenoscope.atlas.tiny_subspace import tiny_subspace
from phenoscope.atlas.trainability_boundary import trainability_boundary
from phenoscope.atlas.triple_descent import triple_descent
from phenoscope.atlas.variance_sources import variance_sources
from phenoscope.atlas.whose_doing import whose_doing
from phenoscope.atlas.wide_networks import wide_networks
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import SCALES, Phenomenon

_OWN: tuple[Callable[..., Phenomenon], ...] = (
    adaptive_edge,
    averaging,
    batch_size,
    benign_overfitting,
    catapult,
    central_flow,
    changing_rates,
    connected_volumes,
    convolution_spectra,
    diagonal_networks,
    double_descent,
    drift_along_minima,
    dynamic_sparse,
    early_bird,
    early_stopping_path,
    edge_of_stability,
    effective_parameters,
    epoch_descent,
    feature_ansatz,
    finite_or_infinite,
    flatness_at_scale,
    gains_at_scale,
    geometry_decides,
    gradient_free_search,
    gradient_starvation,
    hessian_outliers,
    incremental_rank,
    kernel_and_network_part,
    kernel_at_start,
    kernel_learning_curves,
    kkt_points,
    layer_collapse,
    lazy_convolution,
    lazy_rich_dial,
    learning_exponents,
    linear_double_descent,
    lottery_tickets,
    max_margin_direction,
    minimal_models,
    minimum_code,
    mode_connectivity,
    mode_rates,
    network_as_process,
    noise_or_rate,
    not_a_regulariser,
    opposing_signals,
    optimisation_limited_peak,
    optimizer_interpolants,
    oscillation_averaging,
    path_extent,
    permutation_barrier,
    permutations_do_not_suffice,
    poisoned_minima,
    progressive_sharpening,
    pruning_at_initialisation,
    pruning_benchmark,
    random_feature_descent,
    random_labels,
    rate_transfer,
    recursive_features,
    retraining,
    rewinding,
    sam_edge,
    sam_training,
    sample_descent,
    self_stabilisation,
    sgd_diffusion,
    sgd_stability,
    sharpness_generalisation,
    simplicity_bias,
    sparse_double_descent,
    sparse_features,
    spawning,
    spectral_bias,
    stochastic_edge,
    strong_tickets,
    supermasks,
    ticket_onset,
    ticket_or_scratch,
    ticket_transfer,
    ticket_controls,
    tiny_subspace,
    trainability_boundary,
    triple_descent,
    variance_sources,
    whose_doing,
    wide_networks,
)
ATLAS: dict[str, Callable[..., Phenomenon]] = {maker.__name__: maker for maker in _OWN}
"""The library's own: functions of a scale and the phenomenon's own options."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A phenomenon as a list shows it.

    Attributes:
        name: to run it by.
        distribution, version: where it comes from.
        phenomenon: at the laptop scale; `None` where it cannot be used.
        options: what it offers, with their defaults.
        problem: the sentence why it cannot be used; empty where it can.
    """

    name: str
    distribution: str
    version: str
    phenomenon: Phenomenon | None
    options: dict[str, Any]
    problem: str = ""


def find(name: str, *, scale: str = "laptop", control: str | None = None, **options: Any) -> Phenomenon:
    """The phenomenon of that name at that scale, with its options checked against what it offers.

    Args:
        name: of this library or another's.
        scale: "smoke", "laptop" or "paper".
        control: "linearised" for the same experiment with frozen features (see `frozen`).
        options: its own.

    Raises:
        BadInput: no such phenomenon, scale, control or option; a control that says nothing of this phenomenon.
        PhenoscopeError: another distribution's phenomenon that cannot be used, and why.
    """
    offer, maker = _maker(name)
    if scale not in SCALES:
        raise BadInput(f"`scale` must be one of {', '.join(SCALES)}, got {scale!r}.")
    offered = _parameters(maker)
    unknown = sorted(set(options) - set(offered))
    if unknown:
        raise BadInput(f"{name} has no option {', '.join(unknown)}. It has: {', '.join(offered) or 'none'}.")
    made = offer.make(maker, scale, options) if offer is not None else _made(name, maker, scale, options)
    return made if control is None else controlled(made, control)


def _made(name: str, maker: Maker, scale: str, options: dict[str, Any]) -> Phenomenon:
    """One of the library's own."""
    try:
        return maker(scale, **options)
    except (TypeError, AttributeError, ValueError) as problem:  # text where a number is asked for
        if not options:
            raise
        raise BadInput(f"{name} does not take the options {options}: {problem}. See `phenoscope list`.") from problem


def options_of(name: str) -> dict[str, Any]:
    """The options a phenomenon offers, with their defaults."""
    return {option: parameter.default for option, parameter in _parameters(_maker(name)[1]).items()}


def option_kinds(name: str) -> dict[str, Any]:
    """The options a phenomenon offers, with the types that its function asks for."""
    maker = _maker(name)[1]
    return {option: _kind(parameter, maker) for option, parameter in _parameters(maker).items()}


def known(name: str) -> bool:
    """Whether a phenomenon can be asked for by that name; nothing is imported for the answer."""
    return name in ATLAS or any(offer.name == name and not offer.problem for offer in offers(ATLAS))


def origin(name: str) -> str | None:
    """The distribution and version of another's phenomenon; `None` for one of the library's own, or an unknown one."""
    return None if name in ATLAS else next((o.origin for o in offers(ATLAS) if o.name == name), None)


def entries() -> list[Entry]:
    """Every phenomenon, the library's own first; one that cannot be used says why, and hinders no other."""
    try:
        version = metadata.version("phenoscope")
    except metadata.PackageNotFoundError:  # the source alone on the path
        version = "unknown"
    own = [Entry(name, "phenoscope", version, find(name), options_of(name)) for name in sorted(ATLAS)]
    return own + [_entry(offer) for offer in offers(ATLAS)]


def _entry(offer: Offer) -> Entry:
    about = (offer.name, offer.distribution, offer.version)
    try:
        maker = offer.maker()
        made = offer.make(maker, "laptop", {})
        options = {option: parameter.default for option, parameter in _parameters(maker).items()}
        with offer.theirs("its options cannot be shown"):
            to_json(options)
    except PhenoscopeError as problem:
        return Entry(*about, None, {}, str(problem))
    return Entry(*about, made, options)


def _maker(name: str) -> tuple[Offer | None, Maker]:
    """Who offers the phenomenon (nobody, if it is the library's own), and the function that makes it."""
    if name in ATLAS:
        return None, ATLAS[name]
    offered = offers(ATLAS)
    for offer in offered:
        if offer.name == name:
            return offer, offer.maker()
    names = sorted({*ATLAS, *(offer.name for offer in offered if not offer.problem)})
    raise BadInput(f"there is no phenomenon {name!r}. Known are: {', '.join(names)}.")


def _parameters(maker: Maker) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(maker).parameters.values()
    return {parameter.name: parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def _kind(parameter: inspect.Parameter, maker: Maker) -> Any:
    """The type of an option; where annotations are text, as `from __future__ import annotations` leaves them, read."""
    kind = parameter.annotation
    if isinstance(kind, str):
        try:
            kind = eval(kind, getattr(inspect.unwrap(maker), "__globals__", {}))  # as `inspect` itself does
        except Exception:  # a name that only type checkers see
            kind = inspect.Parameter.empty
    if kind is inspect.Parameter.empty:
        return str if parameter.default is None else type(parameter.default)
    return kind


__all__ = [
    "ATLAS",
    "GROUP",
    "Control",
    "Entry",
    "controlled",
    "entries",
    "find",
    "frozen",
    "known",
    "option_kinds",
    "options_of",
    "origin",
]
