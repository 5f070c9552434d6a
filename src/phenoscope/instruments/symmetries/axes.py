"""The axes of tensors as sums and products of units that move together: what a trace of a network finds out.

An axis of 12 entries may be one set of 12 units; or a concatenation of two sets of 6; or a product, 3 heads with 4
units each, in the order of a reshape. What an operation does with two axes makes one set of two, or cuts one up.
"""

from collections.abc import Iterator

FEW = 64
"""Repetitions of a concatenation along an axis that stays in place, beyond which it is not told apart."""


class Unit:
    """A set of `size` units that move together; what is found out about it changes it, so it is private to a trace.

    Attributes:
        size: how many.
        fixed: whether they must stay in place.
        wild: whether every order is the same anyway, as along a broadcast axis; until it meets another set.
        inside: the set that this one lies inside of, with an order of its own for each of its members, as units lie
            inside heads; `None` where one order holds for all.
        used: whether an operation met it.
        parts: the two factors of a product, outer and inner, or the sets of a concatenation, once it is cut.
        product: whether parts are factors.
        instances: where it lies inside a set that stays in place, the sets by member, once they are told apart.
    """

    def __init__(
        self, size: int, *, fixed: bool = False, wild: bool = False, inside: "Unit | None" = None, used: bool = False
    ) -> None:
        self.size, self.fixed, self.wild, self.inside, self.used = size, fixed, wild, inside, used
        self.parts: tuple[Unit, ...] = ()
        self.product = False
        self.instances: tuple[Unit, ...] = ()
        self._same: Unit | None = None

    @property
    def root(self) -> "Unit":
        """The set that this one turned out to be."""
        unit = self
        while unit._same is not None:
            unit = unit._same
        return unit

    @property
    def outer(self) -> "Unit | None":
        """The set that it lies inside of, as known by now; of a product, the innermost."""
        unit = None if self.root.inside is None else self.root.inside.root
        while unit is not None and unit.product:
            unit = unit.parts[1].root
        return unit

    @property
    def outers(self) -> "list[Unit]":
        """All that it lies inside of, the nearest first."""
        found: list[Unit] = []
        unit = self.outer
        while unit is not None and unit not in found:
            found.append(unit)
            unit = unit.outer
        return found

    def become(self, other: "Unit") -> None:
        """From now on the same set as another one of its size."""
        mine, its = self.root, other.root
        if mine is its:
            return
        inside = _common(mine, its)
        lost = (mine.instances, its.instances) if inside is None else ()
        for one, two in zip(mine.instances, its.instances, strict=False):
            one.become(two)
        its.instances = its.instances or mine.instances
        its.fixed, its.used = mine.fixed or its.fixed, mine.used or its.used
        its.wild = mine.wild and its.wild
        its.inside = inside
        mine._same = its
        for instances in lost:
            for each in instances:
                each.become(its)
        if lost:
            its.root.instances = ()

    def share(self) -> None:
        """One order for all members of what it lies inside of."""
        mine = self.root
        mine.inside, instances, mine.instances = None, mine.instances, ()
        for each in instances:
            each.become(mine)

    def climb(self) -> None:
        """One order for all members of the set that it lies inside of, with those inside of the one around that."""
        if self.root.instances or len(self.outers) < 2:
            self.share()
        else:
            self.root.inside = self.outers[1]

    def fix(self) -> None:
        """Its units stay in place; those inside of it may still move."""
        mine = self.root
        if mine.parts:
            for part in mine.parts:
                part.fix()
        mine.fixed = True

    def split(self, count: int) -> None:
        """Into a product: `count` members with the rest inside of each."""
        mine = self.root
        kind = {"fixed": mine.fixed, "wild": mine.wild, "used": mine.used}
        if mine.instances:
            mine.share()
            mine = self.root
        outer = Unit(count, inside=mine.inside, **kind)
        mine.parts, mine.product = (outer, Unit(mine.size // count, inside=outer, **kind)), True

    def cut(self, at: int) -> None:
        """Into a concatenation of `at` units and the rest."""
        mine = self.root
        kind = {"fixed": mine.fixed, "wild": mine.wild}
        mine.parts = tuple(Unit(size, inside=mine.inside, **kind) for size in (at, mine.size - at))

    def instance(self, place: int) -> "Unit":
        """The set inside one member of an outer set that stays in place."""
        mine = self.root
        if not mine.instances:
            assert mine.inside is not None
            count = mine.inside.root.size
            mine.instances = tuple(Unit(mine.size, fixed=mine.fixed, wild=mine.wild) for _ in range(count))
        return mine.instances[place]


def _common(one: Unit, two: Unit) -> Unit | None:
    """What two sets that become one lie inside of: the nearest that is the same for both, or nothing."""
    if one.wild != two.wild:  # one that is written
        return two.inside if one.wild else one.inside
    around = two.outers
    return next((unit for unit in one.outers if unit in around and unit not in (one, two)), None)


Segment = tuple[Unit, ...]
"""A product of sets, outermost first; () is a single entry."""
Axis = tuple[Segment, ...]
"""A concatenation of products."""


def fixed(size: int) -> Axis:
    """An axis whose entries stay in place."""
    return ((Unit(size, fixed=True, used=True),),)


def wild(size: int) -> Axis:
    """An axis along which all entries are the same."""
    return ((Unit(size, wild=True, used=True),),)


def free(size: int) -> Axis:
    """An axis of which nothing is known yet."""
    return ((Unit(size),),)


def length(segment: Segment) -> int:
    """Entries of a product."""
    size = 1
    for unit in segment:
        size *= unit.size
    return size


def resolved(axis: Axis) -> Axis:
    """The axis in sets that are not cut any further, as known by now; sets of one entry are left out."""
    return tuple(part for segment in axis for part in _expanded(segment))


def leaves(axis: Axis) -> Iterator[Unit]:
    """The sets of an axis, as known by now."""
    for segment in resolved(axis):
        for unit in segment:
            yield unit.root


def _expanded(segment: Segment) -> list[Segment]:
    found: list[Segment] = [()]
    units = [unit.root for unit in segment]
    for place, unit in enumerate(units):
        outer = unit.outer
        if outer is not None and unit.instances and place and units[place - 1] is outer:
            continue  # its instances stand in its outer set's place
        inner = units[place + 1] if place + 1 < len(units) else None
        if inner is not None and inner.instances and inner.outer is unit:
            pieces = [part for each in inner.instances for part in _expanded((each,))]
        elif unit.parts and unit.product:
            pieces = _expanded(unit.parts)
        elif unit.parts:
            pieces = [part for each in unit.parts for part in _expanded((each,))]
        else:
            pieces = [(unit,)] if unit.size > 1 else [()]
        found = appended(found, pieces)
    return found


def appended(before: list[Segment], pieces: list[Segment]) -> list[Segment]:
    """Each entry of what came before, with all of the pieces inside of it."""
    if len(pieces) == 1:
        return [segment + pieces[0] for segment in before]
    if before == [()]:
        return pieces
    count = sum(map(length, before))
    if count <= FEW and all(unit.root.fixed for segment in before for unit in segment):
        return pieces * count
    size = sum(map(length, pieces))
    for piece in pieces:
        fix((piece,))
    return [(*segment, Unit(size, fixed=True, used=True)) for segment in before]


def fix(axis: Axis) -> None:
    """All entries of an axis stay in place."""
    for segment in axis:
        for unit in segment:
            unit.root.fix()
            for each in unit.root.instances:
                each.fix()


def unify(one: Axis, two: Axis, *, written: bool = False) -> Axis:
    """Two axes of one size move together, entry by entry: the axis of what is made of both.

    A set along which all entries are the same joins no other one, since its order does not matter to what it meets;
    unless it is `written`, and so has from now on the entries of the other.
    """
    first, second, made = list(resolved(one)), list(resolved(two)), []
    while first and second:
        a, b = length(first[0]), length(second[0])
        if a == b:
            made.append(_unified(first.pop(0), second.pop(0), written=written))
            first, second = list(resolved(tuple(first))), list(resolved(tuple(second)))
        elif a > b:
            first[:1] = cut(first[0], b)
        else:
            second[:1] = cut(second[0], a)
    return tuple(made)


def _unified(one: Segment, two: Segment, *, written: bool) -> Segment:
    first, second = [unit.root for unit in one], [unit.root for unit in two]
    made: list[Unit] = []
    while first and second:
        a, b = first[0].root, second[0].root
        if a.size == b.size:
            if a.wild == b.wild or written:
                a.become(b)
            made.append(a if b.wild else b)
            del first[0], second[0]
        elif max(a.size, b.size) % min(a.size, b.size):
            fix((tuple(first), tuple(second)))
            return (*made, Unit(length(tuple(first)), fixed=True, used=True))
        else:
            longer, count = (first, b.size) if a.size > b.size else (second, a.size)
            longer[0].root.split(count)
            longer[:1] = [part.root for part in longer[0].root.parts]
    return tuple(made)


def cut(segment: Segment, at: int) -> list[Segment]:
    """The segment in two or more, one of which ends at an entry; what cannot be cut there stays in place."""
    units = [unit.root for unit in segment]
    if len(units) == 1:
        units[0].cut(at)
        return [(part,) for part in units[0].parts]
    outer, inner = units[0], units[1]
    if len(units) == 2 and inner.outer is outer and at % inner.size == 0 and not inner.fixed:
        outer.fix()
        for place in range(outer.size):
            inner.instance(place)
        return _expanded(segment)
    size = length(segment)
    fix((segment,))
    return [(Unit(part, fixed=True, used=True),) for part in (at, size - at)]
