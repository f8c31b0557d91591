"""Figures, each a command that prints its table; ratios are measured side by side in one run."""
