"""Data sets as Parquet rows of an image and its labels; splits; vocabularies; a decoded cache for training."""
