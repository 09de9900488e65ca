"""Annotate a collection: find its photos, answer each with each model, keep a CSV that people can correct."""
