"""Layers whose outputs are linear in their own parameters: the loss of all data in what is added to their outputs."""
