"""Architectures, one family a file; the registry; model cards; preprocessing."""
