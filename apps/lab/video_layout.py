"""Where the tab "Video" has what: the video and the choices, the latest frame and the items, then the answer."""

from __future__ import annotations

import gradio as gr

from apps import videos
from apps.lab import parts, video_pieces
from apps.lab.intake import untouched
from apps.lab.layout import HEIGHT, KEEP_S, Page, code_box
from apps.lab.video_page import EMPTY, LONGEST_S, catalogue_choices, forget
from fashionviz.figures.video import STAGES, WEARERS
from fashionviz.video.watch import EVERY, MOST_EVERY
from fashionviz.video.wiring import sample_video

TAB = "video"
PRIVACY = (
    "Your video, and the one with the items drawn on it, lie in a private folder of this server. They are deleted "
    "within the hour; yours at once when you take it away. Sound is not recorded and not listened to."
)
NO_CATALOGUE = "There is no catalogue on this machine yet. The studio's page Find the item makes one with one button."


def lay_out() -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page()
    page.held = gr.State(None, time_to_live=KEEP_S, delete_callback=forget)
    gr.HTML(parts.heading("Which shop items are worn in a video, by whom, and when"))
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            _video(page)
        with gr.Column(min_width=300):
            _choices(page)
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            _seen(page)
        with gr.Column(min_width=300):
            gr.HTML(parts.over("Items so far; the latest first while the work goes on"))
            page.found = gr.HTML(video_pieces.items_table(()), elem_id="fv-video-found")
    with gr.Column(visible=False) as page.after:
        gr.HTML(parts.heading("Who wore what when"))
        page.timeline = gr.Plot(show_label=False, elem_id="fv-video-timeline")
        gr.HTML(f'<p class="fv-note">{WEARERS}</p>')
        gr.HTML(parts.heading("Where the time goes"))
        page.chart = gr.Plot(show_label=False, elem_id="fv-video-stages")
        page.stages = gr.HTML("")
        gr.HTML(f'<p class="fv-note">{STAGES}</p>')
        with gr.Row():
            page.mp4 = gr.DownloadButton("Video with the items, MP4", interactive=False, size="sm", min_width=180)
            page.json = gr.DownloadButton("Items and times, JSON", interactive=False, size="sm", min_width=180)
    with gr.Accordion("Code for this", open=False), gr.Tabs():
        with gr.Tab("Python"):
            page.python = code_box("python", videos.video_python("video.mp4", "demo", EVERY))
        with gr.Tab("Command line"):
            page.shell = code_box("shell", videos.video_shell("video.mp4", "demo", EVERY))
    with gr.Accordion("Your video and your privacy", open=False):
        gr.HTML(f'<p class="fv-note">{PRIVACY}</p>')
    gr.HTML('<p class="fv-note">Videos are deleted within the hour, and never leave this server.</p>')
    return page


def _video(page: Page) -> None:
    page.video = untouched(
        gr.Video(
            label="Your video",
            show_label=False,
            sources=["upload", "webcam"],
            include_audio=False,  # the page may not use the microphone, and has no use for it
            webcam_options=gr.WebcamOptions(mirror=False),
            interactive=True,
            height=HEIGHT,
            elem_id="fv-video",
        )
    )
    page.hint = gr.HTML(parts.status(EMPTY), elem_id="fv-video-hint")
    if sample_video() is not None:
        page.sample = gr.Button("Use the sample video", size="sm", elem_id="fv-video-sample")
        gr.HTML(f'<p class="fv-note">{videos.CREDIT}</p>')
    else:
        page.sample = None


def _choices(page: Page) -> None:
    names = catalogue_choices()
    page.catalogue = gr.Dropdown(
        names, value=names[0] if names else None, label="Catalogue", info="In it the items are looked for.",
        filterable=False, elem_id="fv-video-catalogue",
    )  # fmt: skip
    page.every = gr.Slider(
        1, MOST_EVERY, EVERY, step=1, label="The detector looks at every … frame",
        info="Items are followed in between. Fewer looks are faster and may miss what is in sight only briefly.",
        elem_id="fv-video-every",
    )  # fmt: skip
    with gr.Row():
        page.ask = gr.Button("Find the items", variant="primary", interactive=False, elem_id="fv-video-ask")
        page.cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="fv-video-cancel")
    said = parts.status(f"{videos.ACCEPTED}. Here the first {LONGEST_S / 60:g} minutes are looked at.")
    if not videos.trained_detectors():
        said = parts.problem(videos.NO_DETECTOR)
    elif not names:
        said = parts.problem(NO_CATALOGUE)
    page.note = gr.HTML(said, elem_id="fv-video-note")


def _seen(page: Page) -> None:
    """The latest frame while the work goes on; the film in its place when it is done."""
    gr.HTML(parts.over("The latest frame; when all is done, the video with the items on it"))
    page.frame = gr.Image(
        label="The latest frame",
        show_label=False,
        interactive=False,
        height=HEIGHT,
        format="jpeg",
        buttons=["fullscreen"],
        elem_id="fv-video-frame",
        alt_text="The latest frame with the items on it",
    )
    page.film = gr.Video(
        label="The video with the items on it",
        show_label=False,
        interactive=False,
        height=HEIGHT,
        visible=False,
        buttons=[],
        elem_id="fv-video-film",
    )
