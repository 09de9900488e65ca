"""Points of latent space as text."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.errors import InvalidRequest
from fashionviz.generate.latents import latent_of, slerp
from fashionviz.generate.points import latent_point, parse_point


@pytest.mark.parametrize("text", ["7", "0", "7>12@0.3", "7>12@0.3>5@0.25", "7>(3>4@0.5)@0.3", "7>(1>(2>3@1)@0.2)@0.5"])
def test_text_comes_back(text: str) -> None:
    assert parse_point(str(parse_point(text))) == parse_point(text)


def test_a_way_is_the_great_circle() -> None:
    z = parse_point("7>12@0.3>5@0.2").latent(100)
    expected = slerp(slerp(latent_of(7, 100), latent_of(12, 100), 0.3), latent_of(5, 100), 0.2)
    assert np.array_equal(z, expected)
    nested = parse_point("7>(3>4@0.5)@0.3").latent(100)
    assert np.array_equal(nested, slerp(latent_of(7, 100), slerp(latent_of(3, 100), latent_of(4, 100), 0.5), 0.3))


def test_ends_of_a_way_are_its_points() -> None:
    assert np.allclose(parse_point("7>12@0").latent(64), latent_of(7, 64))
    assert np.allclose(parse_point("7>12@1").latent(64), latent_of(12, 64), atol=1e-6)


def test_lengths_stay_typical_on_the_way() -> None:
    lengths = [np.linalg.norm(parse_point(f"1>2@{share}").latent(128)) for share in (0, 0.25, 0.5, 0.75, 1)]
    straight = np.linalg.norm((latent_of(1, 128) + latent_of(2, 128)) / 2)
    assert min(lengths) > 0.9 * min(lengths[0], lengths[-1])
    assert straight < 0.8 * lengths[2]


def test_a_latent_can_be_written_out() -> None:
    z = latent_of(5, 100)
    back = parse_point(str(latent_point(z))).latent(100)
    assert np.allclose(back, z, atol=2e-3)
    with pytest.raises(InvalidRequest, match="takes 128"):
        parse_point(str(latent_point(z))).latent(128)


def test_truncation_bounds_a_seed() -> None:
    assert np.abs(latent_of(3, 1000, 0.8)).max() <= 0.8
    assert np.abs(latent_of(3, 1000)).max() > 2
    inside = np.abs(latent_of(3, 1000)) <= 0.8
    assert np.array_equal(latent_of(3, 1000, 0.8)[inside], latent_of(3, 1000)[inside])


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.5", "7>12", "7>@0.3", "7>12@1.5", "7>12@-1", "7>(3>4@0.5@0.3", "7 12", "99999999999999999", "z:",
     "z:!!", "z:AAA", "7>" + "(1>" * 9 + "2", "z:" + "A" * 8 + "=" * 5, "z:AH4AfgB-"],
)  # fmt: skip
def test_other_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_point(text).latent(100)


def test_seeds_do_not_change() -> None:
    """Pictures that somebody kept by seed must come back: the numbers are NumPy's PCG64."""
    assert np.allclose(latent_of(0, 3), [0.12573022, -0.13210486, 0.64042264])


def test_a_point_of_too_many_seeds_is_refused_before_it_is_read() -> None:
    assert parse_point("7" + ">1@0.5" * 60).latent(8).shape == (8,)
    inner = "(1" + ">2@0.5" * 30 + ")"
    with pytest.raises(InvalidRequest, match="128 seeds"):
        parse_point("7" + f">{inner}@0.5" * 60)
    with pytest.raises(InvalidRequest, match="128 seeds"):
        parse_point("7" + ">1@0.5" * 1_000_000)
