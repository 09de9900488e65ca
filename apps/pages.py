"""Server-rendered pages of our own: templates, static files, and the theme's colours as a style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from fashionviz.figures.theme import ACCENT, DARK, FONT, LIGHT, PALETTE, Scheme

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """A page from ``templates/``; values are escaped."""
    return _templates.get_template(template).render(**values)


def not_found_page() -> str:
    """The page for an address that does not exist."""
    return render("not_found.html")


def _variables(scheme: Scheme) -> str:
    names = ("background", "surface", "border", "text", "muted")
    return "".join(f"--{name}:{getattr(scheme, name)};" for name in names)


@cache
def theme_css() -> str:
    """The theme as CSS variables, light and dark; the rest of the style is in ``static/portal.css``."""
    classes = "".join(f"--class-{i}:{colour};" for i, colour in enumerate(PALETTE))
    # The accent is too dark for text on the dark ground: mixed with white it reaches 6:1.
    fixed = f"color-scheme:light dark;--font:{FONT};--accent:{ACCENT};{classes}"
    return (
        f":root{{{fixed}--link:{ACCENT};{_variables(LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--link:color-mix(in srgb,{ACCENT} 45%,white);"
        f"{_variables(DARK)}}}}}\n"
    )
