"""A second writer in a process of its own, which says on standard output what it has committed."""

from __future__ import annotations

import sys
from pathlib import Path

from fashionviz.match.catalogue import Catalogue
from tests.match.fakes import new, unit


def main(folder: Path, together: int) -> None:
    catalogue = Catalogue(folder)
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(together):  # first in turn with the test, a lock a commit
        with catalogue.writer(wait_s=60) as writer:
            writer.add([new(f"theirs-{i}-{j}", v) for j, v in enumerate(unit(20, seed=i))])
        print(f"together {i}", flush=True)
    sys.stdin.readline()  # once the test has had its turns too
    with catalogue.writer(wait_s=60) as writer:  # then one long build, until it is killed
        print("building", flush=True)
        for i in range(100_000):
            writer.add([new(f"built-{i}-{j}", v) for j, v in enumerate(unit(50, seed=1000 + i))])
            print(f"built {i}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
