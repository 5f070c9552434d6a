"""Random streams by name: data, initialisation, order of the examples and probes never share draws.

Changing how one part of an experiment uses randomness leaves every other part's draws as they were.
"""

import hashlib

import torch


def seeded(generator: torch.Generator | None) -> torch.Generator:
    """The generator given, or a new one seeded with 0: the default of whatever draws."""
    return torch.Generator().manual_seed(0) if generator is None else generator


def copied(generator: torch.Generator) -> torch.Generator:
    """One that will draw what this one will."""
    return torch.Generator(device=generator.device).set_state(generator.get_state())


def stream(seed: int, *names: str | int, device: str = "cpu") -> torch.Generator:
    """The generator of one named stream, for example `stream(3, "order", epoch)`.

    The generator's seed is the start of a SHA-256 digest of the seed and the names. Torch's generator on the CPU
    takes up only 32 bits of it: among 1,000 streams, two draw the same numbers with a chance of 1 in 10,000.

    Args:
        seed: of the run.
        names: of the stream, from the general to the particular.
        device: where the generator draws.
    """
    text = "/".join(str(part) for part in (seed, *names))
    digest = hashlib.sha256(text.encode()).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
