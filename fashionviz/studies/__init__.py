"""Measured comparisons of the papers: rows trained by the training loop, a committed record, a page made from it."""
