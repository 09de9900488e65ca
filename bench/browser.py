"""The Chromium that the browser tests and the screenshots drive: ``python -m bench.browser`` prints where it is."""

from __future__ import annotations

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
VARIABLE = "FASHIONVIZ_CHROMIUM"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = f"There is no Chromium; install Debian's package `chromium`, or name one in {VARIABLE}."


def find_chromium() -> str | None:
    """Path of an installed Chromium: the one named in FASHIONVIZ_CHROMIUM and no other, else the first of NAMES."""
    named = os.environ.get(VARIABLE)
    return next((path for name in ((named,) if named else NAMES) if (path := shutil.which(name))), None)


if __name__ == "__main__":
    found = find_chromium()
    if found is None:
        sys.exit(MISSING)
    print(found)
