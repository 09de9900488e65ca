"""Ordered hyper-parameter searches: small grids one after the other, the winners of the earlier ones fixed."""
