"""Sharpness in its other senses, and what it is said to tell: volumes, bits, coefficients of learning."""
