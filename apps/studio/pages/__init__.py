"""The studio's pages, one file each; `apps/studio/main.py` lists them."""
