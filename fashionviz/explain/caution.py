"""What to keep in mind about guided backpropagation, in words that every front end says."""

from __future__ import annotations

#: Methods that guided backpropagation is part of, and that share its weakness.
INSENSITIVE = ("guided-backprop", "guided-grad-cam")
LEAD = "Read with caution."
#: ``source`` is filled in by who says it, with a link or without.
CAUTION = (
    "Guided backprop is known to be nearly insensitive to the model's parameters: with randomised weights it draws "
    "much the same picture ({source}). It shows what is visible in the photo more than what the model decided by."
)
SOURCE, ADDRESS = "Adebayo et al. 2018", "https://arxiv.org/abs/1810.03292"
