"""The tab "Draw": walks between picks, random walks, mixtures, and the search for a photo's latent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from apps.lab import drawing, handlers, parts
from apps.lab.drawing import Basis
from apps.lab.drawing_layout import FIND
from apps.lab.drawing_page import DrawEvents, folder
from apps.lab.intake import Upload, open_photo
from apps.lab.jobs import Jobs
from apps.lab.layout import Page
from apps.lab.snippets import DEFAULT_URL
from apps.lab.visitor import session_of, warn
from fashionviz.drawing_results import Drawing, Inversion, Samples, Walk
from fashionviz.figures.pictures import enlarge
from fashionviz.images import Photo
from fashionviz.results import Progress

#: Gradio puts a tracker of the call in place of this default.
_PROGRESS = gr.Progress()
#: Stations of a random walk.
STATIONS = 5
#: Longest side of the pictures of a search, in pixels.
SIDE = 256


def _told(progress: gr.Progress, words: str) -> Callable[[Progress], None]:
    def on_progress(step: Progress) -> None:
        left = f", about {max(1, round(step.seconds_left))} s left" if step.seconds_left else ""
        progress((step.done, step.total), desc=f"{words}{left}")

    return on_progress


class WalkEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    def begin(self, request: gr.Request) -> dict[Any, Any]:
        """A walk was asked for: from now on it can be cancelled."""
        self.jobs.announce(session_of(request))
        return {self.page.stop: gr.Button(interactive=True)}

    def walk(
        self,
        picks: tuple[Drawing, ...],
        basis: Basis | None,
        steps: int,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[Any, Any]:
        """From pick to pick and back to the first."""
        if basis is None or not picks:
            return self._failed(drawing.picked(()))
        asked = [pick.point for pick in picks], [pick.label for pick in picks]
        return self._walk(basis, *asked, steps, request, progress)

    def wander(
        self,
        samples: Samples | None,
        current: Drawing | None,
        steps: int,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[Any, Any]:
        """From the drawing that is looked at, or the first one, past seeds by chance and back."""
        if samples is None:
            return self._failed(drawing.NOTHING)
        start = current or samples.drawings[0]
        points = [start.point, *(str(drawing.dice()) for _ in range(STATIONS - 1))]
        return self._walk(Basis.of(samples), points, [start.label] * STATIONS, steps, request, progress)

    def _walk(
        self,
        basis: Basis,
        points: Sequence[str],
        labels: Sequence[str | None],
        steps: int,
        request: gr.Request,
        progress: gr.Progress,
    ) -> dict[Any, Any]:
        session = session_of(request)
        cancel = self.jobs.start(session)
        try:
            found = self.engine.walk(
                points, basis.model.name, labels=labels, steps=int(steps), truncation=basis.truncation,
                on_progress=_told(progress, "Walking"), cancel=cancel,
            )  # fmt: skip
            if not self.jobs.current(session, cancel):
                return {self.page.stop: gr.skip()}  # a newer walk has taken the place
            return self._shown(found)
        except Exception as error:
            return self._failed(handlers.sentence(error))
        finally:
            self.jobs.finish(session, cancel)

    def _shown(self, walk: Walk) -> dict[Any, Any]:
        page, saved = self.page, drawing.save_walk(folder(), walk)
        python, shell, curl, client = drawing.walk_code(DEFAULT_URL, walk)
        by = ", ".join(drawing.short(key) for key in walk.keys)
        words = f"{len(walk.frames)} pictures by way of {by} and back, in {walk.timings.total / 1000:.1f} s."
        return {
            page.film: saved.gif,
            page.strip: drawing.strip(walk),
            page.walk_note: parts.status(words),
            page.gif: gr.DownloadButton(value=saved.gif, interactive=True),
            page.mp4: gr.DownloadButton(value=saved.mp4, interactive=True),
            page.strip_file: gr.DownloadButton(value=saved.png, interactive=True),
            page.stop: gr.Button(interactive=False),
            page.python: python,
            page.shell: shell,
            page.curl: curl,
            page.client: client,
        }

    def _failed(self, words: str) -> dict[Any, Any]:
        page, off = self.page, gr.DownloadButton(value=None, interactive=False)
        return {
            page.film: None,
            page.strip: None,
            page.walk_note: parts.problem(words),
            page.gif: off,
            page.mp4: off,
            page.strip_file: off,
            page.stop: gr.Button(interactive=False),
        }

    def cancel(self, request: gr.Request) -> Any:
        """Stop the walk, which then says so itself. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def mix(self, picks: tuple[Drawing, ...], basis: Basis | None, percent: float) -> dict[Any, Any]:
        """The picture between the first two picks."""
        page = self.page
        if basis is None or len(picks) < 2:
            return {page.mix: None, page.mixed: None}
        first, second = picks[:2]
        try:
            found = self.engine.generate(
                basis.model.name, label=(first if percent <= 50 else second).label,
                points=[drawing.mixed(first, second, percent / 100)], truncation=basis.truncation,
            ).drawings[0]  # fmt: skip
        except Exception as error:
            warn(handlers.sentence(error))
            return {page.mix: None, page.mixed: None}
        return {page.mix: drawing.large(found), page.mixed: found}

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


class SearchEvents:
    """Likewise, of the search for a photo's latent."""

    def __init__(self, engine: Any, page: Page, draws: DrawEvents) -> None:
        self.engine, self.page, self.draws, self.jobs = engine, page, draws, Jobs()

    def upload(self, upload: Upload | None, request: gr.Request) -> dict[Any, Any]:
        """A photo was dropped, pasted, chosen or snapped."""
        page = self.page
        try:
            photo = open_photo(upload)
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            return {**self.clear(request), page.photo: None, page.search_note: parts.problem(words, tall=True)}
        size = f"{photo.width}×{photo.height} px. Choose generator and class above, and press Find it."
        return {
            **self.clear(request),
            page.held: photo,
            page.photo: photo.pixels,
            page.search: gr.Button(interactive=True),
            page.search_note: parts.status(size, tall=True),
        }

    def clear(self, request: gr.Request) -> dict[Any, Any]:
        """The photo was taken away."""
        self.jobs.replace(session_of(request))
        page, off = self.page, gr.Button(interactive=False)
        return {
            page.held: None,
            page.found: None,
            page.target: None,
            page.reached: None,
            page.search: off,
            page.vary: off,
            page.halt: off,
            page.search_note: parts.status(FIND, tall=True),
        }

    def begin(self, photo: Photo | None, request: gr.Request) -> dict[Any, Any]:
        """The search was asked for: from now on it can be cancelled."""
        if photo is not None:
            self.jobs.announce(session_of(request))
        return {self.page.halt: gr.Button(interactive=photo is not None)}

    def search(
        self,
        photo: Photo | None,
        model: str,
        label: str | None,
        steps: int,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[Any, Any]:
        """Find the latent that draws what is most like the photo."""
        page, done = self.page, gr.Button(interactive=False)
        if photo is None:
            return {page.search_note: parts.status(FIND, tall=True), page.halt: done}
        session = session_of(request)
        cancel = self.jobs.start(session)
        try:
            info = self.engine.generator(model)
            found = self.engine.invert(
                photo, info.name, label=drawing.asked_class(info, label), steps=int(steps),
                on_progress=_told(progress, "Searching"), cancel=cancel,
            )  # fmt: skip
            if not self.jobs.current(session, cancel):
                return {page.halt: gr.skip()}
            return {
                page.found: found,
                page.target: enlarge(found.target, SIDE, smooth=True),
                page.reached: enlarge(found.pixels, SIDE, smooth=True),
                page.vary: gr.Button(interactive=True),
                page.halt: done,
                page.search_note: parts.status(_reached(found), tall=True),
            }
        except Exception as error:
            return {page.search_note: parts.problem(handlers.sentence(error), tall=True), page.halt: done}
        finally:
            self.jobs.finish(session, cancel)

    def cancel(self, request: gr.Request) -> Any:
        """Stop the search, which then says so itself. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def vary(
        self, found: Inversion | None, share: float, turn: int, picks: tuple[Drawing, ...], basis: Basis | None
    ) -> dict[Any, Any]:
        """Draw what is near the latent found, into the grid."""
        if found is None:
            return {self.page.turn: turn}
        middle = Drawing(found.point, found.label, found.pixels)
        return self.draws.like(middle, share, turn, picks, Basis(found.model, None))

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


def _reached(found: Inversion) -> str:
    label = f" as {found.label}" if found.label else ""
    return (
        f"Left your photo as it is compared, right what the latent found draws{label}. Mean squared difference of the "
        f"pixels {found.distances[0]:.4f} at the start, {found.distances[-1]:.4f} after {len(found.distances)} steps, "
        f"in {found.timings.total / 1000:.1f} s."
    )
