"""The gradients of examples and of mini-batches: their noise, their agreement, and where they point."""
