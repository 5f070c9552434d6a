"""What is claimed of the kernel at the start; exponents are those of the theory, to 0.15.

In the standard parametrisation the first layer, whose fan-in is that of the data, does not grow along.
"""

from phenoscope.claims import Between, Breaks, Claim, Measured, Setting, Twin, log_log_slope, mean

JACOT = "Jacot et al. 2018, arXiv:1806.07572"
ROOT = "theory: means of independent terms, one a unit, deviate as the root of their number"

NTK, STANDARD = "NTK parametrisation", "standard parametrisation"
WIDTH = Setting("width")
ERROR, SIZE, OUTPUTS = Measured("kernel error"), Measured("kernel size"), Measured("outputs' kernel error")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the distance of the tangent kernel from its limit falls as the root of the width", f"{JACOT}; {ROOT}",
            log_log_slope(mean(ERROR), WIDTH), Between(-0.65, -0.35), region_from="pilot",
            on=NTK, over="width", control=Breaks(STANDARD), name="the-kernel-converges",
        ),
        Claim(
            "the size of the tangent kernel does not depend on the width", JACOT,
            log_log_slope(mean(SIZE), WIDTH), Between(-0.1, 0.1), region_from="theory",
            on=NTK, over="width", control=Breaks(STANDARD), name="its-size-stays",
        ),
        Claim(
            "in the standard parametrisation the tangent kernel grows in proportion to the width",
            "theory: a weight's gradient is that of the NTK parametrisation times the root of the fan-in",
            log_log_slope(mean(SIZE), WIDTH), Between(0.85, 1.1), region_from="pilot",
            on=STANDARD, over="width", control=Breaks(NTK), name="in-the-standard-parametrisation-it-grows",
        ),
        Claim(
            "the covariance of the outputs converges as the root of the width",
            f"Lee et al. 2018, arXiv:1711.00165; {ROOT}",
            log_log_slope(mean(OUTPUTS), WIDTH), Between(-0.65, -0.35), region_from="pilot",
            on=NTK, over="width", control=Twin(STANDARD, expects=Between(-0.65, -0.35)), name="the-outputs-converge",
        ),
    )  # fmt: skip
