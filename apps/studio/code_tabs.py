"""What a page did, as code to copy."""

from __future__ import annotations

import streamlit as st


def code_tabs(python: str, shell: str, curl: str | None = None) -> None:
    """Python, the command line and, where there is one, the REST call; each with a button that copies it.

    Args:
        python: at most five lines of the library's calls.
        shell: for a POSIX shell.
        curl: for a POSIX shell.
    """
    texts = {"Python": (python, "python"), "Command line": (shell, "bash")}
    if curl is not None:
        texts["curl"] = (curl, "bash")
    for tab, (text, language) in zip(st.tabs(list(texts)), texts.values(), strict=True):
        tab.code(text, language=language, wrap_lines=True)
