"""A model evaluated at parameters that are not its own, of one network or of many as rows."""
