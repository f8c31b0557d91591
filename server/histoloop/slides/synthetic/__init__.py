"""Synthetic H&E slides with exact truth, any size, for demos, tests, benchmarks and training."""

from histoloop.slides.synthetic.rendering import render
from histoloop.slides.synthetic.specimen import Specimen, Stain, Tissue
from histoloop.slides.synthetic.writing import write_slide

__all__ = ["Specimen", "Stain", "Tissue", "render", "write_slide"]
