"""What the models say of one photo, gathered once and kept as one HTML file that needs nothing else."""
