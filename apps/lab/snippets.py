"""The call behind an answer as code to copy: Python, command line, curl and the Gradio client."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import urlencode

from fashionviz.data.item_command import file_of
from fashionviz.data.items import named_item
from fashionviz.results import Box
from fashionviz.take_home.code import OPENED, explain_cli, predict_cli, predict_python, region
from fashionviz.take_home.code import every_python as every_python
from fashionviz.take_home.result import Wish

DEFAULT_URL = "http://127.0.0.1:7860"


def _box_text(box: Box | None) -> str:
    return "" if box is None else ",".join(f"{v:g}" for v in box)


def sendable(file: str) -> tuple[str, str]:
    """What can be sent of a photo: the lines before that make a file of a public item, and the file's name.

    Args:
        file: name of the photo, or an item as ``DATASET:SPLIT:ID``.
    """
    item = named_item(file)
    if item is None:
        return "", file
    return shlex.join(["fashionviz", "data", "item", str(item), "--out", file_of(item)]) + "\n", file_of(item)


def python_snippet(
    file: str, model: str, method: str | None = None, target: str | None = None, box: Box | None = None
) -> str:
    """The library's own calls.

    Args:
        file: name of the photo.
        model: ``architecture.task``.
        method: attribution method; ``None`` leaves the explanation out.
        target: class explained; ``None`` means the most probable one.
        box: region in pixels of the photo; ``None`` means all of it.
    """
    if method is None:
        return predict_python(file, model, box)
    chosen = f", target={target!r}" if target else ""
    asked = f"photo, {model!r}, {method!r}{chosen}{region(box)}"
    return "\n".join(
        [
            *OPENED,
            f"engine, photo = shared_engine(), read_photo({file!r})",
            f'print(*engine.predict(photo, {model!r}{region(box)}).scores, sep="\\n")',
            f"print(engine.explain({asked}).values.shape)  # (3, H, W), on the model's input",
        ]
    )


def cli_snippet(
    file: str, model: str, method: str | None = None, target: str | None = None, box: Box | None = None
) -> str:
    """The same on the command line, for a POSIX shell."""
    lines = [predict_cli(file, model, box)]
    if method:
        lines.append(explain_cli(file, model, method, target, box))
    return "\n".join(lines)


def curl_snippet(
    file: str,
    model: str,
    method: str | None = None,
    target: str | None = None,
    box: Box | None = None,
    url: str = DEFAULT_URL,
) -> str:
    """The same over the REST API."""
    first, file = sendable(file)
    form = shlex.quote(f"file=@{file}")
    fields = [("model", model)] + ([("box", _box_text(box))] if box is not None else [])
    lines = [f"curl -F {form} {_fields(fields)} {url}/api/v1/predict"]
    if method:
        more = [*fields, ("method", method)] + ([("target", target)] if target else [])
        lines.append(f"curl -F {form} {_fields(more)} -o attribution.png {url}/api/v1/explain")
    return first + "\n".join(lines)


def _fields(fields: list[tuple[str, str]]) -> str:
    return " ".join(f"-F {shlex.quote(f'{name}={value}')}" for name, value in fields)


def client_snippet(
    file: str,
    model: str,
    method: str | None = None,
    target: str | None = None,
    box: Box | None = None,
    url: str = f"{DEFAULT_URL}/lab",
) -> str:
    """The same through this page, with ``gradio_client``."""
    region = _box_text(box)
    lines = [
        "from gradio_client import Client, handle_file",
        "",
        f"client = Client({url!r})",
        f"photo = handle_file({file!r})",
        f'print(client.predict(photo, {model!r}, {region!r}, api_name="/predict"))',
    ]
    if method:
        lines.append(
            f'png = client.predict(photo, {model!r}, {method!r}, {target or ""!r}, {region!r}, api_name="/explain")'
        )
    return "\n".join(lines)


def report_curl(file: str, wish: Wish, url: str = DEFAULT_URL) -> str:
    """A report to take home, over the REST API."""
    fields = [("models", ",".join(wish.models)), ("methods", ",".join(wish.methods))]
    fields += [("target", wish.target or ""), ("box", _box_text(wish.box))]
    fields += [("trust", wish.trust)] if wish.trust != Wish.trust else []
    sent = _fields([(name, value) for name, value in fields if value])
    first, file = sendable(file)
    return f"{first}curl -F {shlex.quote(f'file=@{file}')} {sent} -o report.html {url}/api/v1/report"


def disagreement_curl(file: str, models: Sequence[str] = (), box: Box | None = None, url: str = DEFAULT_URL) -> str:
    """How much models disagree, over the REST API."""
    fields = [(name, value) for name, value in (("models", ",".join(models)), ("box", _box_text(box))) if value]
    first, file = sendable(file)
    words = ["curl", f"-F {shlex.quote(f'file=@{file}')}", _fields(fields), f"{url}/api/v1/disagreement"]
    return first + " ".join(word for word in words if word)


def every_cli(file: str, models: Sequence[str]) -> str:
    """The same on the command line, for a POSIX shell."""
    call = shlex.join(["fashionviz", "predict", file])
    return f'for model in {shlex.join(models)}; do\n  {call} --model "$model" --json\ndone'


def every_client(file: str, url: str = f"{DEFAULT_URL}/lab") -> str:
    """The same through this page, with ``gradio_client``."""
    return "\n".join(
        [
            "from gradio_client import Client, handle_file",
            "",
            f"client = Client({url!r})",
            f'for answer in client.predict(handle_file({file!r}), api_name="/every_model"):',
            '    print(answer["model"], answer.get("predictions", [answer.get("error")])[0])',
        ]
    )


def landmarks_curl(file: str, model: str, box: Box | None = None, url: str = DEFAULT_URL) -> str:
    """The same over the REST API."""
    first, file = sendable(file)
    form = shlex.quote(f"file=@{file}")
    fields = _fields([("model", model)] + ([("box", _box_text(box))] if box is not None else []))
    call = f"curl -F {form} {fields}"
    return f"{first}{call} {url}/api/v1/landmarks\n{call} -o landmarks.png '{url}/api/v1/landmarks?format=png'"


def _sent(file: str, path: str, fields: Sequence[tuple[str, str | None]], out: str) -> str:
    """One call that sends a photo and keeps the picture that comes back; empty fields are left out."""
    first, file = sendable(file)
    form = shlex.quote(f"file=@{file}")
    told = _fields([(name, value) for name, value in fields if value])
    return f"{first}curl -F {form} {told} -o {out} {DEFAULT_URL}/api/v1/{path}"


def explain_curl(file: str, model: str, method: str, target: str | None = None, box: Box | None = None) -> str:
    """An attribution as a picture, over the REST API."""
    fields = [("model", model), ("method", method), ("target", target), ("box", _box_text(box))]
    return _sent(file, "explain", fields, "attribution.png")


def activations_curl(file: str, model: str, layer: str, box: Box | None = None) -> str:
    """The maps of a layer as a picture, over the REST API."""
    return _sent(file, "activations", [("model", model), ("layer", layer), ("box", _box_text(box))], "activations.png")


def filters_curl(model: str, layer: str) -> str:
    """The filters of a convolution as a picture, over the REST API."""
    query = urlencode({"model": model, "layer": layer})
    return f"curl -o filters.png {shlex.quote(f'{DEFAULT_URL}/api/v1/filters?{query}')}"


def segment_cli(file: str, model: str, box: Box | None = None) -> str:
    """The same on the command line, for a POSIX shell: the numbers, then the pictures."""
    region = ["--box", _box_text(box)] if box is not None else []
    call = ["fashionviz", "segment", file, "--model", model, *region]
    return "\n".join([shlex.join([*call, "--json"]), shlex.join([*call, "--out", "regions"])])


def segment_curl(file: str, model: str, box: Box | None = None, url: str = DEFAULT_URL) -> str:
    """The same over the REST API."""
    first, file = sendable(file)
    form = shlex.quote(f"file=@{file}")
    fields = _fields([("model", model)] + ([("box", _box_text(box))] if box is not None else []))
    call = f"curl -F {form} {fields}"
    return f"{first}{call} {url}/api/v1/segment\n{call} -o regions.png '{url}/api/v1/segment?format=png'"


def annotate_python(models: Sequence[str]) -> str:
    """Annotate a folder with the library's own calls."""
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from fashionviz.annotate.run import annotate",
            "from fashionviz.annotate.table import below",
            "",
            f'run = annotate(Path("photos"), Path("labels.csv"), models={list(models)!r})',
            'print(*below(run.rows, 0.6), sep="\\n")  # the least sure first',
        ]
    )


def annotate_cli(models: Sequence[str]) -> str:
    """The same on the command line."""
    chosen = [word for name in models for word in ("--model", name)]
    return shlex.join(["fashionviz", "annotate", "photos/", *chosen, "--out", "labels.csv"])


def annotate_client(models: Sequence[str], url: str = f"{DEFAULT_URL}/lab") -> str:
    """The same through this page, with ``gradio_client``."""
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from gradio_client import Client, handle_file",
            "",
            f"client = Client({url!r})",
            'photos = [handle_file(path) for path in sorted(Path("photos").glob("*.jpg"))]',
            f'print(client.predict(photos, {",".join(models)!r}, api_name="/annotate"))  # the CSV\'s path',
        ]
    )
