"""Families: phenomena that tell one story, in the order in which a reader should meet them."""

from phenoscope.atlas.family import Family, Part

STABILITY = Family(
    "stability",
    "Stability and flatness",
    "What does the size of the step do to the curvature that training finds?",
    "A step that is too large for the curvature should make training diverge. Networks are driven there all the same, "
    "and stay: the curvature that they end with is set by the rule's stability as much as by the data. This chapter "
    "follows that claim from plain gradient descent to adaptive rules, noise and flat minima, each time with a control "
    "in which it should fail.",
    (
        Part(
            "Towards the edge and along it",
            "On a quadratic, gradient descent with step η bears a curvature of 2/η and no more. What happens to a "
            "network whose curvature rises to that, and when the rate changes on the way?",
            ("progressive_sharpening", "edge_of_stability", "oscillation_averaging", "changing_rates"),
        ),
        Part(
            "Other rules, other edges",
            "Each update rule has a threshold of its own, known from the quadratic in closed form.",
            ("adaptive_edge", "sam_edge"),
        ),
        Part(
            "Why training does not diverge",
            "Where a quadratic would fly apart something bends training back. How little does it take, and how far "
            "does it go?",
            (
                "minimal_models",
                "self_stabilisation",
                "central_flow",
                "drift_along_minima",
                "catapult",
                "trainability_boundary",
            ),
        ),
        Part(
            "Mini-batches and their noise",
            "A mini-batch makes a step along its own gradient, on its own loss, and so adds noise. Does the noise find "
            "flat places, or does the size of the step?",
            ("stochastic_edge", "noise_or_rate", "batch_size", "sgd_stability", "sgd_diffusion"),
        ),
        Part(
            "The few directions of large curvature",
            "Most curvatures are near zero; a few stand out. What puts them there, and does learning happen in them?",
            ("hessian_outliers", "tiny_subspace", "opposing_signals"),
        ),
        Part(
            "What flatness is good for",
            "Flat minima are said to generalise. Is that so where flatness is sought, where it is measured, and where "
            "large steps bring it about?",
            (
                "sam_training",
                "gains_at_scale",
                "sharpness_generalisation",
                "flatness_at_scale",
                "minimum_code",
                "sparse_features",
            ),
        ),
    ),
)

CONNECTIVITY = Family(
    "connectivity",
    "Two points in weight space",
    "Do two trainings end in one region of low loss, and what follows if they do?",
    "Two networks that learned the same task are two points, and the loss between them says whether they found one "
    "region or two. This chapter asks what lies between them, when in training that is decided and what may be "
    "averaged inside a region, each time with a control in which the claim should fail.",
    (
        Part(
            "What lies between",
            "On the straight line between two solutions the loss rises. Is that a barrier around each of them, or one "
            "of the line, which curves go round? And how far do they go, beside what the curvature tells?",
            ("mode_connectivity", "connected_volumes", "path_extent"),
        ),
        Part(
            "When it is decided",
            "Two copies of a run part when they see their data in different orders. Copies made late end in one "
            "region; copies made at the start need not.",
            ("spawning",),
        ),
        Part(
            "Modulo the order of the units",
            "The units of a hidden layer can be put in any order. Is the barrier between two solutions only a matter "
            "of that?",
            ("permutation_barrier", "permutations_do_not_suffice"),
        ),
        Part(
            "What may be averaged",
            "Inside a region of low loss the mean of several points lies in it, too. Is it better than the points?",
            ("averaging",),
        ),
        Part(
            "What it does not say",
            "Networks that fit the same examples are joined by curves of low training loss. Are they equally good?",
            ("poisoned_minima",),
        ),
    ),
)

DESCENT = Family(
    "descent",
    "Fitting exactly, and beyond",
    "What happens to the test error when a model can fit its training set exactly?",
    "A model that grows until it fits its noisy data exactly should be useless there and beyond. At that size it often "
    "is, and beyond it is good again. This chapter asks where the peak comes from, what removes it, and what of all "
    "this needs a network: as little as a linear model, for which everything is known, shows most of it.",
    (
        Part(
            "Without any network",
            "Least squares has a closed form on both sides of the size at which it fits. What is left to explain?",
            ("linear_double_descent",),
        ),
        Part(
            "Random features",
            "A network whose first layer is never trained is a linear model of real data. Does it do the same?",
            (
                "random_feature_descent",
                "peak_factors",
                "right_side_power_law",
                "optimisation_limited_peak",
                "triple_descent",
                "variance_sources",
            ),
        ),
        Part(
            "Networks",
            "A network learns its features, too. Is it at its worst where it can just fit, and where is that?",
            ("double_descent", "peak_place", "sample_descent", "epoch_descent", "capacity_measures"),
        ),
        Part(
            "Where the noise goes",
            "A model that fits noisy labels exactly has put the noise somewhere. When does that do no harm?",
            ("noise_absorption", "effective_parameters", "benign_overfitting", "overfitting_taxonomy"),
        ),
    ),
)

KERNELS = Family(
    "kernels",
    "Kernels, lazy and rich",
    "When does a network train as a kernel would, and what is lost if it does?",
    "A network near its start is a linear model in its gradients, and the kernel of these fixes the whole of its "
    "training. This chapter measures that kernel, asks for which networks the linear picture holds, and what it "
    "foretells where it does; every measured curve has the computed one beside it.",
    (
        Part(
            "The kernel at the start",
            "Weights are random, and so is their kernel. In a wide network it is nearly one kernel that can be "
            "computed, if the parametrisation is the right one.",
            ("kernel_at_start", "network_as_process"),
        ),
        Part(
            "Training with a kernel that stands still",
            "If features hardly move, all of training can be written down before it begins.",
            (
                "wide_networks",
                "convergence_rate",
                "mode_rates",
                "spectral_bias",
                "kernel_learning_curves",
                "finite_or_infinite",
            ),
        ),
        Part(
            "Features that move at any width",
            "Whether wide networks learn features is decided by how their layers are scaled, and so is what a narrow "
            "network can tell of a wide one.",
            (
                "lazy_rich_dial",
                "lazy_horizon",
                "feature_lazy_phase",
                "richness_rate",
                "mean_field_limit",
                "learning_exponents",
                "lazy_convolution",
                "kernel_and_network_part",
                "rate_transfer",
            ),
        ),
        Part(
            "What learned features look like",
            "Where features move, they should move along what the outputs react to. Can that be seen in the weights, "
            "and is a network needed for it?",
            ("feature_ansatz", "recursive_features", "induction_heads"),
        ),
    ),
)

BIAS = Family(
    "bias",
    "Which solution training chooses",
    "Of all the networks that fit the data, which one does training find, and what chooses it?",
    "Many networks fit the same data, and most of them would be useless elsewhere. Training finds one. This chapter "
    "asks which it prefers, whether that is the doing of gradient descent or of the network, and what the preference "
    "costs, each time with a control in which it should fail.",
    (
        Part(
            "Where linear models go",
            "A linear model of separable classes, or of fewer examples than coefficients, has many solutions and no "
            "secrets: where each rule ends can be computed beforehand.",
            (
                "max_margin_direction",
                "ambiguous_labels",
                "geometry_decides",
                "optimizer_interpolants",
                "early_stopping_path",
            ),
        ),
        Part(
            "What the parametrisation adds",
            "The same linear models, written as products of parameters, are another problem for descent: now the start "
            "and the noise have a say.",
            (
                "parametrisation_bias",
                "diagonal_networks",
                "incremental_rank",
                "not_a_regulariser",
                "convolution_spectra",
                "kkt_points",
                "variation_norm",
            ),
        ),
        Part(
            "The simple before the hard",
            "If there are two ways to tell the classes apart, one is found first. What becomes of the other one?",
            ("simplicity_bias", "gradient_starvation"),
        ),
        Part(
            "Whose choice it is",
            "A network that could fit anything fits something sensible. Is it the data, the network or the descent?",
            ("random_labels", "gradient_free_search", "whose_doing"),
        ),
    ),
)

SPARSITY = Family(
    "sparsity",
    "Which weights matter",
    "Which weights of a network matter, when can that be known, and what does a mask carry?",
    "Most weights of a trained network can be removed. Whether they could have been left out from the beginning, and "
    "how one would know which, is another matter. This chapter prunes before, during and after training, and takes "
    "apart what a mask carries: how many weights each layer keeps, which ones, and from where they start.",
    (
        Part(
            "Before any training",
            "At initialisation nothing has been learned. What can a score then tell of a weight, and how few are "
            "enough for a signal to pass?",
            ("layer_collapse", "pruning_at_initialisation", "pruning_benchmark"),
        ),
        Part(
            "Without any training",
            "A large random network holds many others. Is a given one among them, and how large must it be for that?",
            ("strong_tickets", "supermasks"),
        ),
        Part(
            "Tickets",
            "After training it is known which weights were needed. Do these train as well from where they began?",
            (
                "lottery_tickets",
                "ticket_controls",
                "ticket_or_scratch",
                "ticket_transfer",
                "rewinding",
                "ticket_onset",
                "early_clock",
                "retraining",
                "sparse_double_descent",
                "early_bird",
            ),
        ),
        Part(
            "Sparse all along",
            "A mask that is fixed too early keeps the wrong weights. Can it change in training, and stay as sparse?",
            ("dynamic_sparse",),
        ),
    ),
)

FAMILIES: dict[str, Family] = {
    family.name: family for family in (STABILITY, CONNECTIVITY, DESCENT, KERNELS, BIAS, SPARSITY)
}
"""All families by name."""


def family_of(phenomenon: str) -> Family | None:
    """The family of a phenomenon; another distribution's has none."""
    return next((family for family in FAMILIES.values() if phenomenon in family.phenomena), None)
