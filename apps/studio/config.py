"""Streamlit's options for the studio, from the house's theme, for the server and for `.streamlit/config.toml`."""

from __future__ import annotations

from apps.middleware import MAX_VIDEO
from fashionviz.figures.theme import ACCENT, DARK, FONT, LIGHT, PALETTE, Scheme

#: The accent lightened until it reads on the dark background (contrast 6.4:1).
ACCENT_ON_DARK = "#8DA2FB"

Option = str | int | bool | list[str]


def streamlit_options() -> dict[str, Option]:
    """Option names as in `streamlit config show`, with the values the studio runs with."""
    options: dict[str, Option] = {
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        # Of a video; each page says itself what it takes.
        "server.maxUploadSize": MAX_VIDEO // (1024 * 1024),
        "server.fileWatcherType": "none",
        "theme.font": FONT,
        "theme.baseRadius": "8px",
        "theme.showSidebarBorder": True,
    }
    for mode, scheme, accent in (("light", LIGHT, ACCENT), ("dark", DARK, ACCENT_ON_DARK)):
        options |= {f"theme.{mode}.{key}": value for key, value in _colours(scheme, accent).items()}
        options[f"theme.{mode}.sidebar.backgroundColor"] = scheme.surface
        options[f"theme.{mode}.sidebar.secondaryBackgroundColor"] = scheme.background
    return options


def _colours(scheme: Scheme, accent: str) -> dict[str, Option]:
    return {
        "primaryColor": accent,
        "linkColor": accent,
        "backgroundColor": scheme.background,
        "secondaryBackgroundColor": scheme.surface,
        "textColor": scheme.text,
        "borderColor": scheme.border,
        "codeTextColor": scheme.text,
        "codeBackgroundColor": scheme.surface,
        "chartCategoricalColors": list(PALETTE),
    }


def as_toml() -> str:
    """The options as the text of `.streamlit/config.toml`."""
    sections: dict[str, list[str]] = {}
    for name, value in streamlit_options().items():
        section, _, key = name.rpartition(".")
        sections.setdefault(section, []).append(f"{key} = {_toml(value)}")
    blocks = "\n\n".join("\n".join([f"[{section}]", *lines]) for section, lines in sections.items())
    return f"# Written by `python -m apps.studio.config`: colours and limits come from the library.\n\n{blocks}\n"


def _toml(value: Option) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return f'"{value}"'


if __name__ == "__main__":
    from pathlib import Path

    target = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
    target.parent.mkdir(exist_ok=True)
    target.write_text(as_toml())
    print(f"wrote {target}")
