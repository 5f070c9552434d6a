"""Every instrument that gives one number for a network, by name: for panels, the command, and probes along training.

A new one costs a line here, and is then measured by `phenoscope measure`, by `ps.measure`, and along any training by
`ps.probes.Instruments`. Names are understood in `named`: also with a number, and of what an optimizer meets.
"""

from phenoscope.instruments import counts
from phenoscope.instruments.flatness.learning_coefficient import learning_coefficient
from phenoscope.instruments.flatness.senses import SENSES
from phenoscope.instruments.gradients.coherence import gradient_coherence, gradient_stiffness
from phenoscope.instruments.gradients.descent import gradient_norm
from phenoscope.instruments.gradients.noise import curved_noise_scale, noise_scale
from phenoscope.instruments.gradients.share import batch_gradient_share, gradient_share
from phenoscope.instruments.gradients.snr import gradient_snr
from phenoscope.instruments.instrument import CURVATURE, Instrument
from phenoscope.instruments.kernels.ansatz import ansatz_of
from phenoscope.instruments.landscapes.landscape import line_curvature
from phenoscope.instruments.matrices import OF_HESSIAN, OF_OTHERS
from phenoscope.instruments.networks.capacity import margin_norm, weight_norm
from phenoscope.instruments.networks.conserved import unit_balance
from phenoscope.instruments.networks.ranks import weight_rank
from phenoscope.instruments.spectra.density import density
from phenoscope.instruments.spectra.negative import negative_share

INSTRUMENTS: dict[str, Instrument] = {
    "loss": Instrument("the loss over all data", "loss", lambda bench, _: counts.loss(bench.objective)),
    "gradient_norm": Instrument(
        "Euclidean norm of the gradient", "loss per parameter", lambda bench, _: gradient_norm(bench.objective)
    ),
    "noise_scale": Instrument(
        "gradient noise scale: the batch where noise and gradient are equal",
        "examples",
        lambda bench, _: noise_scale(bench.gradient_moments),
    ),
    "gradient_snr": Instrument(
        "signal-to-noise ratio of the gradient, averaged over parameters",
        "1",
        lambda bench, _: gradient_snr(bench.gradient_moments),
    ),
    "gradient_coherence": Instrument(
        "coherence: what a step for one example does for all, on average",
        "1",
        lambda bench, _: gradient_coherence(bench.gradient_moments),
    ),
    "gradient_stiffness": Instrument(
        "stiffness: mean cosine between the gradients of two examples",
        "1",
        lambda bench, _: gradient_stiffness(bench.gradient_moments),
    ),
    **OF_HESSIAN,
    "line_curvature": Instrument(
        "curvature along the top eigenvector, from losses alone",
        CURVATURE,
        lambda bench, generator: line_curvature(bench.objective, bench.extreme("largest", generator)),
        hessian=True,
    ),
    "negative_share": Instrument(
        "share of Hessian eigenvalues below -1 % of the largest",
        "1",
        lambda bench, generator: negative_share(density(bench.hessian, fewest=3, generator=generator)),
        hessian=True,
    ),
    "gradient_share": Instrument(
        "share of the gradient in the eigenspace of the largest curvatures",
        "1",
        lambda bench, generator: gradient_share(bench.objective, pairs=bench.hessian, generator=generator),
        hessian=True,
    ),
    "batch_gradient_share": Instrument(
        "the same for gradients of mini-batches of 32, on average",
        "1",
        lambda bench, generator: batch_gradient_share(bench.objective, pairs=bench.hessian, generator=generator),
        hessian=True,
    ),
    "curved_noise_scale": Instrument(
        "gradient noise scale weighed by the Hessian",
        "examples",
        lambda bench, generator: curved_noise_scale(bench.objective, hessian=bench.hessian, generator=generator),
        hessian=True,
    ),
    "learning_coefficient": Instrument(
        "local learning coefficient, by Langevin chains around the point",
        "1",
        lambda bench, generator: learning_coefficient(
            bench.objective, burn_in=50, draws=100, hessian=bench.hessian, generator=generator
        ),
        hessian=True,
    ),
    **OF_OTHERS,
    **SENSES,
    "feature_ansatz": Instrument(
        "alignment of weights with gradient outer products",
        "1",
        lambda bench, _: ansatz_of(bench.objective),
    ),
    "weight_rank": Instrument(
        "effective rank of the weights, averaged over matrices",
        "dimensions",
        lambda bench, _: weight_rank(bench.objective.model),
    ),
    "weight_stable_rank": Instrument(
        "stable rank of the weights, averaged over matrices",
        "dimensions",
        lambda bench, _: weight_rank(bench.objective.model, kind="stable"),
    ),
    "product_rank": Instrument(
        "effective rank of the product of all weight matrices",
        "dimensions",
        lambda bench, _: weight_rank(bench.objective.model, product=True),
    ),
    "imbalance": Instrument(
        "imbalance of the weights before and behind each hidden unit (ReLU or linear)",
        "1",
        lambda bench, _: unit_balance(bench.objective.model),
    ),
    "weight_norm": Instrument(
        "Euclidean norm of all trained parameters", "parameter", lambda bench, _: weight_norm(bench.objective)
    ),
    "margin_norm": Instrument(
        "product of the weight matrices' norms over the median margin",
        "1 / input",
        lambda bench, _: margin_norm(bench.objective),
    ),
    "parameters": Instrument(
        "number of trainable parameters", "parameters", lambda bench, _: counts.parameters(bench.objective)
    ),
    "examples": Instrument(
        "number of examples measured on", "examples", lambda bench, _: counts.examples(bench.objective)
    ),
}
"""In the order in which they are measured: eigenvectors found early serve the trace."""
