"""From a photo to the shop items in it: catalogues of items, and the way from a photo to their matches."""
