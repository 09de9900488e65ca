"""What the studio keeps of a session, and how it looks."""

from pathlib import Path

import streamlit as st

from apps.studio import config, state

ROOT = Path(__file__).resolve().parents[2]


def test_only_the_latest_answers_are_kept() -> None:
    st.session_state.clear()
    for i in range(state.KEPT + 3):
        state.keep((i,), i + 1)
    assert state.answer((0,)) is None
    assert state.answer((state.KEPT + 2,)) == state.KEPT + 3
    st.session_state.clear()


def test_the_configuration_file_is_the_house_theme() -> None:
    assert (ROOT / ".streamlit" / "config.toml").read_text() == config.as_toml()
