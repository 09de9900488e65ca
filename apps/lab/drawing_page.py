"""The tab "Draw": what happens when somebody draws, picks, looks closer or asks for more of a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps.lab import drawing, handlers, parts
from apps.lab.drawing import Basis
from apps.lab.layout import Page
from apps.lab.snippets import DEFAULT_URL
from apps.lab.visitor import warn
from fashionviz import images
from fashionviz.drawing_results import Drawing, Samples
from fashionviz.figures.pictures import enlarge
from fashionviz.generate.latents import LARGEST_SEED
from fashionviz.generate.limits import MAX_TRUNCATION, MIN_KEYS, MIN_TRUNCATION
from fashionviz.images import encode_png

#: Longest side of a real item in its tile, in pixels.
TILE = 160
_LATE = "The drawings are no longer here: they are forgotten after fifty minutes. Please draw again."


def folder() -> Path:
    """Where files for visitors go."""
    return Path(get_upload_folder())


class DrawEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page = engine, page

    # --- drawing ----------------------------------------------------------------------------------------------

    def draw(
        self,
        model: str,
        label: str | None,
        seed: float | None,
        count: int | None,
        truncation: float | None,
        picks: tuple[Drawing, ...],
        basis: Basis | None,
    ) -> dict[Any, Any]:
        """The button was pressed, or something else was chosen."""
        info = self.engine.generator(model)
        if not info.trained:
            return self._failed(drawing.untrained_words(info))
        try:
            drawn = self.engine.generate(
                info.name, label=drawing.asked_class(info, label), seed=drawing.as_seed(seed),
                n=int(count or drawing.COUNT), truncation=drawing.asked_truncation(truncation),
            )  # fmt: skip
        except Exception as error:
            return self._failed(handlers.sentence(error))
        return self.shown(drawn, picks, basis)

    def roll(self, *asked: Any) -> dict[Any, Any]:
        """The dice: the same with a seed by chance."""
        model, label, _, *rest = asked
        seed = drawing.dice()
        return {self.page.seed: seed, **self.draw(model, label, seed, *rest)}

    def shown(self, drawn: Samples, picks: tuple[Drawing, ...], basis: Basis | None, what: str = "") -> dict[Any, Any]:
        """Put drawings into the grid. Picks of other weights or another truncation go."""
        page, now = self.page, Basis.of(drawn)
        kept = picks if basis == now else ()
        info = self.engine.generator(drawn.model.name)
        saved = drawing.save_drawings(folder(), drawn)
        python, shell, curl, client = drawing.drawn_code(DEFAULT_URL, drawn)
        gone = " The picks are cleared: they were drawn in another way." if picks and not kept else ""
        return {
            page.samples: drawn,
            page.basis: now,
            page.grid: gr.Gallery(drawing.tiles(drawn.drawings, kept), selected_index=None),
            page.note: parts.status(drawing.drawn_words(info, drawn, what) + gone),
            page.png: gr.DownloadButton(value=saved.png, interactive=True),
            page.archive: gr.DownloadButton(value=saved.archive, interactive=True),
            page.python: python,
            page.shell: shell,
            page.curl: curl,
            page.client: client,
            **({} if basis == now else self._unpicked()),
        }

    def _failed(self, words: str) -> dict[Any, Any]:
        page, off = self.page, gr.DownloadButton(value=None, interactive=False)
        return {
            page.samples: None,
            page.basis: None,
            page.grid: gr.Gallery([], selected_index=None),
            page.note: parts.problem(words),
            page.png: off,
            page.archive: off,
            **self._unpicked(),
        }

    def _unpicked(self) -> dict[Any, Any]:
        """Nothing is picked, and nothing looked at."""
        page, off = self.page, gr.Button(interactive=False)
        return {
            **self.picks_shown((), drawing.picked(())),
            page.current: None,
            page.large: None,
            page.looked: None,
            page.origin: parts.status(drawing.NO_LOOK),
            page.said: "",
            page.like: off,
            page.near: off,
            page.real: gr.Gallery([], visible=False),
            page.real_note: "",
            page.one: gr.DownloadButton(value=None, interactive=False),
        }

    # --- picking ----------------------------------------------------------------------------------------------

    def pick(self, samples: Samples | None, picks: tuple[Drawing, ...], event: gr.SelectData) -> dict[Any, Any]:
        """A cell of the grid was clicked: it joins the picks, or leaves them, and is looked at."""
        if samples is None or int(event.index) >= len(samples.drawings):
            warn(_LATE)
            return {self.page.note: parts.problem(_LATE)}
        chosen = samples.drawings[int(event.index)]
        picks, words = drawing.toggled(picks, chosen)
        return {
            **self.picks_shown(picks, words),
            self.page.grid: gr.Gallery(drawing.tiles(samples.drawings, picks), selected_index=None),
            **self.closer(chosen),
        }

    def pick_again(self, picks: tuple[Drawing, ...], event: gr.SelectData) -> dict[Any, Any]:
        """One of the picks was clicked: it is looked at."""
        index = int(event.index)
        return self.closer(picks[index]) if index < len(picks) else {self.page.current: gr.skip()}

    def forget(self, samples: Samples | None) -> dict[Any, Any]:
        """The picks are cleared."""
        tiles = drawing.tiles(samples.drawings, ()) if samples else []
        return {
            **self.picks_shown((), drawing.picked(())),
            self.page.grid: gr.Gallery(tiles, selected_index=None),
        }

    def keep(self, mixed: Drawing | None, samples: Samples | None, picks: tuple[Drawing, ...]) -> dict[Any, Any]:
        """The mixture joins the picks."""
        if mixed is None or samples is None:
            return {self.page.current: gr.skip()}
        if any(drawing.same(pick) == drawing.same(mixed) for pick in picks):
            return {self.page.picked: parts.status(f"That one is picked already. {drawing.picked(picks)}")}
        picks, words = drawing.toggled(picks, mixed)
        return {
            **self.picks_shown(picks, words),
            self.page.grid: gr.Gallery(drawing.tiles(samples.drawings, picks), selected_index=None),
            **self.closer(mixed),
        }

    def picks_shown(self, picks: tuple[Drawing, ...], words: str) -> dict[Any, Any]:
        """The picks, and what can be done with so many."""
        page, enough = self.page, len(picks) >= MIN_KEYS
        tiles = [(pick.pixels, f"{number}: {drawing.short(pick.point)}") for number, pick in enumerate(picks, 1)]
        return {
            page.picks: picks,
            page.chosen: gr.Gallery(tiles, visible=bool(picks), selected_index=None),
            page.picked: parts.status(words),
            page.walk: gr.Button(interactive=enough),
            page.forget: gr.Button(interactive=bool(picks)),
            page.keep_mix: gr.Button(interactive=enough),
        }

    # --- looking closer ---------------------------------------------------------------------------------------

    def closer(self, chosen: Drawing) -> dict[Any, Any]:
        """Show one drawing large; what the classifier says follows."""
        page = self.page
        name = f"{drawing.short(chosen.point).replace(' ', '-')}.png"
        return {
            page.current: chosen,
            page.large: drawing.large(chosen),
            page.origin: drawing.origin(chosen),
            page.like: gr.Button(interactive=True),
            page.near: gr.Button(interactive=True),
            page.real: gr.Gallery([], visible=False),
            page.real_note: "",
            page.one: gr.DownloadButton(
                value=handlers.write_file(folder(), name, encode_png(chosen.pixels)), interactive=True
            ),
        }

    def look(self, chosen: Drawing | None) -> dict[Any, Any]:
        """What the classifier says of the drawing, and where it looked."""
        page = self.page
        if chosen is None:
            return {page.said: "", page.looked: None}
        words, picture = drawing.said(self.engine, chosen, images.from_pixels(chosen.pixels))
        return {page.said: words, page.looked: picture}

    def like(
        self,
        chosen: Drawing | None,
        share: float,
        turn: int,
        picks: tuple[Drawing, ...],
        basis: Basis | None,
    ) -> dict[Any, Any]:
        """Twelve drawings around the one that is looked at."""
        if chosen is None or basis is None:
            warn(_LATE)
            return {self.page.note: parts.problem(_LATE)}
        points = drawing.variations(chosen, share / 100, turn)
        try:
            near = self.engine.generate(
                basis.model.name, label=chosen.label, points=points, truncation=basis.truncation
            )
        except Exception as error:
            return {self.page.note: parts.problem(handlers.sentence(error))}
        together = basis.samples((chosen, *near.drawings))
        what = f"{len(points)} like {drawing.short(chosen.point)}, which is the first,"
        return {self.page.turn: turn + 1, **self.shown(together, picks, basis, what)}

    def near(self, chosen: Drawing | None, progress: gr.Progress = gr.Progress()) -> dict[Any, Any]:  # noqa: B008
        """The real items that the drawing is most like, among those the generators learned from."""
        from fashionviz.data.items import item_bytes
        from fashionviz.generate.nearest import DATA_SET, SPLIT
        from fashionviz.match.drawn import nearest_to

        if chosen is None:
            return {self.page.real_note: ""}
        progress(0.1, desc="Comparing with every photo that it learned from")
        try:
            answer = nearest_to(self.engine, chosen.pixels)
            found = answer.items
            pictures = item_bytes(DATA_SET, SPLIT, [item.id for item in found])
            tiles = [
                (enlarge(images.decode(pictures[item.id]).pixels, TILE, smooth=True), f"{item.cosine:.3f}")
                for item in found
                if item.id in pictures
            ]
        except Exception as error:
            return {self.page.real_note: parts.problem(handlers.sentence(error))}
        words = (
            f"Real items of the training set, most alike first, with the cosine of the vectors of {answer.by}: "
            f"{', '.join(item.id for item in found)}. A copy would be seen here."
        )
        return {self.page.real: gr.Gallery(tiles, visible=True), self.page.real_note: parts.status(words)}

    # --- choices ----------------------------------------------------------------------------------------------

    def choose(self, model: str, label: str | None) -> dict[Any, Any]:
        """Another generator: its classes."""
        info = self.engine.generator(model)
        choices = drawing.class_choices(info)
        kept = label if label in choices else choices[0]
        return {self.page.label: gr.Dropdown(choices, value=kept, interactive=bool(info.classes))}

    def arrive(self, request: gr.Request) -> dict[Any, Any]:
        """The page opens: a link may say what is drawn."""
        page, link = self.page, dict(request.query_params or {}) if request else {}
        if "draw" not in link:
            return {page.seed: gr.skip()}
        names = [name for _, name in drawing.choices(self.engine)]
        model = link["draw"] if link["draw"] in names else drawing.first_choice(self.engine)
        if link["draw"] not in ("", model):
            gr.Info(f"The link names a generator that is not here: {link['draw'][:80]}. Another stands in.")
        out = {page.model: model, **self.choose(model, link.get("class"))}
        limits = ((page.seed, "seed", 0, LARGEST_SEED), (page.truncation, "truncation", MIN_TRUNCATION, MAX_TRUNCATION))
        for place, key, least, most in limits:
            value = _number(link.get(key))
            if value is not None and least <= value <= most:
                out[place] = int(value) if key == "seed" else value
        if (count := _number(link.get("n"))) in drawing.COUNTS:
            out[page.count] = int(count or drawing.COUNT)
        return out

    def linked(self, request: gr.Request, *asked: Any) -> dict[Any, Any]:
        """After that: what the link names is drawn at once."""
        if not _names_drawings(request):
            return {self.page.samples: gr.skip()}
        return self.draw(*asked)

    def first(self, samples: Samples | None, request: gr.Request, *asked: Any) -> dict[Any, Any]:
        """The tab is opened: it is not left empty."""
        if samples is not None or _names_drawings(request):
            return {self.page.samples: gr.skip()}
        return self.draw(*asked)


def _names_drawings(request: gr.Request | None) -> bool:
    return request is not None and "draw" in dict(request.query_params or {})


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
