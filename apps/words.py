"""Sentences that more than one front end says."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fashionviz.explain.caution import ADDRESS, CAUTION, LEAD, SOURCE
from fashionviz.explain.caution import INSENSITIVE as INSENSITIVE
from fashionviz.match.results import MatchedItem
from fashionviz.results import Assurance, TagGroup

#: Tags in a headline; what goes beyond is counted.
_NAMED = 6


def tags_headline(groups: Sequence[TagGroup]) -> str:
    """What a tagger says of a photo, in one line: the first tags by group, and how many more there are."""
    said = [tag.value for group in groups for tag in group.said]
    more = len(said) - _NAMED
    if more > 1:
        return f"{' · '.join(said[:_NAMED])} and {more} more"
    return " · ".join(said) or "No tag is probable enough"


def category_words(garment: MatchedItem) -> str:
    """What a garment may be: the detector's word where it found it, then the small network's two."""
    named = " or ".join(f"{label} ({share:.0%})" for label, share in garment.categories)
    if garment.label is None or garment.score is None:
        return f"Probably {named}." if named else ""
    second = f" The small network that names categories would say {named}." if named else ""
    return f"The detector found: {garment.label} ({garment.score:.0%}).{second}"


def caution_markdown() -> str:
    """What to keep in mind about the methods named in ``INSENSITIVE``, in Markdown."""
    return f"**{LEAD}** {CAUTION.format(source=f'[{SOURCE}]({ADDRESS})')}"


def caution_html() -> str:
    """The same in HTML."""
    link = f'<a href="{ADDRESS}" target="_blank" rel="noopener noreferrer">{SOURCE}</a>'
    return f"<b>{LEAD}</b> {escape(CAUTION, quote=False).format(source=link)}"


#: What to keep in mind where no garment was found.
_NO_GARMENT = "It must still choose among its classes, which mean little here."


def assurance_words(assurance: Assurance) -> tuple[str, str, str]:
    """Sign, lead and second sentence of a verdict, for one line: the sign and the words say it, not a colour."""
    if assurance.verdict == "not-a-garment":
        return "✕", assurance.reason, _NO_GARMENT
    if assurance.verdict == "unsure":
        return "?", "The model is not sure.", assurance.reason
    return "✓", "The model is sure.", assurance.reason
