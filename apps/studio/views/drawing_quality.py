"""How good are the drawings"""
