"""The studio's Studies page shows what the studies wrote."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fashionviz.studies import pages
from fashionviz.studies.pages import study_pages

ROOT = Path(__file__).resolve().parents[2]
MAIN = str(ROOT / "apps" / "studio" / "main.py")


def page(**query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=180).run()
    app.query_params.update(query)
    return app.switch_page("views/studies.py").run()


def test_every_committed_page_can_be_chosen() -> None:
    found = {page.name: page for page in study_pages()}
    assert set(found) == {path.stem for path in (ROOT / "docs" / "studies").glob("*.md")}
    balance = found["balance"]
    assert f"# {balance.title}" == (ROOT / "docs/studies/balance.md").read_text().splitlines()[0]
    app = page(study="thresholds")
    assert not app.exception
    assert app.selectbox(key="study").value == "thresholds"
    assert app.subheader[0].value == found["thresholds"].title
    assert found["thresholds"].text in [m.value for m in app.markdown]
    assert app.code[0].value == "fashionviz study thresholds"
    app.selectbox(key="study").set_value("balance").run()
    shown = "".join(m.value for m in app.markdown)
    assert "<details>" in balance.text
    assert "<details>" not in shown
    fold = next(e for e in app.expander if e.label == "Settings of each row")
    assert "`plain`" in fold.markdown[0].value


def test_without_the_documents_it_says_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.study_pages, "__defaults__", (tmp_path,))
    app = page()
    assert not app.exception
    assert "docs/studies" in app.info[0].value
