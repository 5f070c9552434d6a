"""Eigenvalues and how they are spread: extremes, cold and tracked; whole spectra; densities."""
