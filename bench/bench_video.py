"""Where the time of a video goes, stage by stage, against the 33 ms a frame of paper 001 and the video's own rate.

The public sample video is worked through from the first frame to the last, with everything that a visitor's is: decode,
detect, track, categorise, embed, search, draw and encode.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
from pathlib import Path

import torch

from fashionviz.inference.engine import shared_engine
from fashionviz.match.catalogue import open_catalogue
from fashionviz.video.results import BUDGET_MS, Watched
from fashionviz.video.watch import EVERY
from fashionviz.video.wiring import sample_video, watch

PAGE = Path(__file__).resolve().parents[1] / "docs" / "video.md"
BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.DOTALL)


def table(result: Watched, items: int) -> str:
    """The result as Markdown."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"
    lines = [
        f"`{result.info.file}`, {result.info.width}×{result.info.height}, {result.info.fps:g} frames a second, "
        f"{result.frames:,} frames, on {device} ({platform.machine()}); detector `{result.detector.name}` at one "
        f"frame in {result.every}, `{result.embedder.name}`, catalogue `{result.catalogue}` with {items:,} items.",
        "",
        f"| stage | frames with work | p50, ms | p95, ms | p99, ms | mean a frame, ms | of {BUDGET_MS:g} ms |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {t.stage} | {t.n:,} | {t.p50:.1f} | {t.p95:.1f} | {t.p99:.1f} | {t.mean:.1f} | "
            f"{t.mean / BUDGET_MS:.0%} |"
            for t in result.stages
        ),
        "",
        f"**{result.fps:.1f} frames a second, {result.fps / result.info.fps:.2f} times the video's own rate.** Live, "
        f"with half a second of delay, {result.dropped:,} of {result.frames:,} frames would be dropped. "
        f"{len(result.sightings)} items were followed.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table; with ``--write`` put it into the page, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", default="fpi")
    parser.add_argument("--every", type=int, default=EVERY)
    parser.add_argument("--model", default=None, help="a detector")
    parser.add_argument("--write", action="store_true", help="into docs/video.md")
    asked = parser.parse_args()
    path = sample_video()
    if path is None:
        raise SystemExit("The sample video is not here: fashionviz data fetch video")
    catalogue = open_catalogue(asked.catalogue)
    engine = shared_engine()
    with tempfile.TemporaryDirectory() as folder:
        choices = {"model": asked.model, "every": asked.every, "out": Path(folder) / "out.mp4"}
        watch(engine, path, catalogue, **{**choices, "seconds": 3.0})  # loads and warms up
        result = watch(engine, path, catalogue, **choices)
    text = table(result, catalogue.info().items)
    print(text)
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(BLOCK.sub(lambda found: found[1] + text + found[2], page), encoding="utf-8")


if __name__ == "__main__":
    main()
