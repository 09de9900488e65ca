"""fashionviz: see what fashion models see."""

__version__ = "0.1.0"
