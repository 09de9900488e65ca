"""The lab's look: Gradio's theme from the house colours, and the little CSS it cannot express."""

from __future__ import annotations

import gradio as gr

from fashionviz.figures.theme import ACCENT, DARK, FONT, LIGHT, SIGNED

_FONTS = [part.strip().strip("'") for part in FONT.split(",")]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]

#: Shades of the accent, light to dark; 600 is the accent itself.
_INDIGO = gr.themes.Color(
    c50="#EEF1FD", c100="#DDE3FB", c200="#BBC7F7", c300="#93A6F1", c400="#6C86EA", c500="#4F6CE2",
    c600=ACCENT, c700="#324DBA", c800="#283E95", c900="#1F3073", c950="#141F4B", name="indigo",
)  # fmt: skip
_SLATE = gr.themes.Color(
    c50=LIGHT.surface, c100="#ECEEF5", c200=LIGHT.border, c300="#C6CCDC", c400=DARK.muted, c500="#7A8399",
    c600=LIGHT.muted, c700=DARK.border, c800=DARK.surface, c900="#181A24", c950=DARK.background, name="slate",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """The house theme, light and dark. Fonts are the visitor's own: nothing is loaded from elsewhere."""
    base = gr.themes.Base(
        primary_hue=_INDIGO,
        secondary_hue=_INDIGO,
        neutral_hue=_SLATE,
        font=[gr.themes.Font(name) for name in _FONTS],
        font_mono=[gr.themes.Font(name) for name in _MONO],
        radius_size=gr.themes.sizes.radius_md,
    )
    return base.set(
        body_background_fill=LIGHT.background,
        body_background_fill_dark=DARK.background,
        body_text_color=LIGHT.text,
        body_text_color_dark=DARK.text,
        body_text_color_subdued=LIGHT.muted,
        body_text_color_subdued_dark=DARK.muted,
        background_fill_primary=LIGHT.background,
        background_fill_primary_dark=DARK.background,
        background_fill_secondary=LIGHT.surface,
        background_fill_secondary_dark=DARK.surface,
        block_background_fill=LIGHT.surface,
        block_background_fill_dark=DARK.surface,
        block_border_color=LIGHT.border,
        block_border_color_dark=DARK.border,
        block_border_width="1px",
        border_color_primary=LIGHT.border,
        border_color_primary_dark=DARK.border,
        block_label_background_fill=LIGHT.surface,
        block_label_background_fill_dark=DARK.surface,
        block_label_text_color=LIGHT.muted,
        block_label_text_color_dark=DARK.muted,
        block_title_text_color=LIGHT.text,
        block_title_text_color_dark=DARK.text,
        block_title_text_weight="500",
        input_background_fill=LIGHT.background,
        input_background_fill_dark=DARK.background,
        input_border_color=LIGHT.border,
        input_border_color_dark=DARK.border,
        button_primary_background_fill=ACCENT,
        button_primary_background_fill_dark=ACCENT,
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#FFFFFF",
        button_primary_text_color_dark="#FFFFFF",
        button_secondary_background_fill=LIGHT.background,
        button_secondary_background_fill_dark=DARK.background,
        button_border_width="1px",
        button_primary_border_color=ACCENT,
        button_primary_border_color_dark=ACCENT,
        button_large_text_size="*text_md",
        button_large_padding="8px 16px",
        button_large_text_weight="500",
        button_secondary_border_color=LIGHT.border,
        button_secondary_border_color_dark=DARK.border,
        link_text_color=ACCENT,
        link_text_color_dark="#93A6F1",
        loader_color=ACCENT,
        loader_color_dark="#6C86EA",
        slider_color=ACCENT,
        slider_color_dark="#6C86EA",
    )


_SIGNED_STOPS = ", ".join(f"{colour} {place:.0%}" for place, colour in SIGNED)

CSS = f"""
:root {{ --fv-accent: {ACCENT}; --fv-border: {LIGHT.border}; --fv-muted: {LIGHT.muted}; --fv-surface: {LIGHT.surface};
  --fv-text: {LIGHT.text}; --fv-link: {ACCENT}; --fv-warn: #8A2A0B; --fv-warn-bg: #FDF1EC; --fv-warn-line: #F0C3B0; }}
.dark {{ --fv-border: {DARK.border}; --fv-muted: {DARK.muted}; --fv-surface: {DARK.surface}; --fv-text: {DARK.text};
  --fv-link: #93A6F1; --fv-warn: #FFC9B5; --fv-warn-bg: #3A211A; --fv-warn-line: #6B3B2B; }}
.gradio-container {{ width: 100%; min-width: 0 !important; max-width: 1280px !important;
  margin: 0 auto !important; font-family: {FONT}; }}
.gradio-container .html-container {{ padding: 0; }}
.gradio-container .fv-pair {{ align-items: flex-start; }}
.fv-cap {{ font-size: 13px; font-weight: 500; color: var(--fv-text); margin: 0 0 -8px; }}
.fv-head {{ display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 20px; padding: 4px 0 2px; }}
.fv-head h1 {{ font-size: 22px; font-weight: 650; margin: 0; letter-spacing: -0.01em; color: var(--fv-text); }}
.fv-head nav {{ display: flex; gap: 16px; margin-left: auto; font-size: 14px; }}
.fv-head nav a, .fv-note a {{ color: var(--fv-link); text-decoration: none; }}
.fv-head nav a:hover, .fv-note a:hover {{ text-decoration: underline; }}
.fv-head p {{ flex-basis: 100%; margin: 0; color: var(--fv-muted); font-size: 14px; }}
.gradio-container .prose h2.fv-title {{ font-size: 17px; font-weight: 600; margin: 14px 0 0; color: var(--fv-text); }}
.fv-note, .fv-note p {{ color: var(--fv-muted); font-size: 13px; line-height: 1.45; margin: 0; }}
.fv-card {{ border: 1px solid var(--fv-border); background: var(--fv-surface); border-radius: 8px; padding: 14px 16px;
  min-height: 324px; box-sizing: border-box; color: var(--fv-text); }}
.gradio-container .fv-card p, .gradio-container .fv-empty span {{ color: var(--fv-muted); }}
.gradio-container .fv-empty strong {{ color: var(--fv-text); }}
.fv-card h2 {{ font-size: 20px; font-weight: 650; margin: 0 0 2px; line-height: 1.25; color: var(--fv-text); }}
.fv-card .fv-sub {{ color: var(--fv-muted); font-size: 13px; margin: 0 0 12px; }}
.fv-bars {{ list-style: none; margin: 0 0 12px; padding: 0; display: grid; gap: 7px; }}
.fv-bars li {{ display: grid; grid-template-columns: minmax(112px, 32%) 1fr 58px; gap: 10px; align-items: center;
  font-size: 14px; margin: 0; }}
.fv-bars .fv-track {{ height: 16px; border-radius: 4px; overflow: hidden;
  background: color-mix(in srgb, var(--fv-border) 60%, transparent); }}
.fv-bars .fv-fill {{ display: block; height: 100%; border-radius: 4px; min-width: 2px; }}
.fv-bars .fv-number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.fv-bars li:first-child {{ font-weight: 600; }}
.fv-tags .fv-track {{ position: relative; }}
.fv-tags .fv-track i {{ position: absolute; top: 0; width: 2px; height: 100%; background: var(--fv-text); }}
.fv-tags .fv-bars li:first-child {{ font-weight: 400; }}
.fv-tags h3 {{ font-size: 13px; font-weight: 600; color: var(--fv-muted); margin: 0 0 6px; }}
.fv-tags details {{ margin: -4px 0 12px; font-size: 13px; color: var(--fv-muted); }}
.gradio-container .fv-tile .fv-tags {{ margin: 0 0 12px; }}
.fv-tags summary {{ cursor: pointer; padding: 2px 0 8px; }}
.fv-foot {{ border-top: 1px solid var(--fv-border); padding-top: 8px; color: var(--fv-muted); font-size: 12.5px;
  line-height: 1.5; overflow-wrap: anywhere; }}
.fv-foot p {{ margin: 0; font-size: 12.5px; }}
.fv-foot code {{ font-size: 12px; background: none; padding: 0; border: 0; color: inherit; }}
.fv-empty {{ display: flex; flex-direction: column; justify-content: center; min-height: 294px; text-align: center;
  color: var(--fv-muted); gap: 6px; }}
.fv-empty strong {{ color: var(--fv-text); font-size: 16px; }}
.fv-error {{ border: 1px solid var(--fv-warn-line); background: var(--fv-warn-bg); color: var(--fv-warn);
  border-radius: 8px; padding: 12px 14px; font-size: 14px; line-height: 1.45; }}
.fv-error strong {{ color: inherit; }}
.fv-status {{ min-height: 42px; font-size: 13px; line-height: 1.45; color: var(--fv-muted);
  overflow-wrap: anywhere; }}
.fv-status.fv-tall {{ min-height: 104px; }}
.gradio-container .fv-status .fv-words, .fv-scale span {{ color: var(--fv-muted); }}
.fv-status .fv-words {{ display: block; margin-top: 4px; }}
.fv-status b {{ color: var(--fv-text); font-weight: 600; }}
.fv-scale {{ display: grid; grid-template-columns: auto minmax(80px, 220px) auto; gap: 4px 10px; align-items: center;
  justify-content: start; margin-top: 6px; font-size: 12.5px; }}
.fv-ramp {{ height: 10px; border-radius: 3px; border: 1px solid var(--fv-border); }}
.fv-signed {{ background: linear-gradient(to right, {_SIGNED_STOPS}); }}
.fv-viridis {{ background: linear-gradient(to right, #440154, #414487, #2A788E, #22A884, #7AD151, #FDE725); }}
.fv-grey {{ background: linear-gradient(to right, #000, #808080, #fff); }}
#fv-model input, #fv-layer input, #fv-method input, #fv-target input, #fv-maps-target input, #fv-maps-against input,
#fv-draw-class input {{ text-overflow: ellipsis; padding-right: 4px; }}
#fv-photo, #fv-seen, #fv-saliency, #fv-channel {{ background: var(--fv-surface); }}
#fv-photo img, #fv-seen img, #fv-saliency img, #fv-channel img {{ object-fit: contain; }}
#fv-channels .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(62px, 1fr)) !important; padding: 8px; }}
.fv-examples .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(82px, 1fr)) !important; padding: 8px; }}
#fv-channels .grid-wrap, .fv-examples .grid-wrap {{ min-height: 0; }}
#fv-channels img {{ image-rendering: pixelated; }}
#fv-channels .caption-label, .fv-examples .caption-label {{ font-size: 11px; line-height: 1.3; padding: 1px 5px;
  max-width: 100%; }}
.fv-drawings .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)) !important;
  padding: 8px; gap: 8px; }}
.fv-drawings .grid-wrap {{ min-height: 0; }}
#fv-drawn .grid-wrap {{ min-height: 272px; max-height: 640px; }}
#fv-picks .grid-container {{ grid-template-columns: repeat(auto-fill, 84px) !important; }}
.fv-drawings .caption-label {{ font-size: 11px; line-height: 1.3; padding: 1px 5px; max-width: 100%; }}
#fv-find-matches .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)) !important;
  padding: 8px; gap: 8px; }}
#fv-find-matches .grid-wrap {{ min-height: 320px; max-height: none; }}
#fv-find-matches .thumbnail-lg {{ aspect-ratio: 200 / 292; }}
#fv-find-matches .caption-label {{ left: 0; right: 0; bottom: 0; max-width: 100%; max-height: 32%; padding: 2px 6px;
  white-space: pre-line; overflow: hidden; font-size: 11.5px; line-height: 1.3; background: #fff; color: #1B2033;
  border: 0; border-radius: 0; text-align: left; }}
#fv-find-photo img {{ object-fit: contain; }}
.fv-look {{ display: grid; gap: 6px; color: var(--fv-text); }}
.gradio-container .fv-look .fv-bars li {{ font-size: 13px; }}
#fv-close .fv-twin {{ flex-wrap: nowrap; gap: 8px; }}
#fv-close .fv-twin > *, .fv-twin > * {{ min-width: 0 !important; }}
#fv-draw-origin code {{ font-size: 12px; overflow-wrap: anywhere; }}
#fv-tabs > .tabitem {{ padding: 12px 0 0; border: 0; }}
.gradio-container .fv-tiles {{ display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr));
  align-items: start; }}
.gradio-container .fv-model {{ border: 1px solid var(--fv-border); background: var(--fv-surface); border-radius: 8px;
  padding: 12px 14px; gap: 8px; min-width: 0 !important; }}
.fv-tile {{ min-height: 206px; color: var(--fv-text); }}
.gradio-container .fv-tile h3 {{ font-size: 15px; font-weight: 600; margin: 0; color: var(--fv-text); }}
.gradio-container .fv-tile .fv-sub, .gradio-container .fv-facts, .gradio-container .fv-wait {{ margin: 0 0 6px;
  font-size: 12.5px; line-height: 1.45; color: var(--fv-muted); overflow-wrap: anywhere; }}
.gradio-container .fv-facts code {{ font-size: 12px; background: none; padding: 0; border: 0; color: inherit; }}
.gradio-container .fv-model .fv-bars li {{ grid-template-columns: 138px 1fr 50px; gap: 8px; font-size: 13px; }}
.gradio-container .fv-model .fv-bars span {{ font-size: 13px; }}
.fv-model .fv-twin {{ flex-wrap: nowrap; gap: 8px; }}
.fv-model .fv-twin > * {{ min-width: 0 !important; }}
.fv-model img, .fv-photo img {{ object-fit: contain; }}
.fv-model .fv-coarse img {{ image-rendering: pixelated; }}
.fv-progress {{ display: grid; gap: 4px; align-content: start; }}
.fv-progress progress {{ width: 100%; height: 10px; accent-color: var(--fv-accent); }}
.gradio-container .fv-entry {{ border-bottom: 1px solid var(--fv-border); padding: 6px 0 10px; gap: 12px;
  align-items: center; }}
.fv-entry .fv-photo {{ flex: 0 0 96px; min-width: 96px !important; max-width: 96px; }}
.fv-row .fv-bars {{ margin: 0; }}
.fv-row .fv-error {{ padding: 6px 10px; font-size: 13px; }}
.gradio-container .fv-row p.fv-file {{ margin: 0; font-size: 14px; font-weight: 600; overflow-wrap: anywhere;
  color: var(--fv-text); }}
.gradio-container .fv-row p.fv-facts {{ margin: 0; }}
.fv-scroll {{ overflow-x: auto; max-height: 420px; overflow-y: auto; }}
.gradio-container .fv-table {{ border-collapse: collapse; width: 100%; font-size: 13px; color: var(--fv-text); }}
.gradio-container .fv-table caption {{ text-align: left; color: var(--fv-muted); font-size: 12.5px; padding: 0 0 6px; }}
.gradio-container .fv-table th, .gradio-container .fv-table td {{ text-align: left; padding: 5px 12px 5px 0;
  border: 0; border-bottom: 1px solid var(--fv-border); vertical-align: middle; font-variant-numeric: tabular-nums; }}
.gradio-container .fv-table tr, .gradio-container .fv-table thead {{ border: 0; }}
.gradio-container .fv-table th {{ font-weight: 600; }}
.gradio-container .fv-table .fv-time {{ white-space: nowrap; }}
.gradio-container .fv-table img {{ height: 56px; width: auto; max-width: 72px; object-fit: contain; border-radius: 4px;
  display: inline-block; vertical-align: middle; margin: 0 8px 0 0; }}
.fv-dot {{ display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }}
footer .settings {{ font-size: 13px; }}
@media (max-width: 640px) {{
  .gradio-container {{ padding: 12px !important; }}
  .fv-head nav {{ margin-left: 0; flex-basis: 100%; }}
  .fv-bars li {{ grid-template-columns: 126px 1fr 48px; gap: 8px; font-size: 13px; }}
  .fv-card {{ padding: 12px; }}
  .fv-examples .grid-container {{ grid-template-columns: none !important; grid-auto-flow: column;
    grid-auto-columns: 84px; overflow-x: auto; }}
  #fv-find-matches .thumbnail-lg {{ aspect-ratio: 200 / 378; }}
  #fv-find-matches .thumbnail-lg img {{ object-fit: contain; object-position: top; background: #fff; }}
  #fv-find-matches .caption-label {{ max-height: 46.5%; }}
}}
@media (prefers-reduced-motion: no-preference) {{ .fv-fill {{ transition: width .25s ease-out; }} }}
"""

HEAD = (
    '<meta name="description" content="Ask a fashion classifier about a photo: what it predicts, where it looked, '
    'what its layers see.">'
)
