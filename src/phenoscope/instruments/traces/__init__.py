"""Sums over all curvatures: traces, the diagonal, the Frobenius norm, from random probes and layer by layer."""
