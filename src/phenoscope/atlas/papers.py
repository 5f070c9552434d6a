"""Papers that several phenomena cite: as claims name them, and with title and address as pages list them."""

COHEN = "Cohen et al. 2021, arXiv:2103.00065"
KESKAR = "Keskar et al. 2016, arXiv:1609.04836"
GARIPOV = "Garipov et al. 2018, arXiv:1802.10026"
FRANKLE_LINEAR = "Frankle et al. 2019, arXiv:1912.05671"

COHEN_PAPER = (
    "Cohen et al. 2021: Gradient descent on neural networks typically occurs at the edge of stability",
    "https://arxiv.org/abs/2103.00065",
)
KESKAR_PAPER = (
    "Keskar et al. 2016: On large-batch training for deep learning: generalization gap and sharp minima",
    "https://arxiv.org/abs/1609.04836",
)
FRANKLE_LINEAR_PAPER = (
    "Frankle et al. 2019: Linear mode connectivity and the lottery ticket hypothesis",
    "https://arxiv.org/abs/1912.05671",
)
GARIPOV_PAPER = (
    "Garipov et al. 2018: Loss surfaces, mode connectivity, and fast ensembling of DNNs",
    "https://arxiv.org/abs/1802.10026",
)
