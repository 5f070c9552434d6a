"""Papers that several phenomena cite: as claims name them, and with title and address as pages list them."""

COHEN = "Cohen et al. 2021, arXiv:2103.00065"
KESKAR = "Keskar et al. 2016, arXiv:1609.04836"
GARIPOV = "Garipov et al. 2018, arXiv:1802.10026"
FRANKLE_LINEAR = "Frankle et al. 2019, arXiv:1912.05671"
ENTEZARI = "Entezari et al. 2021, arXiv:2110.06296"
AINSWORTH = "Ainsworth et al. 2022, arXiv:2209.04836"
RENDA = "Renda et al. 2020, arXiv:2003.02389"
ZHOU = "Zhou et al. 2019, arXiv:1905.01067"
TICKETS = "Frankle and Carbin 2018, arXiv:1803.03635"

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
ENTEZARI_PAPER = (
    "Entezari et al. 2021: The role of permutation invariance in linear mode connectivity of neural networks",
    "https://arxiv.org/abs/2110.06296",
)
AINSWORTH_PAPER = (
    "Ainsworth, Hayase and Srinivasa 2022: Git Re-Basin: merging models modulo permutation symmetries",
    "https://arxiv.org/abs/2209.04836",
)
TICKETS_PAPER = (
    "Frankle and Carbin 2018: The lottery ticket hypothesis: finding sparse, trainable neural networks",
    "https://arxiv.org/abs/1803.03635",
)
RENDA_PAPER = (
    "Renda, Frankle and Carbin 2020: Comparing rewinding and fine-tuning in neural network pruning",
    "https://arxiv.org/abs/2003.02389",
)
ZHOU_PAPER = (
    "Zhou et al. 2019: Deconstructing lottery tickets: zeros, signs, and the supermask",
    "https://arxiv.org/abs/1905.01067",
)
