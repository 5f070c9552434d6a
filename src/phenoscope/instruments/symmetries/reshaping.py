"""Parts of axes, and axes read as others."""

from collections.abc import Iterable

from phenoscope.instruments.symmetries.axes import Axis, Segment, Unit, appended, cut, fix, fixed, length, resolved


def between(axis: Axis, start: int, stop: int) -> Axis:
    """The entries of an axis from `start` to before `stop`."""
    parts, done, found = list(resolved(axis)), 0, []
    while parts and done < stop:
        size = length(parts[0])
        if done + size <= start:
            done += size
            del parts[0]
        elif done < start:
            parts[:1] = cut(parts[0], start - done)
        elif done + size > stop:
            parts[:1] = cut(parts[0], stop - done)
        else:
            found.append(parts.pop(0))
            done += size
    return tuple(found)


def reshaped(axes: Iterable[Axis], sizes: list[int]) -> list[Axis] | None:
    """Axes that are read as others of the same product of sizes; `None` where their sets do not fit, and are fixed."""
    given = [_simplified(resolved(axis)) for axis in axes]
    if len(sizes) == 1:
        merged: list[Segment] = [()]
        for axis in given:
            merged = appended(merged, list(axis) or [()])
        return [tuple(merged)]
    if any(len(axis) > 1 for axis in given):  # a concatenation is read in equal parts, or not at all
        given = [_joined(axis, sizes[0]) for axis in given]
        if any(len(axis) > 1 for axis in given):
            return _all_fixed(given)
    units, found = [unit.root for axis in given for segment in axis for unit in segment], []
    for size in sizes:
        made: list[Unit] = []
        rest = size
        while rest > 1:
            unit = units[0].root
            if rest % unit.size == 0:
                made.append(unit)
                rest //= unit.size
                del units[0]
            elif unit.size % rest == 0:
                unit.split(rest)
                units[:1] = [part.root for part in unit.parts]
            else:
                return _all_fixed(given)
        found.append((tuple(made),))
    return found


def _simplified(axis: Axis) -> Axis:
    """A concatenation all of whose entries stay in place is one set."""
    rigid = len(axis) > 1 and all(unit.root.fixed for segment in axis for unit in segment)
    return fixed(sum(map(length, axis))) if rigid else axis


def _joined(axis: Axis, count: int) -> Axis:
    """A concatenation of `count` equal sets as a product of a fixed set with sets of its own inside."""
    if len(axis) != count or any(len(part) != 1 or part[0].root.size != axis[0][0].root.size for part in axis):
        return axis
    outer = Unit(count, fixed=True, used=True)
    inner = Unit(axis[0][0].root.size, inside=outer, used=True)
    inner.instances = tuple(part[0].root for part in axis)
    return ((outer, inner),)


def _all_fixed(axes: list[Axis]) -> None:
    for axis in axes:
        fix(axis)
