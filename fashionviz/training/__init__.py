"""Recipes, augmentation, losses and the one training loop."""
