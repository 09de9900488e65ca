"""Sentences that both apps say."""

import re

import pytest

from apps.lab import parts
from apps.studio import parts as studio_parts
from apps.words import assurance_words, category_words, tags_headline
from fashionviz.figures.theme import PALETTE
from fashionviz.match.results import MatchedItem
from fashionviz.models.assurance import CLEAR, CLOSE, NO_GARMENT
from fashionviz.results import Assurance, ClassScore, ModelInfo, ModelRef, Prediction, TagGroup, Timings, Verdict

INFO = ModelInfo(
    "a.b", "b", "a", "A", True, True, ("hats", "belts"), (8, 8), 1, "ab" * 32, (), True, "cpu", "float32", (), ""
)


@pytest.mark.parametrize(("verdict", "reason"), [("sure", CLEAR), ("unsure", CLOSE), ("not-a-garment", NO_GARMENT)])
def test_a_verdict_is_a_sign_and_words(verdict: Verdict, reason: str) -> None:
    sign, lead, more = assurance_words(Assurance(verdict, 0.4, reason))
    assert len(sign) == 1
    assert reason in (lead, more)
    assert lead != more
    signs = {assurance_words(Assurance(v, 0.4, reason))[0] for v in ("sure", "unsure", "not-a-garment")}
    assert len(signs) == 3, "told apart without colour"


def test_the_labs_card_says_it_once_and_nothing_without_it() -> None:
    scores = (ClassScore("hats", 0.9, 2.0), ClassScore("belts", 0.1, 0.0))
    silent = Prediction(ModelRef("a.b", "ab" * 32), scores, Timings(1, 2, 3))
    said = Prediction(silent.model, scores, silent.timings, assurance=Assurance("not-a-garment", 0.1, NO_GARMENT))
    assert parts.prediction_card(said, INFO, "the whole photo").count(NO_GARMENT) == 1
    card = parts.prediction_card(silent, INFO, "the whole photo")
    assert "sure" not in card
    assert NO_GARMENT not in card


def test_a_headline_names_six_tags_and_counts_the_others() -> None:
    tags = tuple(ClassScore(f"kind: {i}", 0.9 - i / 100, 0.0, 0.5) for i in range(9))
    groups = (TagGroup("kind", "Kind", False, tags),)
    assert tags_headline(groups) == "0 · 1 · 2 · 3 · 4 · 5 and 3 more"
    assert tags_headline((TagGroup("kind", "Kind", False, tags[:7]),)) == "0 · 1 · 2 · 3 · 4 · 5 · 6", "one is no crowd"
    assert tags_headline(()) == "No tag is probable enough"


def test_both_apps_give_a_tag_its_groups_colour_in_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = tuple(
        TagGroup(
            name, name.title(), True, (ClassScore(f"{name}: a", 0.6, 0.0, 0.5), ClassScore(f"{name}: b", 0.2, 0.0, 0.5))
        )
        for name in ("kind", "colour", "season", "usage")
    )
    scores = tuple(tag for group in kinds for tag in group.tags)
    many = Prediction(ModelRef("a.b", "ab" * 32), scores, Timings(1, 2, 3), tags=kinds)
    one = Prediction(many.model, kinds[0].tags, many.timings, tags=kinds[:1])
    drawn: list[str] = []
    monkeypatch.setattr(studio_parts.st, "html", drawn.append)
    for prediction, colours in ((many, PALETTE[:3]), (one, (PALETTE[0],) * 2)):
        studio_parts.top_tags(prediction, 3)
        for page in (parts.short_bars(prediction, INFO.classes, 3), drawn[-1]):
            assert page.count("<ol") == 1
            assert re.findall(r"background:(#\w+)", page) == list(colours)


def test_a_garments_category_in_words() -> None:
    share = (("bags", 0.83), ("footwear", 0.08))
    found = MatchedItem((0, 0, 9, 9), 0.98, "footwear", share, ("footwear",), (), "footwear")
    assert category_words(found).startswith("The detector found: footwear (98%). The small network")
    assert category_words(found).endswith("would say bags (83%) or footwear (8%).")
    chosen = MatchedItem((0, 0, 9, 9), None, "bags", share, (), ())
    assert category_words(chosen) == "Probably bags (83%) or footwear (8%)."
    assert category_words(MatchedItem((0, 0, 9, 9), None, None, (), (), ())) == ""
