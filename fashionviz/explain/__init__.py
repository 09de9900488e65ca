"""What a network sees: filters, activation maps, attributions. Works on modules and tensors; knows no engine."""
