"""Limits of what may be asked of a generator at once."""

#: Pictures in one answer.
MAX_DRAWINGS = 256
#: Keys of a walk, and pictures from one key to the next.
MIN_KEYS, MAX_KEYS = 2, 8
MIN_STEPS, MAX_STEPS = 2, 60
#: How far latents may lie from 0 where they are drawn anew; 2 leaves out one value in twenty.
MIN_TRUNCATION, MAX_TRUNCATION = 0.3, 3.0
#: Steps of a search for a photo's latent.
MAX_INVERSION = 1000
