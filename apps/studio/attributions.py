"""The attribution gallery: which methods are asked in which order, what is known so far, tables and code."""

from __future__ import annotations

import csv
import io
import json
import logging
import shlex
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.lab.snippets import DEFAULT_URL, sendable
from fashionviz.annotate.row import guard
from fashionviz.boxes import format_box
from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.explain.methods import METHODS
from fashionviz.figures.gallery import trust_rows
from fashionviz.images import Photo
from fashionviz.inference.engine import Engine
from fashionviz.results import Attribution, Box, ModelInfo, Progress
from fashionviz.serialise import explained_json, trust_json
from fashionviz.take_home.code import OPENED, region
from fashionviz.trust_results import Trust

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the gallery is about.

    Attributes:
        photo, box: the photo and the part of it.
        model: who is asked.
        target: the class to explain; ``None`` for the most probable.
        against: the class it is compared with.
    """

    photo: Photo = field(repr=False)
    box: Box | None
    model: str
    target: str | None
    against: str | None


@dataclass
class Known:
    """What is known so far, filled by a job: maps and trust by method, or the sentence in their place.

    Attributes:
        maps: attributions.
        trust: how far they can be trusted, where that was asked.
        wanted: methods whose trust was asked for.
        stopped: whether the visitor stopped the maps; trust that he asks for then is found out all the same.
        now: what is being computed, in words.
        step: how far that is.
    """

    maps: dict[str, Attribution | str] = field(default_factory=dict)
    trust: dict[str, Trust | str] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    stopped: bool = False
    now: str = ""
    step: Progress | None = None

    @property
    def count(self) -> int:
        """Answers so far."""
        return len(self.maps) + len(self.trust)


def order(info: ModelInfo) -> tuple[str, ...]:
    """The model's methods in the order in which they are asked and shown: the quick ones first."""
    return tuple(sorted(info.methods, key=lambda name: METHODS[name].slow))


def todo(info: ModelInfo, known: Known) -> list[tuple[str, str]]:
    """What is still to be computed, as (``map`` or ``trust``, method): quick maps, trust, slow maps."""
    maps = [("map", name) for name in order(info) if name not in known.maps and not known.stopped]
    trust = [("trust", name) for name in known.wanted if name not in known.trust]
    return [m for m in maps if not METHODS[m[1]].slow] + trust + [m for m in maps if METHODS[m[1]].slow]


def doing(kind: str, method: str) -> str:
    """A task in words."""
    title = METHODS[method].title
    return title if kind == "map" else f"How far {title} can be trusted"


def work(
    engine: Engine, info: ModelInfo, asked: Asked, known: Known
) -> Callable[[Callable[[Progress], None], threading.Event], bool]:
    """What a job does: one task after the other, each answer into ``known`` as soon as it is there.

    What is asked for while it runs comes after the task that runs: nothing is begun anew.
    """

    def run(on_progress: Callable[[Progress], None], cancel: threading.Event) -> bool:
        while tasks := todo(info, known):
            if cancel.is_set():
                raise Cancelled("Stopped.")
            kind, method = tasks[0]
            known.now, known.step = doing(kind, method), None

            def step(progress: Progress) -> None:
                known.step = progress

            call, answers = (engine.explain, known.maps) if kind == "map" else (engine.trust, known.trust)
            answers[method] = _answer(call, asked, method, step, cancel)  # type: ignore[index]
            on_progress(Progress(known.count, known.count + len(tasks) - 1))
        return True

    return run


def _answer(
    call: Callable[..., Any], asked: Asked, method: str, step: Callable[[Progress], None], cancel: threading.Event
) -> Any:
    """The answer, or the sentence why there is none, so that the others can still answer."""
    try:
        return call(
            asked.photo, asked.model, method, target=asked.target, against=asked.against, box=asked.box,
            on_progress=step, cancel=cancel,
        )  # fmt: skip
    except Cancelled:
        raise
    except FashionvizError as error:
        return str(error)
    except Exception:
        log.exception("%s of %s failed on a visitor's photo", method, asked.model)
        return f"{METHODS[method].title} failed on this photo. Please try again."


# --- to take along ----------------------------------------------------------------------------------------------


def rows(info: ModelInfo, known: Known) -> list[dict[str, Any]]:
    """A row a method: its time and, where they were asked for, its scores; what is missing is ``None``."""
    out = []
    for method in order(info):
        found, trust = known.maps.get(method), known.trust.get(method)
        row: dict[str, Any] = {"method": method, "ms": None, "completeness error": None, "trust": None}
        if isinstance(found, Attribution):
            row |= {"ms": found.timings.compute, "completeness error": found.completeness_error}
        if isinstance(trust, Trust):
            row |= {"trust": trust.level} | {name: value for name, value, _ in trust_rows(trust)}
        row["error"] = next((answer for answer in (found, trust) if isinstance(answer, str)), None)
        out.append(row)
    return out


def rows_csv(info: ModelInfo, known: Known) -> bytes:
    """The table as CSV: UTF-8, every cell quoted, nothing a spreadsheet would run as a formula."""
    table = rows(info, known)
    columns = list(dict.fromkeys(key for row in table for key in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in table:
        cells = (row.get(column) for column in columns)
        writer.writerow([guard(v) if isinstance(v, str) else "" if v is None else repr(v) for v in cells])
    return text.getvalue().encode("utf-8")


def gallery_json(info: ModelInfo, known: Known, file: str) -> str:
    """Facts of every map and every score, with the shapes that ``explain --json`` and ``trust --json`` have."""
    maps = []
    for method in order(info):
        found = known.maps.get(method)
        if isinstance(found, Attribution):
            facts = {"method": method, **explained_json(found), "timings_ms": found.timings.as_dict()}
            maps.append({"model": found.model.name, "sha256": found.model.sha256, **facts})
    trust = [trust_json(t, file) for t in known.trust.values() if isinstance(t, Trust)]
    return json.dumps({"file": file, "maps": maps, "trust": trust}, indent=2, ensure_ascii=False)


def _choices(target: str | None, against: str | None) -> dict[str, str]:
    return {key: value for key, value in (("target", target), ("against", against)) if value}


def python_code(file: str, asked: Asked) -> tuple[str, str]:
    """The library's calls behind the page: every method; then, on its own, how far one map can be trusted."""
    more = "".join(f", {key}={value!r}" for key, value in _choices(asked.target, asked.against).items())
    more += region(asked.box)
    every = [
        *OPENED,
        f"engine, photo = shared_engine(), read_photo({file!r})",
        f"for method in engine.model({asked.model!r}).methods:",
        f"    print(method, engine.explain(photo, {asked.model!r}, method{more}).values.shape)  # (3, H, W)",
    ]
    trust = [
        *OPENED,
        f'print(shared_engine().trust(read_photo({file!r}), {asked.model!r}, "grad-cam"{more}).sentence)',
    ]
    return "\n".join(every), "\n".join(trust)


def shell_code(file: str, asked: Asked, methods: Sequence[str]) -> str:
    """The same on the command line, for a POSIX shell."""
    more = [word for key, value in _choices(asked.target, asked.against).items() for word in (f"--{key}", value)]
    more += ["--box", format_box(asked.box)] if asked.box is not None else []
    call = shlex.join(["fashionviz", "explain", file, "--model", asked.model, *more])
    trust = shlex.join(["fashionviz", "trust", file, "--model", asked.model, *more, "--method", "grad-cam"])
    return f'for method in {shlex.join(methods)}; do\n  {call} --method "$method" --out "$method.png"\ndone\n{trust}'


def curl_code(file: str, asked: Asked, url: str = DEFAULT_URL) -> str:
    """The same over the REST API, for one method."""
    fields = {"model": asked.model, "method": "grad-cam", **_choices(asked.target, asked.against)}
    fields |= {"box": format_box(asked.box)} if asked.box is not None else {}
    form = " ".join(f"-F {shlex.quote(f'{key}={value}')}" for key, value in fields.items())
    first, file = sendable(file)
    call = f"curl -F {shlex.quote(f'file=@{file}')} {form}"
    return f"{first}{call} -o grad-cam.png {url}/api/v1/explain\n{call} {url}/api/v1/trust"
