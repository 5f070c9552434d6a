"""What operations that change the shapes of tensors say about their axes."""

import functools
from collections.abc import Sequence

from phenoscope.instruments.symmetries.axes import Axis, Unit, fix, fixed, length, resolved, unify, wild
from phenoscope.instruments.symmetries.reshaping import between, reshaped
from phenoscope.instruments.symmetries.rules import Call, Label, replaced, rigid, same


def transposed(call: Call) -> list[Label]:
    axes = list(call.first)
    if call.name == "t":
        return [tuple(axes[::-1])]
    if call.name == "permute":
        return [tuple(axes[place] for place in call.given["dims"])]
    one, other = call.axis("dim0"), call.axis("dim1")
    axes[one], axes[other] = axes[other], axes[one]
    return [tuple(axes)]


def unsqueezed(call: Call) -> list[Label]:
    axes = list(call.first)
    axes.insert(call.axis(ndim=len(axes) + 1), wild(1))
    return [tuple(axes)]


def squeezed(call: Call) -> list[Label]:
    asked = call.given.get("dim", range(len(call.first)))
    places = {place % len(call.first) for place in ([asked] if isinstance(asked, int) else asked)}
    sizes = call.given["self"].shape
    return [tuple(a for place, a in enumerate(call.first) if place not in places or sizes[place] != 1)]


def viewed(call: Call) -> list[Label]:
    """Axes read as others: runs of them that have the same number of entries before and after."""
    axes, old, new = call.first, list(call.given["self"].shape), list(call.outputs[0].shape)
    if 0 in old:
        return rigid(call)
    made: list[Axis] = []
    before = after = 0
    while before < len(old) or after < len(new):
        ends = [before + 1, after + 1]
        sizes = [old[before] if before < len(old) else 1, new[after] if after < len(new) else 1]
        while sizes[0] != sizes[1]:
            side = int(sizes[1] < sizes[0])
            sizes[side] *= (old, new)[side][ends[side]]
            ends[side] += 1
        run = new[after : ends[1]]
        found = reshaped(axes[before : ends[0]], run) if run else []
        made += found if found is not None else [fixed(size) for size in run]
        before, after = min(ends[0], len(old)), min(ends[1], len(new))
    return [tuple(made)]


def expanded(call: Call) -> list[Label]:
    shape, axes, sizes = call.outputs[0].shape, call.first, call.given["self"].shape
    lead = len(shape) - len(axes)
    kept = [axes[p - lead] if p >= lead and sizes[p - lead] == size else wild(size) for p, size in enumerate(shape)]
    return [tuple(kept)]


def repeated(call: Call) -> list[Label]:
    times, axes = call.given["repeats"], call.first
    lead = len(times) - len(axes)
    made = [wild(count) for count in times[:lead]]
    for count, axis in zip(times[lead:], axes, strict=True):
        (merged,) = reshaped([wild(count), axis], [count * sum(map(length, axis))]) or [axis]
        made.append(merged)
    return [tuple(made)]


def selected(call: Call) -> list[Label]:
    """One entry of an axis, whose entries so stay in place; sets inside of it are told apart."""
    return [_entry(call.first, call.axis(), call.given["index"])]


def unbound(call: Call) -> list[Label]:
    return [_entry(call.first, call.axis(), place) for place in range(len(call.outputs))]


def _entry(label: Label, place: int, index: int) -> Label:
    axis = resolved(label[place])
    fix(axis)
    rest = label[:place] + label[place + 1 :]
    if len(axis) != 1 or len(axis[0]) != 1:
        return rest
    outer = axis[0][0].root
    return tuple(
        tuple(tuple(_member(unit.root, outer, index) for unit in segment) for segment in resolved(axis))
        for axis in rest
    )


def _member(unit: Unit, outer: Unit, index: int) -> Unit:
    return unit.instance(index % outer.size) if unit.outer is outer else unit


def sliced(call: Call) -> list[Label]:
    place = call.axis()
    size, kept = call.given["self"].shape[place], call.outputs[0].shape[place]
    if size == kept:
        return same(call)
    if call.given.get("step", 1) != 1:
        fix(call.first[place])
        return [replaced(call.first, place, fixed(kept))]
    start = min(max((call.given.get("start") or 0) + (size if (call.given.get("start") or 0) < 0 else 0), 0), size)
    return [replaced(call.first, place, between(call.first[place], start, start + kept))]


def divided(call: Call) -> list[Label]:
    """Pieces of an axis one after the other."""
    place, done, made = call.axis(), 0, []
    for output in call.outputs:
        size = output.shape[place]
        made.append(replaced(call.first, place, between(call.first[place], done, done + size)))
        done += size
    return made


def concatenated(call: Call) -> list[Label]:
    labels = [call.label(value) for value in call.given["tensors"] if value.ndim == call.outputs[0].ndim]
    place = call.axis(ndim=call.outputs[0].ndim)
    made = _unified_but(labels, place)
    return [replaced(made, place, tuple(part for label in labels for part in label[place]))]


def stacked(call: Call) -> list[Label]:
    labels = [call.label(value) for value in call.given["tensors"]]
    outer = Unit(len(labels), fixed=True, used=True)
    axes = [_beside(column, outer) for column in zip(*labels, strict=True)]
    axes.insert(call.axis(ndim=len(axes) + 1), ((outer,),))
    return [tuple(axes)]


def _beside(axes: Sequence[Axis], outer: Unit) -> Axis:
    """One axis of each of several tensors side by side: sets of their own inside of one that stays in place."""
    found = [resolved(axis) for axis in axes]
    single = all(len(axis) == 1 and len(axis[0]) == 1 for axis in found)
    roots = [axis[0][0].root for axis in found] if single else []
    if not roots or all(root is roots[0] for root in roots):
        return functools.reduce(unify, axes)
    inner = Unit(roots[0].size, inside=outer, used=True)
    inner.instances = tuple(roots)
    return ((inner,),)


def _unified_but(labels: list[Label], place: int | None) -> Label:
    """The axes of several tensors as those of one, but for an axis at which they may differ."""
    columns = enumerate(zip(*labels, strict=True))
    return tuple(axes[0] if at == place else functools.reduce(unify, axes) for at, axes in columns)


def padded(call: Call) -> list[Label]:
    axes, pads = list(call.first), call.given["pad"]
    for step in range(len(pads) // 2):
        before, after = pads[2 * step : 2 * step + 2]
        if (before, after) == (0, 0):
            continue
        place = len(axes) - 1 - step
        if min(before, after) < 0:
            fix(axes[place])
            axes[place] = fixed(call.outputs[0].shape[place])
        else:
            axes[place] = (wild(before) if before else ()) + axes[place] + (wild(after) if after else ())
    return [tuple(axes)]


def halved(call: Call) -> list[Label]:
    """A gated unit: two halves of an axis, entry by entry."""
    place = call.axis()
    size = call.outputs[0].shape[place]
    first, second = (between(call.first[place], start, start + size) for start in (0, size))
    return [replaced(call.first, place, unify(first, second))]
