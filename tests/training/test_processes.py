"""Two processes train one network: the command as a person types it, on drawn photos."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

#: The command with a recipe of its own: tiny, so that two processes on one machine take seconds.
PROGRAM = """
import sys
from dataclasses import replace
from fashionviz.cli import app
from fashionviz.training import commands
from fashionviz.training.albums import Sizes
from fashionviz.training import albums
from fashionviz.training.recipes import Stage, get_recipe

albums.SIZES = Sizes(fit=4, choose=4, measure=4, catalogue=4)
small = replace(get_recipe("category_cnn28.category11"), stages=(Stage((28, 28), 2),), batch={"catalogue": 4})
commands.any_recipe = lambda name: small
app()
"""
ARTICLES = ("Tshirts", "Jeans", "Handbags", "Heels")


def photo(grey: int) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(np.full((40, 30, 3), grey, np.uint8)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    (root / "fpi").mkdir(parents=True)
    for split, n in (("train", 32), ("validation", 8)):
        rows = {"articleType": [ARTICLES[i % 4] for i in range(n)], "image": [photo(60 * (i % 4)) for i in range(n)]}
        pq.write_table(pa.table(rows), root / "fpi" / f"{split}-00000-of-00001.parquet")
    return root


def test_two_processes_share_the_steps_and_one_of_them_goes_on(data: Path, tmp_path: Path) -> None:
    program = tmp_path / "small.py"
    program.write_text(PROGRAM)
    known = {k: v for k, v in os.environ.items() if not k.startswith(("FASHIONVIZ_", "PL_", "LOCAL_", "NODE_"))}
    environment = {
        **known,
        "FASHIONVIZ_CACHE": str(tmp_path / "cache"),
        "FASHIONVIZ_WEIGHTS": str(tmp_path / "weights"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, str(program), "train", "category_cnn28.category11", "--devices", "2"]
    done = subprocess.run(
        [*command, "--data", str(data)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    # The splits that the card reports are not all there, which the first process alone finds out, after training.
    assert done.stderr.count("fpi has no split 'test'") == 1
    assert done.returncode == 2
    last = torch.load(tmp_path / "cache/runs/category_cnn28.category11/last.ckpt", weights_only=True)
    assert last["epoch"] == 1
    assert last["global_step"] == 2 * 32 // 4 // 2, "each process takes every second batch"


def test_a_folder_of_data_that_is_not_there(tmp_path: Path) -> None:
    program = "from fashionviz.cli import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "category_cnn28.category11", "--data", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "There is no folder" in done.stderr
    assert "Traceback" not in done.stderr
