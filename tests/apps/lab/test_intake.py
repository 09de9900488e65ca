"""The components that hand over an upload's untouched bytes."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.data_classes import FileData

from apps.lab import intake
from apps.lab.intake import Upload, untouched, untouched_list


def again(component: Any) -> Any:
    """The component as Gradio makes it anew for a session once an event has left it as it is (``gr.skip()``)."""
    return component.__class__(**{**component.constructor_args, "render": False})


@pytest.mark.parametrize("kind", [gr.Image, gr.File])
def test_a_component_made_anew_still_hands_over_the_file(kind: type, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture: it must not be opened")
    sent = FileData(path=str(path), orig_name="mine.png")
    with gr.Blocks():
        component = untouched(kind(label="Your photo"))
    for made in (component, again(component), again(again(component))):
        assert made.preprocess(sent) == Upload(str(path), "mine.png")
        assert made.preprocess(None) is None
        assert made.get_block_name() == kind.__name__.lower(), "the page draws it as before"
        assert isinstance(made, kind)
    assert again(component).label == "Your photo"


def test_a_list_made_anew_still_hands_over_all_files(tmp_path: Path) -> None:
    with gr.Blocks():
        component = untouched_list(gr.File(file_count="multiple"))
    sent = [FileData(path=str(tmp_path / name), orig_name=name) for name in ("a.png", "b.csv")]
    for made in (component, again(component)):
        assert [upload.name for upload in made.preprocess(sent)] == ["a.png", "b.csv"]
        assert made.preprocess(None) == ()


def test_other_components_are_left_alone_and_no_stub_is_written() -> None:
    before = set(Path(gr.__file__).parent.rglob("*.pyi"))
    with gr.Blocks():
        untouched(gr.Image())
        plain = gr.Image()
    assert type(plain) is gr.Image
    assert set(Path(gr.__file__).parent.rglob("*.pyi")) == before
    assert not list(Path(intake.__file__).parent.glob("*.pyi"))
