"""Drawing garments: latents, pictures from latents, walks between them."""
