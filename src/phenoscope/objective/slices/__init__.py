"""The loss on affine slices of the space of parameters, at many points at once."""
