"""HistoLoop closes the loop between people who annotate slides and models that segment them."""

__version__ = "0.1.0"
