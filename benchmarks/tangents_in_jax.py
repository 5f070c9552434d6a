"""Empirical tangent kernels by neural-tangents, one call for each line that comes in.

Run by `benchmarks.kernels` in an environment of its own: neural-tangents needs an old JAX, and no PyTorch. A line such
as "MLP trace" is answered by the processor seconds of one compiled call on one thread, 500 x 500 images; its first
call, which compiles, is not counted. The structured implementation, its fastest here; the networks are those of
`benchmarks.workloads`, with random weights and images, of which the time does not depend.
"""

import os
import sys
import time
import types

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
# what it imports there needs a TensorFlow, and is not used here
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")

import jax  # type: ignore  # noqa: E402 - after the flags that it reads
import neural_tangents as nt  # type: ignore  # noqa: E402
from jax.example_libraries import stax  # type: ignore  # noqa: E402

EXAMPLES = 500


def network(name):
    """The function of parameters and inputs, parameters, and inputs."""
    if name == "MLP":
        layers = [stax.Dense(200), stax.Tanh, stax.Dense(200), stax.Tanh, stax.Dense(10)]
        shape = (784,)
    else:
        first = [stax.Conv(16, (3, 3), padding="SAME"), stax.Relu, stax.MaxPool((2, 2), (2, 2))]
        second = [stax.Conv(32, (3, 3), padding="SAME"), stax.Relu, stax.MaxPool((2, 2), (2, 2))]
        layers = [*first, *second, stax.Flatten, stax.Dense(60), stax.Relu, stax.Dense(10)]
        shape = (28, 28, 1)
    start, apply = stax.serial(*layers)
    _, parameters = start(jax.random.PRNGKey(0), (-1, *shape))
    return apply, parameters, jax.random.normal(jax.random.PRNGKey(1), (EXAMPLES, *shape))


def kernel(name, outputs):
    """A call without arguments, compiled."""
    apply, parameters, inputs = network(name)
    structured = nt.NtkImplementation.STRUCTURED_DERIVATIVES
    axes = (-1,) if outputs == "trace" else ()
    made = jax.jit(nt.empirical_ntk_fn(apply, trace_axes=axes, vmap_axes=0, implementation=structured))
    made(inputs, None, parameters).block_until_ready()
    return lambda: made(inputs, None, parameters).block_until_ready()


def main():
    """Answer until there is nothing more."""
    made = {}
    for line in sys.stdin:
        asked = tuple(line.split())
        if asked not in made:
            made[asked] = kernel(*asked)
        begun = time.process_time()
        made[asked]()
        print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
