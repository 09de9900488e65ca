"""A watched video as JSON: what the command writes and the apps offer for download."""

from __future__ import annotations

from fashionviz.match.shelves import category_of
from fashionviz.serialise import Json, box_json
from fashionviz.serialise_matches import match_json
from fashionviz.video.results import BUDGET_MS, Sighting, StageTime, Watched


def watched_json(result: Watched) -> Json:
    """Facts of the video, an event for every item, and the times of every stage."""
    info = result.info
    return {
        "file": info.file,
        "width": info.width,
        "height": info.height,
        "fps": info.fps,
        "frames": result.frames,
        "seconds": round(result.seconds, 3),
        "codec": info.codec,
        "catalogue": result.catalogue,
        "detector": {"name": result.detector.name, "sha256": result.detector.sha256},
        "embedder": {"name": result.embedder.name, "sha256": result.embedder.sha256},
        "calibrated": result.calibrated,
        "detect_every": result.every,
        "events": [sighting_json(sighting) for sighting in result.sightings],
        "timings_ms": {
            **{time.stage: stage_json(time) for time in result.stages},
            "budget": BUDGET_MS,
        },
        "frames_a_second": round(result.fps, 2),
        "keeps_up": result.fps >= info.fps,
        "dropped_frames": result.dropped,
        "damaged_packets": result.damaged,
        "notes": list(result.notes),
    }


def sighting_json(sighting: Sighting) -> Json:
    """One item: when and where it was seen, and the shop items most like it."""
    return {
        "id": sighting.id,
        "wearer": sighting.wearer,
        "label": sighting.label,
        "label_share": round(sighting.label_share, 4),
        "category": category_of(sighting.label, sighting.categories),
        "categories": [{"label": name, "probability": share} for name, share in sighting.categories],
        "first_s": round(sighting.first_s, 3),
        "last_s": round(sighting.last_s, 3),
        "views": sighting.views,
        "spots": [
            {"frame": s.frame, "second": round(s.second, 3), "box": box_json(s.box), "score": round(s.score, 4)}
            for s in sighting.spots
        ],
        "matches": [match_json(match) for match in sighting.matches],
    }


def stage_json(time: StageTime) -> Json:
    """Percentiles over the frames in which the stage had work; the mean over all frames."""
    return {
        "n": time.n,
        "p50": round(time.p50, 2),
        "p95": round(time.p95, 2),
        "p99": round(time.p99, 2),
        "mean_a_frame": round(time.mean, 2),
    }
