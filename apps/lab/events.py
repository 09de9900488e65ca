"""What happens when something is chosen: the handlers' answers in the order of the page's places.

One object a server. It holds the engine and the running jobs; everything of a visitor's is in the session's own state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps.lab import gallery, handlers, landmarks, maps, parts, region, snippets
from apps.lab.intake import Upload, open_photo
from apps.lab.jobs import Jobs
from apps.lab.maps import Asked
from apps.lab.trusting import UNCHECKED, check_map
from apps.lab.visitor import Held, Part, session_of, warn
from fashionviz.landmark_results import Landmarks
from fashionviz.results import Attribution, Progress

#: Gradio puts a tracker of the call in place of this default.
_PROGRESS = gr.Progress()
_HINT = "Click two opposite corners on the photo to ask about a part of it."


def _folder() -> Path:
    return Path(get_upload_folder())


class Events:
    """Methods that Gradio calls."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.jobs, self.checks = Jobs(), Jobs()

    # --- the photo --------------------------------------------------------------------------------------------

    def upload(self, upload: Upload | None, request: gr.Request, *part: Any) -> tuple[Any, ...]:
        """A photo was dropped, pasted, chosen or snapped."""
        try:
            held = Held(open_photo(upload), upload.name if upload else "photo.jpg")
        except Exception as error:
            return self._refused(error, request)
        return self._accepted(held, Part.of(*part), request)

    def example(self, names: list[str] | None, event: gr.SelectData, request: gr.Request, *part: Any) -> Any:
        """An example was chosen."""
        names = names or gallery.sources()
        try:
            held = Held(*gallery.open_example(names[int(event.index)]))
        except Exception as error:
            return self._refused(error, request)
        return self._accepted(held, Part.of(*part), request)

    def clear(self, request: gr.Request) -> tuple[Any, ...]:
        """The photo was taken away."""
        self.jobs.replace(session_of(request))
        return (None, None, parts.status(), parts.empty_card(), *self._nothing("Appears with the first answer."))

    def _accepted(self, held: Held, part: Part, request: gr.Request) -> tuple[Any, ...]:
        self.jobs.replace(session_of(request))
        box = part.box(held)
        return (
            held,
            region.preview(held.photo, box),
            parts.status(self._said(held, part)),
            parts.working_card(),
            *self._nothing(),
        )

    def _refused(self, error: Exception, request: gr.Request) -> tuple[Any, ...]:
        self.jobs.replace(session_of(request))
        words = handlers.sentence(error)
        warn(words)
        return (None, None, parts.status(), parts.error_card(words), *self._nothing())

    @staticmethod
    def _nothing(words: str = "") -> tuple[Any, ...]:
        """Empty every place of a former answer: corner, pictures, notes, landmarks, files, buttons."""
        off = gr.Button(interactive=False)
        no_file = gr.DownloadButton(value=None, interactive=False)
        saliency = (None, None, None, parts.status(words, tall=True))
        layers: tuple[Any, ...] = ((), [], parts.status(words), None, parts.status())
        found = (None, None, parts.status(words and landmarks.WAITING), None)
        return (None, *saliency, *layers, *found, no_file, no_file, no_file, off, off)

    @staticmethod
    def _said(held: Held, part: Part) -> str:
        photo = held.photo
        box = part.box(held)
        asked = region.describe(part.choice, box)
        return f"{photo.width}×{photo.height} px. Asking about {asked}. {_HINT}"

    # --- the part of it ---------------------------------------------------------------------------------------

    def part(self, held: Held | None, *part: Any) -> tuple[Any, ...]:
        """Another part was chosen: show it. Returns photo, hint, corner and the sliders' row."""
        chosen = Part.of(*part)
        row = gr.Row(visible=chosen.choice == region.CUSTOM)
        if held is None:
            return gr.skip(), parts.status(), None, row
        return region.preview(held.photo, chosen.box(held)), parts.status(self._said(held, chosen)), None, row

    def corner(self, held: Held | None, first: Any, event: gr.SelectData, *part: Any) -> tuple[Any, ...]:
        """The photo was clicked: the first click marks a corner, the second completes the part."""
        if held is None:
            return tuple(gr.skip() for _ in range(9))
        chosen = Part.of(*part)
        scale = min(1.0, region.PREVIEW / max(held.photo.width, held.photo.height))
        x, y = (float(v) for v in event.index)
        here = (100 * x / (held.photo.width * scale), 100 * y / (held.photo.height * scale))
        if first is None:
            picture = region.preview(held.photo, None, here)
            words = parts.status("First corner set. Click the opposite corner.")
            return (picture, words, here, *(gr.skip() for _ in range(6)))
        left, top, right, bottom = edges = region.corners_to_edges(first, here)
        chosen = Part(region.CUSTOM, edges)
        return (
            region.preview(held.photo, chosen.box(held)),
            parts.status(self._said(held, chosen)),
            None,
            gr.Row(visible=True),
            region.CUSTOM,
            left,
            top,
            right,
            bottom,
        )

    # --- the answer -------------------------------------------------------------------------------------------

    def predict(self, held: Held | None, model: str | None, *part: Any) -> tuple[Any, ...]:
        """Returns the answer, the JSON file and the buttons that ask again."""
        if held is None:
            return tuple(gr.skip() for _ in range(4))
        chosen = Part.of(*part)
        box = chosen.box(held)
        answer = handlers.predict(self.engine, held.photo, model, box, region.describe(chosen.choice, box))
        warn(answer.failure)
        file = None
        if answer.prediction is not None:
            note = self.engine.model(model).note
            file = handlers.prediction_file(_folder(), answer.prediction, held.name, note)
        on = gr.Button(interactive=True)
        return answer.html, gr.DownloadButton(value=file, interactive=file is not None), on, on

    def explain(
        self,
        held: Held | None,
        model: str | None,
        method: str | None,
        target: str | None,
        style: str,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
        *part: Any,
    ) -> tuple[Any, ...]:
        """Returns the attribution, both pictures, the note and the two files."""
        if held is None or not method:
            return tuple(gr.skip() for _ in range(6))
        session = session_of(request)
        cancel = self.jobs.start(session)

        def on_progress(step: Progress) -> None:
            left = f", about {max(1, round(step.seconds_left))} s left" if step.seconds_left else ""
            progress((step.done, step.total), desc=f"{handlers.method_title(method)}{left}")

        box = Part.of(*part).box(held)
        out = handlers.explain(
            self.engine, held.photo, model, method, target, box, style, on_progress=on_progress, cancel=cancel
        )
        if not self.jobs.current(session, cancel):
            return tuple(gr.skip() for _ in range(6))  # a newer photo or question has taken the place
        self.jobs.finish(session, cancel)
        if out.result is None or out.picture is None:
            off = gr.DownloadButton(value=None, interactive=False)
            return None, None, None, out.caption, off, off
        png, npy = handlers.attribution_files(_folder(), out.result, out.picture)
        return (
            out.result,
            gr.Image(value=handlers.seen(out.result), alt_text=handlers.seen_alt(out.result)),
            gr.Image(value=out.picture, alt_text=handlers.map_alt(out.result)),
            out.caption,
            gr.DownloadButton(value=png, interactive=True),
            gr.DownloadButton(value=npy, interactive=True),
        )

    def begin(self, held: Held | None, method: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Before an explanation, which can be cancelled from now on. Returns the cancel button and the note."""
        if held is None or not method:
            return gr.skip(), gr.skip()
        self.jobs.announce(session_of(request))
        return gr.Button(interactive=True), parts.status(f"{handlers.method_title(method)}: working…", tall=True)

    def end(self, request: gr.Request) -> Any:
        """After an explanation or a check. Returns the cancel button, which stays while another one runs."""
        session = session_of(request)
        return gr.Button(interactive=self.jobs.waiting(session) or self.checks.waiting(session))

    def cancel(self, request: gr.Request) -> Any:
        """Stop the session's explanation, which then says so itself. Returns the button, pressed once."""
        for jobs in (self.jobs, self.checks):
            jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def unchecked(self, held: Held | None, request: gr.Request) -> tuple[Any, ...]:
        """Another map is drawn: the verdict on the former one goes. Returns its place and the button that asks."""
        self.checks.replace(session_of(request))
        return UNCHECKED, gr.Button(interactive=held is not None)

    def check(
        self,
        held: Held | None,
        model: str | None,
        method: str | None,
        target: str | None,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
        *part: Any,
    ) -> str:
        """How far the map can be trusted."""
        if held is None or not method:
            return UNCHECKED
        asked = Asked(held.photo, Part.of(*part).box(held), self.engine.model(model).name, maps.named(target), None)
        return check_map(self.engine, self.checks, session_of(request), asked, method, progress)

    def style(self, result: Attribution | None, style: str) -> tuple[Any, ...]:
        """The same attribution shown in another way. Returns picture, note and PNG file."""
        if result is None:
            return gr.skip(), gr.skip(), gr.skip()
        picture = handlers.draw(result, style)
        png, _ = handlers.attribution_files(_folder(), result, picture)
        return picture, handlers.caption(result, style), gr.DownloadButton(value=png, interactive=True)

    @staticmethod
    def suit(method: str | None, style: str) -> str:
        """The style that suits a method just chosen."""
        return handlers.style_for(method or "", style)

    # --- layers -----------------------------------------------------------------------------------------------

    def layers(self, held: Held | None, model: str | None, layer: str, view: str, *part: Any) -> tuple[Any, ...]:
        """Returns the order of channels, the grid, its note, the channel's number, its picture and note."""
        if held is None:
            return tuple(gr.skip() for _ in range(6))
        box = Part.of(*part).box(held)
        out = handlers.activations(self.engine, held.photo, model, layer, box, laid_over=view != "Alone")
        number = gr.Number(value=out.channel, maximum=max(0, out.total - 1))
        return out.order, list(out.tiles), out.caption, number, out.large, out.large_caption

    def channel(
        self, held: Held | None, model: str | None, layer: str, view: str, channel: float | None, *part: Any
    ) -> tuple[Any, ...]:
        """One channel enlarged. Returns its picture and note."""
        if held is None or channel is None:
            return gr.skip(), gr.skip()
        out = handlers.activations(
            self.engine,
            held.photo,
            model,
            layer,
            Part.of(*part).box(held),
            channel=int(channel),
            laid_over=view != "Alone",
            grid=False,
        )
        return out.large, out.caption if out.failure else out.large_caption

    @staticmethod
    def pick(order: tuple[int, ...], event: gr.SelectData) -> Any:
        """A tile was chosen. Returns its channel's number."""
        index = int(event.index)
        return order[index] if index < len(order) else gr.skip()

    # --- landmarks --------------------------------------------------------------------------------------------

    def landmarks(self, held: Held | None, model: str | None, name: str, *part: Any) -> tuple[Any, ...]:
        """Where the garment's parts are. Returns the result, the dots, the note and the heat."""
        if held is None:
            return tuple(gr.skip() for _ in range(4))
        try:
            out = landmarks.find(self.engine, held.photo, model, Part.of(*part).box(held), name)
        except Exception as error:
            return None, None, parts.problem(handlers.sentence(error)), None
        return out.result, out.dots, out.note, out.heat

    @staticmethod
    def heat(result: Landmarks | None, name: str) -> Any:
        """The heat of another landmark."""
        return gr.skip() if result is None else landmarks.heat(result, name)

    # --- choices ----------------------------------------------------------------------------------------------

    def choices(self, model: str | None, method: str | None, target: str | None, layer: str | None) -> tuple[Any, ...]:
        """What a model offers. Returns method, target and layer, keeping what still exists."""
        try:
            info = self.engine.model(model)
        except Exception as error:
            warn(handlers.sentence(error))
            return gr.skip(), gr.skip(), gr.skip()
        targets = [handlers.TOP, *info.classes]
        layers = handlers.layer_choices(self.engine, info.name) if info.trained else [(handlers.CARD_LAYER, "")]
        kept = method if method in info.methods else handlers.default_method(info)
        return (
            gr.Dropdown(handlers.method_choices(info), value=kept),
            gr.Dropdown(targets, value=target if target in targets else handlers.TOP),
            gr.Dropdown(layers, value=layer if layer in [name for _, name in layers] else ""),
        )

    def arrive(self, remembered: Any, request: gr.Request) -> tuple[Any, ...]:
        """The page opens: a link's choices win over remembered ones. Returns model, method, target, layer, style."""
        kept = remembered if isinstance(remembered, dict) else {}
        link = dict(request.query_params or {}) if request else {}
        names = [name for _, name in handlers.model_choices(self.engine)]
        wanted = [str(source.get("model", "")) for source in (link, kept)]
        model = next((name for name in wanted if name in names), handlers.default_model(self.engine))
        if link.get("model") and link["model"] not in names:
            gr.Info(f"The link names a model that is not here: {link['model'][:80]}. The default stands in.")

        def choice(key: str) -> str | None:
            value = link.get(key) or (kept.get(key) if kept.get("model") == model else None)
            return str(value) if value else None

        method, target, layer = self.choices(model, choice("method"), link.get("target"), choice("layer"))
        style = str(kept["style"]) if kept.get("style") in parts.STYLES else "Colour"
        if link.get("method"):
            style = handlers.style_for(link["method"], style)
        return gr.Dropdown(value=model), method, target, layer, style

    def code(
        self, held: Held | None, model: str | None, method: str | None, target: str | None, layer: str, style: str,
        *part: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Returns the four snippets and what to remember in the browser."""
        file = held.name if held else "photo.jpg"
        box = Part.of(*part).box(held)
        chosen = None if target in (None, handlers.TOP) else target
        args = (file, model or "", method, chosen, box)
        remembered = {"model": model, "method": method, "layer": layer, "style": style}
        return (
            snippets.python_snippet(*args),
            snippets.cli_snippet(*args),
            snippets.curl_snippet(*args),
            snippets.client_snippet(*args),
            remembered,
        )

    # --- examples ---------------------------------------------------------------------------------------------

    def list_examples(self) -> tuple[Any, ...]:
        """What can be tried now. Returns the tiles and their sources."""
        names = gallery.sources()
        return gallery.example_tiles(names), names

    def fetch(self, progress: gr.Progress = _PROGRESS) -> tuple[Any, ...]:
        """Download the CC0 photos. Returns tiles, sources and a sentence."""

        def on_progress(done: int, total: int) -> None:
            progress((done, total), desc="Fetching photos")

        try:
            count = len(gallery.fetch(on_progress))
        except Exception as error:
            words = handlers.sentence(error)
            gr.Warning(words, title="Not fetched")
            return gr.skip(), gr.skip(), parts.problem(f"{words} The drawn examples work without them.")
        return (*self.list_examples(), parts.status(f"{count} photos fetched, in the public domain (CC0)."))
