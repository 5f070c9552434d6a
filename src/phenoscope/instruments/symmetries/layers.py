"""What layers with weights say about the axes of their tensors, and which rule an operation has."""

from collections.abc import Callable

from phenoscope.instruments.symmetries import rules, shapes
from phenoscope.instruments.symmetries.axes import Axis, fix, fixed, leaves, length, resolved, unify
from phenoscope.instruments.symmetries.reshaping import reshaped
from phenoscope.instruments.symmetries.rules import Call, Label, Rule


def multiplied(call: Call) -> list[Label]:
    """Matrix products, with a vector added or not: what is summed over moves together, and so do batches."""
    one, two = (call.of(name) for name in MATRICES[call.name.removesuffix("_")])
    if call.name == "linear":
        two = two[::-1]
    made = list[Axis](one[:-1])
    if len(two) > 2:  # outer sets before those that lie inside of them
        made[:-1] = [unify(first, second) for first, second in zip(one[:-2], two[:-2], strict=True)]
    unify(one[-1], two[max(len(two) - 2, 0)])
    made += [two[-1]] if len(two) > 1 else []
    added = call.given.get("bias") if call.name == "linear" else call.given.get("self") if _adds(call.name) else None
    if added is not None:
        sizes = call.outputs[0].shape
        for place, axis in enumerate(reversed(call.label(added)), start=1):
            if added.shape[-place] == sizes[-place]:
                made[-place] = unify(made[-place], axis)
    return [tuple(made)]


MATRICES = {
    "mm": ("self", "mat2"), "bmm": ("self", "mat2"), "mv": ("self", "vec"), "dot": ("self", "tensor"),
    "vdot": ("self", "other"),
    "addmm": ("mat1", "mat2"), "baddbmm": ("batch1", "batch2"), "addmv": ("mat", "vec"), "linear": ("input", "weight"),
}  # fmt: skip


def _adds(name: str) -> bool:
    return name.removesuffix("_") in ("addmm", "baddbmm", "addmv")


def convolved(call: Call) -> list[Label]:
    """A convolution; one in groups reads each group's channels by filters of its own."""
    inputs, weight, groups = call.of("input"), call.of("weight"), call.given["groups"]
    for axis in (*inputs[2:], *weight[2:]):
        fix(axis)
    into, out = (1, 0) if not call.given["transposed"] else (0, 1)
    if groups == 1:
        unify(inputs[1], weight[into])
        made: Axis | None = weight[out]
    else:
        made = _grouped(inputs[1], weight, groups, transposed=call.given["transposed"])
        if made is None:
            return rules.rigid(call)
    if call.given.get("bias") is not None:
        made = unify(made, call.of("bias")[0])
    return [(inputs[0], made, *(fixed(size) for size in call.outputs[0].shape[2:]))]


def _grouped(channels: Axis, weight: Label, groups: int, *, transposed: bool) -> Axis | None:
    """The channels that come out: groups, and inside of each its own."""
    whole, part = weight[0], weight[1]  # all filters of all groups; the channels of one group
    first, second = _in_groups(channels, groups), _in_groups(whole, groups)
    if first is None or second is None:
        return None
    unify(first[0], second[0])
    for unit in leaves(part):  # each group's filters have an order of their own
        if not unit.used and unit.inside is None:
            unit.inside = next(leaves(first[0]), None)
    if not transposed:
        unify(first[1], part)
        return whole
    unify(first[1], second[1])
    return ((*resolved(first[0])[0], *resolved(part)[0]),)


def _in_groups(axis: Axis, groups: int) -> list[Axis] | None:
    size = sum(map(length, axis))
    return reshaped([axis], [groups, size // groups])


def channelwise(call: Call) -> list[Label]:
    """Normalisation of each channel by itself, with numbers of its own."""
    channels = call.first[1]
    for name in ("weight", "bias", "running_mean", "running_var"):
        if call.given.get(name) is not None:
            channels = unify(channels, call.of(name)[0])
    return _with_statistics(call, (call.first[0], channels, *call.first[2:]))


def layerwise(call: Call) -> list[Label]:
    """Normalisation over the last axes together, with numbers for each of their entries."""
    axes = list(call.first)
    for name in ("weight", "bias"):
        if call.given.get(name) is not None:
            for place, axis in enumerate(reversed(call.of(name)), start=1):
                axes[-place] = unify(axes[-place], axis)
    return _with_statistics(call, tuple(axes))


def groupwise(call: Call) -> list[Label]:
    """Normalisation of groups of channels: whole groups move, and channels inside of them."""
    channels, groups = call.first[1], call.given["group"]
    if 1 < groups < call.given["C"] and _in_groups(channels, groups) is None:
        return rules.rigid(call)
    for name in ("weight", "bias"):
        if call.given.get(name) is not None:
            channels = unify(channels, call.of(name)[0])
    return _with_statistics(call, (call.first[0], channels, *call.first[2:]))


def _with_statistics(call: Call, made: Label) -> list[Label]:
    """The first output has these axes; means and deviations are for no one else to read."""
    return [made, *(tuple(fixed(size) for size in output.shape) for output in call.outputs[1:])]


def weight_normalised(call: Call) -> list[Label]:
    """A direction times a length for each entry of one axis."""
    place = call.axis()
    unify(call.of("v")[place], call.of("g")[place])
    return [call.of("v"), call.of("g")][: len(call.outputs)]


def attended(call: Call) -> list[Label]:
    """Attention in one operation: heads and batches move together, queries with keys, and values with what comes."""
    query, key, value = (call.of(name) for name in ("query", "key", "value"))
    rows = list(query[:-1])
    for other in (key, value):
        rows[:-1] = [unify(first, second) for first, second in zip(rows[:-1], other[:-2], strict=True)]
    unify(query[-1], key[-1])
    unify(key[-2], value[-2])
    made = (*rows, value[-1])
    return [made, *(tuple(fixed(size) for size in output.shape) for output in call.outputs[1:])]


_TABLE: dict[Rule, str] = {
    rules.same: (
        "clone detach alias contiguous _to_copy native_dropout lift_fresh _softmax _log_softmax _safe_softmax softmax "
        "log_softmax copysign dropout feature_dropout"
    ),
    rules.elementwise: "copy where masked_fill _prelu_kernel lerp addcmul addcdiv prelu celu rrelu_with_noise",
    rules.constant: (
        "zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor empty "
        "empty_like new_empty"
    ),
    shapes.transposed: "t transpose permute",
    shapes.unsqueezed: "unsqueeze",
    shapes.squeezed: "squeeze",
    shapes.viewed: "view _unsafe_view reshape _reshape_alias",
    shapes.expanded: "expand",
    shapes.repeated: "repeat",
    shapes.selected: "select",
    shapes.unbound: "unbind",
    shapes.sliced: "slice",
    shapes.divided: "split split_with_sizes unsafe_split unsafe_split_with_sizes unsafe_chunk chunk",
    shapes.concatenated: "cat",
    shapes.stacked: "stack",
    rules.reduced: (
        "sum mean var std amax amin max min var_mean std_mean logsumexp linalg_vector_norm norm prod any all argmax "
        "argmin"
    ),
    shapes.padded: "constant_pad_nd",
    rules.along: "flip roll cumsum cumprod sort",
    rules.looked_up: "embedding",
    rules.picked: "index index_select",
    shapes.halved: "glu",
    multiplied: "mm bmm mv dot vdot addmm baddbmm addmv linear",
    convolved: "convolution",
    channelwise: (
        "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm "
        "_batch_norm_with_update _batch_norm_no_update"
    ),
    layerwise: "native_layer_norm _fused_rms_norm",
    groupwise: "native_group_norm",
    weight_normalised: "_weight_norm_interface",
    attended: (
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_attention_math "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_flash_attention"
    ),
}  # fmt: skip
RULES: dict[str, Rule] = {name: rule for rule, names in _TABLE.items() for name in names.split()}
"""The rule of each operation by its name in `torch.ops.aten`, without the underscore of operations in place."""


def rule_of(name: str, *, pointwise: bool) -> Callable[[Call], list[Label]] | None:
    """The rule of an operation; `None` where there is none."""
    base = name if name in RULES else name.removesuffix("_")
    if base in RULES:
        return lambda call: list(RULES[base](call))
    if "pool" in base or "upsample" in base:
        return rules.windowed
    return rules.elementwise if pointwise else None
