"""The engine's answers about drawing: pictures from latents, walks, what forms inside, the way back from a photo."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import numpy as np
import torch

from fashionviz.drawing_results import Drawing, Formation, GeneratorInfo, Inversion, Judgement, Pixels, Samples, Walk
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.generate.invert import invert
from fashionviz.generate.latents import LARGEST_SEED, slerp
from fashionviz.generate.limits import MAX_DRAWINGS, MAX_INVERSION, MAX_KEYS, MAX_STEPS, MIN_KEYS, MIN_STEPS
from fashionviz.generate.points import Point, latent_point, parse_point
from fashionviz.generate.stages import painted, stage_names
from fashionviz.images import Photo
from fashionviz.inference.drawers import Drawer, check_truncation, stages_of, tries_of
from fashionviz.inference.explanations import OnProgress, slow_place, ticker
from fashionviz.inference.held import HeldModels, region_of
from fashionviz.models.drawing_card import GeneratorCard, load_generator_card
from fashionviz.models.generators import GeneratorSpec, default_generator, get_generator, list_generators
from fashionviz.models.preprocess import letterbox
from fashionviz.models.weights import is_trained, model_folder
from fashionviz.results import Box, FilterBank, Timings

log = logging.getLogger(__name__)

_NOTE = "Men and Women name the department an item is sold in, not a person."
Asked = str | Point


class DrawingCalls(HeldModels):
    """Generators; the part of the engine that draws."""

    # --- generators -------------------------------------------------------------------------------------------

    def generators(self) -> tuple[GeneratorInfo, ...]:
        """Every registered generator: the default, the other trained ones, then the untrained. Nothing is loaded."""
        infos = (self._generator_info(spec) for spec in list_generators())
        return tuple(sorted(infos, key=lambda info: (not info.default, not info.trained, info.name)))

    def generator(self, name: str | None = None) -> GeneratorInfo:
        """One generator; ``None`` means the default.

        Raises:
            UnknownModel: no such generator.
        """
        return self._generator_info(get_generator(name) if name else default_generator())

    def _generator_info(self, spec: GeneratorSpec) -> GeneratorInfo:
        card: GeneratorCard | None = None
        if is_trained(spec.name):
            try:
                card = load_generator_card(model_folder(spec.name))
            except FashionvizError as error:
                log.warning("%s", error)
        return GeneratorInfo(
            name=spec.name,
            task=spec.task,
            architecture=spec.architecture,
            title=spec.title,
            trained=card is not None,
            default=spec.default,
            classes=spec.classes,
            learns=spec.learns,
            size=spec.size,
            latent=spec.latent,
            parameters=card.parameters if card else 0,
            sha256=card.sha256 if card else None,
            metrics=tuple(m.model_dump(mode="json") for m in card.metrics) if card else (),
            judged=bool(card and card.judge_sha256),
            note=_NOTE if spec.learns else "",
            paper=spec.paper,
            tries=tries_of(spec, card) if card else 1,
        )

    def _drawer(self, name: str | None) -> Drawer:
        spec = get_generator(name) if name else default_generator()
        with self._lock:
            found = self._drawers.get(spec.name)
            gate = self._loading.setdefault(spec.name, threading.Lock())
        if found is None:
            with gate:
                found = self._drawers.get(spec.name)
                if found is None:
                    found = self._drawers[spec.name] = Drawer(spec, self.config)
        return found

    # --- pictures ---------------------------------------------------------------------------------------------

    def generate(
        self,
        model: str | None = None,
        *,
        label: str | None = None,
        seed: int = 0,
        n: int = 16,
        points: Sequence[Asked] | None = None,
        truncation: float | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Samples:
        """Draw garments.

        Args:
            model: name of a generator; the default one if ``None``.
            label: the class; if ``None``, each picture's is the turn of its seed among the classes.
            seed: the first picture's; the others have the seeds after it.
            n: how many pictures.
            points: draw these instead of seeds (:mod:`fashionviz.generate.points`).
            truncation: latents further from 0 are drawn anew; the smaller, the more typical.
            on_progress: called from this thread after each picture.
            cancel: set it from another thread to stop.

        Returns:
            The same point, class, truncation and weights give the same pixels, whoever asks.

        Raises:
            InvalidRequest: too many pictures, a bad seed, point, class or truncation.
            UnknownModel, ModelNotTrained, WeightsError: the generator cannot draw.
            Overloaded: too many drawings are waiting.
            Cancelled: ``cancel`` was set.
        """
        count = n if points is None else len(points)
        if not 1 <= count <= MAX_DRAWINGS:
            raise InvalidRequest(f"One to {MAX_DRAWINGS} pictures can be drawn at once, not {count}.")
        if points is None and not 0 <= seed <= LARGEST_SEED - count:
            raise InvalidRequest(f"A seed is a whole number from 0 to {LARGEST_SEED - count:,}.")
        check_truncation(truncation)
        asked = [Point(seed + k) for k in range(n)] if points is None else [_point(p) for p in points]
        drawer, tick = self._drawer(model), ticker(on_progress, cancel)
        for point in asked:  # nothing is drawn before all can be
            drawer.class_of(label, point)
        drawings: list[Drawing] = []
        with drawer.alone(cancel) as waited:
            began = time.perf_counter()
            for point in asked:
                tick(len(drawings), count)
                drawings.append(drawer.draw(point, label, truncation))
            tick(count, count)
        spent = (time.perf_counter() - began) * 1000
        judge = drawer.card.judge_sha256 if drawer.tries > 1 else None
        return Samples(drawer.ref, tuple(drawings), truncation, Timings(0.0, waited, spent), judge)

    def walk(
        self,
        points: Sequence[Asked],
        model: str | None = None,
        *,
        label: str | None = None,
        labels: Sequence[str | None] | None = None,
        steps: int = 12,
        loop: bool = True,
        truncation: float | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Walk:
        """Pictures on the way from point to point along great circles; from class to class the classes blend.

        Args:
            points: two to eight.
            model: name of a generator; the default one if ``None``.
            label: one class for all; else as in :meth:`generate`, key by key.
            labels: a class for each key, instead of ``label``.
            steps: pictures from one key to the next.
            loop: go back to the first key.
            truncation, on_progress, cancel: as in :meth:`generate`.

        Raises:
            InvalidRequest: too few or too many points or steps, or as in :meth:`generate`.
        """
        if not MIN_KEYS <= len(points) <= MAX_KEYS:
            raise InvalidRequest(f"A walk has {MIN_KEYS} to {MAX_KEYS} points, not {len(points)}.")
        if not MIN_STEPS <= steps <= MAX_STEPS:
            raise InvalidRequest(f"There can be {MIN_STEPS} to {MAX_STEPS} steps from point to point, not {steps}.")
        if labels is not None and len(labels) != len(points):
            raise InvalidRequest(f"{len(points)} points need as many classes, not {len(labels)}.")
        check_truncation(truncation)
        drawer, tick = self._drawer(model), ticker(on_progress, cancel)
        keys = [_point(p) for p in points]
        named = [drawer.class_of(labels[k] if labels is not None else label, key) for k, key in enumerate(keys)]
        ways = [(k, (k + 1) % len(keys)) for k in range(len(keys) if loop else len(keys) - 1)]
        total = len(ways) * steps + (0 if loop else 1)
        frames: list[Pixels] = []
        with drawer.alone(cancel) as waited:
            began = time.perf_counter()
            latents = [drawer.latent(key, name, truncation) for key, name in zip(keys, named, strict=True)]
            for a, b in ways:
                first, second = drawer.weights(named[a]), drawer.weights(named[b])
                for step in range(steps):
                    tick(len(frames), total)
                    share = step / steps
                    blend = None if first is None or second is None else torch.lerp(first, second, share)
                    frames.append(drawer.picture(slerp(latents[a], latents[b], share), blend))
            if not loop:
                frames.append(drawer.picture(latents[-1], drawer.weights(named[-1])))
            tick(total, total)
        spent = (time.perf_counter() - began) * 1000
        return Walk(
            model=drawer.ref,
            keys=tuple(str(key) for key in keys),
            labels=tuple(named),
            frames=np.stack(frames),
            steps=steps,
            loop=loop,
            truncation=truncation,
            timings=Timings(0.0, waited, spent),
        )

    # --- inside -----------------------------------------------------------------------------------------------

    def formation(
        self, point: Asked, model: str | None = None, *, label: str | None = None, truncation: float | None = None
    ) -> Formation:
        """How a picture forms, stage by stage; arguments as of :meth:`generate`."""
        check_truncation(truncation)
        drawer, key = self._drawer(model), _point(point)
        named = drawer.class_of(label, key)
        classes = drawer.weights(named)
        with drawer.alone(), torch.inference_mode():
            z = torch.from_numpy(drawer.latent(key, named, truncation))[None].to(drawer.device)
            found = drawer.generator.watch(z, None if classes is None else classes[None].to(drawer.device))
            drawn = drawer.draw(key, label, truncation)
        return Formation(drawer.ref, str(key), named, stages_of(found), drawn.pixels)

    def judge(self, photo: Photo, model: str | None = None) -> Judgement:
        """What a generator's discriminator says of a picture; of ``dcgan.all`` if ``None``.

        Raises:
            InvalidRequest: no discriminator is shipped with it.
        """
        drawer = self._drawer(model or "dcgan.all")
        pixels, _ = letterbox(photo.pixels, drawer.spec.size)
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().to(drawer.device) / 127.5 - 1
        judge = drawer.judge
        with drawer.alone(), torch.inference_mode():
            found = judge.watch(x)  # type: ignore[operator]
        logit = float(found["logit"])
        return Judgement(drawer.ref, logit, float(1 / (1 + np.exp(-logit))), stages_of(found), pixels)

    def drawing_stages(self, model: str | None = None, part: str = "generator") -> tuple[str, ...]:
        """Names of the stages of a generator or of its discriminator, in order."""
        return stage_names(self._part(model, part))

    def drawing_filters(
        self, model: str | None = None, stage: str | None = None, part: str = "generator"
    ) -> FilterBank:
        """Filters of a stage: of a generator's last one what each channel paints, in RGB.

        Raises:
            InvalidRequest: no such stage or part.
        """
        network = self._part(model, part)
        names = stage_names(network)
        chosen = stage or (names[-1] if part == "generator" else names[0])
        if chosen not in names:
            raise InvalidRequest(f"There is no stage {chosen!r}. Choose one of: {', '.join(names)}.")
        weights, colours = painted(network, chosen)
        return FilterBank(self._drawer(model or _whose(part)).ref, chosen, weights, first=colours)

    def _part(self, model: str | None, part: str) -> torch.nn.Module:
        if part not in ("generator", "discriminator"):
            raise InvalidRequest(f"A generator has the parts generator and discriminator, not {part!r}.")
        drawer = self._drawer(model or _whose(part))
        return drawer.generator if part == "generator" else drawer.judge

    # --- back from a photo ------------------------------------------------------------------------------------

    def invert(
        self,
        photo: Photo,
        model: str | None = None,
        *,
        label: str | None = None,
        steps: int = 200,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Inversion:
        """The latent that draws what is most like a photo; a slow job.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: name of a generator; the default one if ``None``.
            label: the class; the one that begins best if ``None``.
            steps: of the descent.
            box: region in pixels of the photo.
            on_progress, cancel: as in :meth:`generate`.

        Raises:
            InvalidRequest: a bad class or number of steps.
            Overloaded: other slow jobs are running.
        """
        if not 1 <= steps <= MAX_INVERSION:
            raise InvalidRequest(f"The search takes 1 to {MAX_INVERSION} steps, not {steps}.")
        drawer = self._drawer(model)
        choices = [label] if label or not drawer.spec.classes else list(drawer.spec.classes)
        named = [drawer.class_of(choice, Point(0)) for choice in choices]
        target, _ = letterbox(region_of(photo, box).pixels, drawer.spec.size)
        began = time.perf_counter()
        with slow_place(self._slow, self.config.timeout_s, cancel):
            waited = (time.perf_counter() - began) * 1000
            z, which, distances = invert(
                drawer.generator, target, [drawer.weights(name) for name in named], steps, ticker(on_progress, cancel)
            )
        point = latent_point(z)
        drawn = drawer.draw(point, named[which] if drawer.spec.classes else None, None)
        spent = (time.perf_counter() - began) * 1000 - waited
        return Inversion(
            model=drawer.ref,
            label=named[which],
            point=str(point),
            pixels=drawn.pixels,
            target=target,
            distances=distances,
            timings=Timings(photo.decode_ms, waited, spent),
        )


def _whose(part: str) -> str | None:
    return None if part == "generator" else "dcgan.all"


def _point(asked: Asked) -> Point:
    return asked if isinstance(asked, Point) else parse_point(asked)
