"""The shared inference engine: loads, places, batches, bounds and measures."""
