"""Two processes write, one of them is killed in the middle: what was committed is there, whole, and nothing else is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashionviz.match.catalogue import Catalogue
from fashionviz.match.errors import CatalogueBusy
from tests.match.fakes import made, new, unit

ROOT = Path(__file__).resolve().parents[2]
TOGETHER = 15


def test_two_writers_and_a_kill_lose_nothing_committed(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.match.writer", str(tmp_path / "c"), str(TOGETHER)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        for i in range(TOGETHER):
            with catalogue.writer(wait_s=60) as writer:
                writer.add([new(f"ours-{i}-{j}", v) for j, v in enumerate(unit(20, seed=100 + i))])
        process.stdin.write("build\n")
        process.stdin.flush()
        lines: list[str] = []
        while not lines or not lines[-1].startswith("built 5"):
            lines.append(process.stdout.readline().strip())
            assert lines[-1], "the other writer ended"
        with pytest.raises(CatalogueBusy, match=rf"another program \(process {process.pid}, since"):
            catalogue.writer().__enter__()
        assert catalogue.search(unit(1), 5)[0].ids  # readers go on
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.read().split("\n")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()
    committed = {f"ours-{i}-{j}" for i in range(TOGETHER) for j in range(20)}
    committed |= {f"theirs-{i}-{j}" for i in range(TOGETHER) for j in range(20)}
    rounds = [int(line.split()[1]) for line in lines if line.startswith("built ")]
    committed |= {f"built-{i}-{j}" for i in rounds for j in range(50)}

    again = Catalogue(tmp_path / "c")
    with again.store.reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ids = {row[0] for row in db.execute("SELECT id FROM items")}
        for table in ("vectors", "thumbnails"):
            bare = f"SELECT count(*) FROM items LEFT JOIN {table} USING (key) WHERE {table}.key IS NULL"
            assert db.execute(bare).fetchone() == (0,)
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (len(ids),)
    # At most the commit that was not said any more is there beside them, whole.
    extra = ids - committed
    assert committed <= ids
    assert extra <= {f"built-{max(rounds) + 1}-{j}" for j in range(50)}
    assert len(extra) in (0, 50)
    last = max(rounds)
    vector = unit(50, seed=1000 + last)[7]
    assert again.search(vector[None], 1)[0].ids == (f"built-{last}-7",)
    assert np.allclose(again.vectors([f"built-{last}-7"])[0], vector, atol=1e-3)
    with again.writer() as writer:  # the lock went with its holder
        writer.add([new("after", unit(1)[0])])
