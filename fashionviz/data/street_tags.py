"""Labels of street photos: what Clothing Co-Parsing's photographers' names say is worn.

They are the names that at least 20 training photos have, those of the publisher's extra ``tags`` photos counted by the
rule of the split; hair and skin, which nearly every photo has, are left out. A name that a photo lacks is absent: the
publisher tagged each photo as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Most frequent first.
STREET_TAGS = (
    "shoes", "bag", "pants", "sunglasses", "skirt", "dress", "coat", "shirt", "t-shirt", "belt", "accessories",
    "blouse", "purse", "bracelet", "jacket", "hat", "sandals", "jeans", "heels", "sweater", "blazer", "wallet",
    "boots", "stockings", "top", "scarf", "socks", "necklace", "shorts", "watch", "ring", "suit", "vest", "glasses",
    "leggings", "sneakers", "sweatshirt", "flats", "loafers", "pumps", "romper", "jumper", "wedges", "tie", "cape",
    "gloves", "tights", "cardigan", "earrings", "clogs",
)  # fmt: skip


def street_targets(rows: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What is worn on each photo, and what is known.

    Args:
        rows: with ``tags``, a list of names; a photo without one says nothing.

    Returns:
        Two ``(N, L)`` bool arrays; where the second is false, the first says nothing.
    """
    true = np.zeros((len(rows), len(STREET_TAGS)), dtype=bool)
    known = np.zeros_like(true)
    for n, row in enumerate(rows):
        names = row.get("tags")
        if names:
            known[n] = True
            true[n] = [tag in names for tag in STREET_TAGS]
    return true, known
