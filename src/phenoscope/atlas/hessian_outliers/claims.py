"""What is claimed of bulk and outliers, at the end of training; a count is one above the widest gap."""

from phenoscope.claims import AtLeast, Between, Breaks, Claim, Measured, Setting, last_value, log_log_slope

SAGUN = "Sagun, Evci, Güney, Dauphin, Bottou 2017, arXiv:1706.04454"
PAPYAN = "Papyan 2019, arXiv:1901.08244"

OUTLIERS, BULK, GAP, SECOND = (
    Measured("hessian outliers"), Measured("hessian bulk"), Measured("outlier gap"), Measured("second gap"),
)  # fmt: skip
CLASSES = Setting("data.classes")

DIGITS, WIDE, SHUFFLED = "digits", "all digits", "shuffled labels"
UNTRAINED, NARROW, CENTRED = "untrained", "half the width", "no mean"
CLUSTERS, MIXED, RAW = "clusters", "clusters, shuffled labels", "clusters, untrained"
TWO, CROSS_ENTROPY = "two classes", "cross-entropy"

SURPLUS = OUTLIERS - CLASSES


def claims() -> tuple[Claim, ...]:
    """The claims."""
    as_many = Between(-1.0, 0.0)
    return (
        Claim(
            "on digits there are as many outliers as classes, or one fewer", f"{SAGUN}; {PAPYAN}",
            last_value(SURPLUS), as_many,
            on=DIGITS, each="data.classes", control=Breaks(SHUFFLED), name="as-many-as-classes",
        ),
        Claim(
            "the number of outliers is proportional to that of the classes", f"{SAGUN}; {PAPYAN}",
            log_log_slope(last_value(OUTLIERS), CLASSES), Between(0.8, 1.2), region_from="pilot",
            on=DIGITS, over="data.classes", name="follow-the-classes",
        ),
        Claim(
            "at half the width they are as many", SAGUN,
            last_value(SURPLUS), as_many,
            on=NARROW, name="do-not-follow-the-width",
        ),
        Claim(
            "the bulk does follow the width: it has at least 60 curvatures a class, and fewer at half the width", SAGUN,
            last_value(BULK / CLASSES), AtLeast(60.0), region_from="pilot",
            on=WIDE, control=Breaks(NARROW), name="bulk-follows-the-width",
        ),
        Claim(
            "training makes them: on all digits they are as many as classes, or one fewer, and not so before", PAPYAN,
            last_value(SURPLUS), as_many,
            on=WIDE, control=Breaks(UNTRAINED), name="training-makes-them",
        ),
        Claim(
            "the mean of the inputs makes them: on all digits they are as many as classes, or one fewer, and not so "
            "where the mean of each pixel is taken out", "theory: a mean feature gives one large curvature for "
            "each output, whatever the labels",
            last_value(SURPLUS), as_many, region_from="pilot",
            on=WIDE, control=Breaks(CENTRED), name="the-mean-makes-them",
        ),
        Claim(
            "on six clusters at right angles they are as many as pairs of a class and an output: 34 to 38, and not so "
            "before training", "a pilot of this library; Papyan 2019 finds such a second level in deep networks",
            last_value(OUTLIERS), Between(34.0, 38.0), region_from="pilot",
            on=CLUSTERS, control=Breaks(RAW), name="clusters-make-the-square",
        ),
        Claim(
            "and the labels make them: not so with labels drawn at random", "a pilot of this library",
            last_value(OUTLIERS), Between(34.0, 38.0), region_from="pilot",
            on=CLUSTERS, control=Breaks(MIXED), name="labels-make-the-square",
        ),
        Claim(
            "on two digits, too, they are as many as pairs: four, and not two", "a pilot of this library",
            last_value(OUTLIERS - CLASSES * CLASSES), Between(-0.5, 0.5), region_from="pilot",
            on=TWO, name="two-classes-make-four",
        ),
        Claim(
            "with cross-entropy, the loss of the sources, there are as many as classes, or one fewer",
            f"{SAGUN}; {PAPYAN}",
            last_value(SURPLUS), as_many,
            on=CROSS_ENTROPY, name="cross-entropy-as-many-as-classes",
        ),
    )  # fmt: skip
