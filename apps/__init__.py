"""The front ends: one process, one port, one engine. Widgets in, results out; no tensors."""
