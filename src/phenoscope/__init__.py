"""Phenoscope: a laboratory for the phenomena of deep learning."""
