"""The lab: one page in Gradio where a photo meets every question the engine answers."""
