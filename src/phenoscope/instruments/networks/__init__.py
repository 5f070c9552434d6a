"""What is read from weights and features without any curvature: ranks, norms, balances, dead units."""
