"""Cells: every name survives, no spreadsheet runs one, what is no row is refused."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

from fashionviz.annotate.row import (
    COLUMNS,
    Annotation,
    from_cells,
    from_printable,
    guard,
    printable,
    to_cells,
    to_json,
    unguard,
)

SHA = "0123456789abcdef" * 4
HOSTILE = (
    "=HYPERLINK(1).jpg",
    "+1.jpg",
    "-1.jpg",
    "@sum.jpg",
    "\t=1.jpg",
    "\r=1.jpg",
    "\n=1.jpg",
    "＝1.jpg",  # Excel with an East Asian language takes the full-width sign for the sign
    "'=1.jpg",
    "''quoted'.jpg",
    'say "cheese", please;=1.jpg',
    "two\nlines.jpg",
    "two\r\nlines.jpg",
    "Kleid grün 連衣裙 👗.jpg",
    "no utf-8 \udcff\udc80.jpg",
    "a name that looks escaped \\udcff \\u005c \\u005cudcff.jpg",
    "\\\udcff.jpg",
    " .jpg",
    "[bold]x[/].jpg",
    "\x1b[31mred.jpg",
)


def row(file: str = "a.jpg", **changes: object) -> Annotation:
    values: dict[str, object] = {"label": "Men/Apparel", "probability": 0.7, "runner_up": "Men/Other"}
    return Annotation(**{"file": file, "sha256": SHA, "model": "m.t", "weights": SHA, **values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_every_name_comes_back_and_none_is_a_formula(name: str) -> None:
    cells = to_cells(row(name))
    assert cells[0][0] not in "=+-@\t\r\n＝＋－＠"
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    stored = text.getvalue().encode("utf-8").decode("utf-8")
    assert from_cells(next(csv.reader(io.StringIO(stored, newline="")))) == row(name)


def test_any_mixture_of_tricky_pieces_comes_back() -> None:
    pieces = [
        "\\",
        "u",
        "d",
        "c",
        "f",
        "0",
        "5",
        "'",
        "=",
        "\udcff",
        "\udc5c",
        "\ud83d",
        "é",
        '"',
        "\n",
        "\\u005c",
        "x",
    ]
    chance = random.Random(0)
    for _ in range(3000):
        name = "".join(chance.choices(pieces, k=chance.randint(1, 9)))
        assert from_printable(printable(name)) == name
        assert from_printable(unguard(guard(printable(name)))) == name
        printable(name).encode("utf-8")


def test_ordinary_names_are_left_as_they_are() -> None:
    for name in ("shirt.jpg", "men/shirt (2).jpg", "C\\D.jpg", "\\u0041.jpg", "a=b.jpg", "grün.jpg"):
        assert to_cells(row(name))[0] == name


def test_numbers_are_not_rounded() -> None:
    exact = row(probability=0.1 + 0.2, runner_up_probability=1e-17)
    assert from_cells(to_cells(exact)) == exact


def test_a_failed_row_comes_back() -> None:
    failed = Annotation("a.jpg", None, "m.t", SHA, corrected="Men/Other", error="The file is empty.")
    assert from_cells(to_cells(failed)) == failed
    assert to_cells(failed).count("") == 5


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("file", ""),
        ("model", ""),
        ("sha256", SHA[:-1]),  # cut off
        ("sha256", ""),  # an answer to nothing
        ("weights", "latest"),
        ("label", ""),  # neither an answer nor an error
        ("probability", ""),
        ("probability", "0,7"),
        ("probability", "1.2"),
        ("probability", "nan"),
        ("runner_up_probability", "-0.1"),
        ("error", "The file is empty."),  # both
    ],
)
def test_what_is_no_row_is_refused(column: str, cell: str) -> None:
    cells = to_cells(row(runner_up_probability=0.2))
    cells[COLUMNS.index(column)] = cell
    with pytest.raises(ValueError, match=r"it|its|float"):
        from_cells(cells)
    with pytest.raises(ValueError, match="9 cells"):
        from_cells(cells[:-1])


def test_the_person_has_the_last_word() -> None:
    assert row().final == "Men/Apparel"
    assert row(corrected="Women/Apparel").final == "Women/Apparel"


def test_json_has_the_columns_and_can_be_written() -> None:
    made = to_json(row("no utf-8 \udcff.jpg"))
    assert tuple(made) == COLUMNS
    assert json.loads(json.dumps(made, ensure_ascii=False).encode())["file"] == "no utf-8 \\udcff.jpg"
    assert made["error"] is None
