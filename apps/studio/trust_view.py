"""How far a map can be trusted: the verdict in a sentence, and the scores behind it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.studio import parts
from apps.studio.charts import chart
from fashionviz.figures.gallery import trust_figure, trust_rows, trust_words
from fashionviz.trust_results import Trust


def verdict(trust: Trust, key: str = "") -> None:
    """The sentence and, below a fold, curves, table, and where the map lies.

    Args:
        trust: what was found out.
        key: told apart from others of the same method on the page.
    """
    sign, lead = trust_words(trust)
    st.markdown(f"{sign} **{lead}** {trust.sentence}")
    with st.expander("The scores"):
        _scores(trust, key)


def _scores(trust: Trust, key: str) -> None:
    method, model = trust.attribution.method, trust.attribution.model.name
    chart(trust_figure(trust), f"curves_{method}{key}", f"{model}-{method}-trust")
    number = st.column_config.NumberColumn(format="%.3f")
    frame = pd.DataFrame(trust_rows(trust), columns=["score", "value", "compare with"])
    st.dataframe(frame, hide_index=True, column_config={"value": number})
    if trust.shares_note:
        st.caption(trust.shares_note)
    st.caption(f"Found out in {parts.seconds(trust.timings.compute)}.")
