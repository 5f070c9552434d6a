"""The two exceptions of the library.

Outcomes of measurements and of training (not converged, diverged, undecided) are values, not exceptions.
"""


class PhenoscopeError(Exception):
    """Anything that Phenoscope refuses or cannot do; the message is one clear sentence for a person."""


class BadInput(PhenoscopeError):
    """A caller's mistake: the message says what is wrong, what came, and what to do."""
