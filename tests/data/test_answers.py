"""The table of kinds of answers: every task has a row, and a refusal is one sentence that names what there is."""

import re
from typing import get_args

import pytest

from fashionviz.cli import app
from fashionviz.data.answers import ANSWERS, Kind
from fashionviz.data.labels import TASKS


def test_every_kind_has_a_row_and_every_task_a_kind() -> None:
    assert set(ANSWERS) == set(get_args(Kind))
    for task in TASKS.values():
        assert bool(task.groups) == (task.answer == "tags")
        assert bool(task.dimensions) == (task.answer == "embedding")
        assert task.outputs == (task.dimensions or len(task.classes)) > 0


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_refusal_is_one_sentence_about_what_there_is(kind: Kind) -> None:
    sentence = ANSWERS[kind].refusal("some.model")
    assert sentence.startswith("some.model names no class of a photo, it ")
    assert sentence.endswith("choose another model.")
    commands = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    assert set(re.findall(r"`fashionviz ([\w-]+)`", sentence)) <= commands


def test_what_names_no_photo_has_a_scorer_of_its_own() -> None:
    for kind, answer in ANSWERS.items():
        assert bool(answer.scored_by) == (kind != "classes")
