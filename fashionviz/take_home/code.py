"""Each answer as code to copy: Python in five lines at most, and the command line for a POSIX shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from fashionviz.boxes import format_box
from fashionviz.results import Box
from fashionviz.take_home.result import Wish

#: A program's first lines: how to ask the engine, and how to read a photo.
OPENED = (
    "from fashionviz.inference.engine import shared_engine",
    "from fashionviz.photo_files import read_photo",
    "",
)


def region(box: Box | None) -> str:
    """The argument ``box``, with the comma before it, or nothing."""
    return "" if box is None else ", box=(" + ", ".join(f"{v:g}" for v in box) + ")"


def _box_words(box: Box | None) -> list[str]:
    return [] if box is None else ["--box", format_box(box)]


def predict_python(file: str, model: str, box: Box | None = None) -> str:
    """Class probabilities, or tags, of a photo."""
    return _lines(
        *OPENED,
        f"for score in shared_engine().predict(read_photo({file!r}), {model!r}{region(box)}).scores:",
        '    print(f"{score.label:20} {score.probability:.3f}")',
    )


def explain_python(file: str, model: str, method: str, target: str | None = None, box: Box | None = None) -> str:
    """Where the model looked."""
    chosen = f", target={target!r}" if target else ""
    return _lines(
        *OPENED,
        f"photo = read_photo({file!r})",
        f"result = shared_engine().explain(photo, {model!r}, {method!r}{chosen}{region(box)})",
        "print(result.target, result.values.shape)  # (3, H, W), on the model's input",
    )


def trust_python(file: str, model: str, method: str, target: str | None = None, box: Box | None = None) -> str:
    """How far the map of where the model looked can be trusted."""
    chosen = f", target={target!r}" if target else ""
    return _lines(
        *OPENED,
        f"photo = read_photo({file!r})",
        f"result = shared_engine().trust(photo, {model!r}, {method!r}{chosen}{region(box)})",
        "print(result.level, result.sentence)",
    )


def segment_python(file: str, model: str, box: Box | None = None) -> str:
    """Regions of a photo."""
    return _lines(
        *OPENED,
        f"result = shared_engine().segment(read_photo({file!r}), {model!r}{region(box)})",
        "for name, share in zip(result.classes, result.shares):",
        '    print(f"{name:14} {share:.1%}")',
    )


def activations_python(file: str, model: str, layer: str, box: Box | None = None) -> str:
    """Activation maps of a layer."""
    return _lines(
        *OPENED,
        f"result = shared_engine().activations(read_photo({file!r}), {model!r}, {layer!r}{region(box)})",
        "print(result.maps.shape)  # (C, h, w)",
    )


def filters_python(model: str, layer: str) -> str:
    """Filters of a convolution."""
    return _lines(
        OPENED[0],
        "",
        f"bank = shared_engine().filters({model!r}, {layer!r})",
        "print(bank.weights.shape)  # (N, C, kh, kw)",
    )


def landmarks_python(file: str, model: str, box: Box | None = None) -> str:
    """Landmarks of a photo."""
    return _lines(
        *OPENED,
        f"for mark in shared_engine().landmarks(read_photo({file!r}), {model!r}{region(box)}).found:",
        '    print(f"{mark.name:14} {mark.x:6.0f} {mark.y:6.0f}  {mark.probability:.3f}")',
    )


def every_python(file: str, box: Box | None = None) -> str:
    """What every trained model says of a photo, and where it looked."""
    asked = f"photo, info.name{region(box)}"
    where = f"engine.explain({asked}, method=info.methods[0])"
    return _lines(
        *OPENED,
        f"engine, photo = shared_engine(), read_photo({file!r})",
        "for info in [info for info in engine.models() if info.trained and info.names]:",
        f"    print(info.name, engine.predict({asked}).top, {where}.values.shape)",
    )


def disagreement_python(file: str, models: Sequence[str] = (), box: Box | None = None) -> str:
    """How much models disagree; all trained ones where none is named."""
    chosen = f", {list(models)!r}" if models else ""
    return _lines(
        "from fashionviz.inference.disagreement import disagree",
        *OPENED,
        f"result = disagree(shared_engine(), read_photo({file!r}){chosen}{region(box)})",
        "print(result.sentence)",
    )


def report_python(file: str, wish: Wish, out: str = "report.html") -> str:
    """The report itself."""
    chosen = [f"models={list(wish.models)!r}"] if wish.models else []
    chosen += [f"methods={list(wish.methods)!r}"]
    chosen += [f"target={wish.target!r}"] if wish.target else []
    chosen += [region(wish.box)[2:]] if wish.box else []
    chosen += [f"trust={wish.trust!r}"] if wish.trust != Wish.trust else []
    return _lines(
        "from fashionviz.take_home.save import save_report",
        "",
        f"save_report({file!r}, {out!r}, {', '.join(chosen)})",
    )


def predict_cli(file: str, model: str, box: Box | None = None) -> str:
    """Class probabilities, or tags, of a photo."""
    return shlex.join(["fashionviz", "predict", file, "--model", model, *_box_words(box), "--json"])


def explain_cli(
    file: str, model: str, method: str, target: str | None = None, box: Box | None = None, out: str = "attribution.png"
) -> str:
    """Where the model looked."""
    chosen = ["--target", target] if target else []
    words = ["fashionviz", "explain", file, "--model", model, "--method", method, *chosen, *_box_words(box)]
    return shlex.join([*words, "--out", out])


def trust_cli(file: str, model: str, method: str, target: str | None = None, box: Box | None = None) -> str:
    """How far the map of where the model looked can be trusted."""
    chosen = ["--target", target] if target else []
    words = ["fashionviz", "trust", file, "--model", model, "--method", method, *chosen, *_box_words(box)]
    return shlex.join([*words, "--json"])


def activations_cli(file: str, model: str, layer: str, box: Box | None = None) -> str:
    """Activation maps of a layer."""
    words = ["fashionviz", "activations", file, "--model", model, "--layer", layer, *_box_words(box)]
    return shlex.join([*words, "--out", "activations.png"])


def filters_cli(model: str, layer: str) -> str:
    """Filters of a convolution."""
    return shlex.join(["fashionviz", "filters", "--model", model, "--layer", layer, "--out", "filters.png"])


def landmarks_cli(file: str, model: str, box: Box | None = None) -> str:
    """Landmarks of a photo: the numbers, then the picture."""
    call = ["fashionviz", "landmarks", file, "--model", model, *_box_words(box)]
    return _lines(shlex.join([*call, "--json"]), shlex.join([*call, "--out", "landmarks.png"]))


def disagreement_cli(file: str, models: Sequence[str] = (), box: Box | None = None) -> str:
    """How much models disagree; all trained ones where none is named."""
    return shlex.join(["fashionviz", "disagree", file, *_options("--model", models), *_box_words(box), "--json"])


def report_cli(file: str, wish: Wish, out: str = "report.html") -> str:
    """The report itself."""
    words = ["fashionviz", "report", file, "--out", out]
    words += _options("--model", wish.models) + _options("--method", wish.methods)
    words += ["--target", wish.target] if wish.target else []
    words += ["--trust", wish.trust] if wish.trust != Wish.trust else []
    return shlex.join([*words, *_box_words(wish.box)])


def _options(name: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (name, value)]


def _lines(*lines: str) -> str:
    return "\n".join(lines)
