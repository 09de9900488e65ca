"""A point of latent space as text, so that a picture fits into an address, a manifest and a command line.

==================  ==============================================================================
``7``               the latent of seed 7 (of a class: the one chosen among several, see ``second_look``)
``7>12@0.3``        from 7 three tenths of the way to 12; ``7>12@0.3>5@0.2`` goes on from there
``7>(3>4@0.5)@0.3`` towards another point
``z:…``             a latent itself, as base64 of float16 numbers: what a search found
==================  ==============================================================================
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fashionviz.errors import InvalidRequest
from fashionviz.generate.latents import LARGEST_SEED, Latent, latent_of, slerp

#: Moves of a point, and seeds and latents in one text: each costs about as much as a picture, and nobody writes more.
MOST_MOVES, MOST_ENDS = 64, 128
_SEED = re.compile(r"\d{1,16}")
_SHARE = re.compile(r"@(\d*\.?\d+)")
_LATENT = re.compile(r"z:([A-Za-z0-9_-]+={0,2})")


@dataclass(frozen=True)
class Move:
    """So far towards another point.

    Attributes:
        towards: the other point.
        share: 0 stays, 1 arrives.
    """

    towards: Point
    share: float

    def __str__(self) -> str:
        other = str(self.towards)
        return f">{f'({other})' if self.towards.moves else other}@{self.share:g}"


@dataclass(frozen=True)
class Point:
    """A point: where it begins, and the moves from there.

    Attributes:
        start: a seed, or a latent as base64 of float16 numbers.
        moves: in order.
    """

    start: int | str
    moves: tuple[Move, ...] = ()

    def __str__(self) -> str:
        begin = f"z:{self.start}" if isinstance(self.start, str) else str(self.start)
        return begin + "".join(str(move) for move in self.moves)

    @property
    def seed(self) -> int | None:
        """The seed it begins at, if any."""
        return self.start if isinstance(self.start, int) else None

    def latent(
        self, size: int, truncation: float | None = None, of_seed: Callable[[int], Latent] | None = None
    ) -> Latent:
        """The latent ``(size,)`` float32.

        Args:
            size: dimensions.
            truncation: of the seeds' latents; one that is written out stays as it is.
            of_seed: gives a seed's latent, instead of :func:`latent_of`.

        Raises:
            InvalidRequest: a latent that is written out has other dimensions, or is not finite.
        """
        if isinstance(self.start, int):
            z = of_seed(self.start) if of_seed else latent_of(self.start, size, truncation)
        else:
            z = _decoded(self.start)
            if len(z) != size:
                raise InvalidRequest(f"That latent has {len(z)} numbers; this generator takes {size}.")
        for move in self.moves:
            z = slerp(z, move.towards.latent(size, truncation, of_seed), move.share)
        return z

    def towards(self, other: Point, share: float) -> Point:
        """The point so far on the way to another one."""
        return Point(self.start, (*self.moves, Move(other, round(float(share), 4))))


def latent_point(z: Latent) -> Point:
    """The point that is a latent itself; float16 keeps three digits of each number."""
    return Point(base64.urlsafe_b64encode(np.asarray(z, "<f2").tobytes()).decode())


def _decoded(text: str) -> Latent:
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        values = np.frombuffer(raw, "<f2").astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("A latent must be base64 of 16-bit numbers, as this suite writes it.") from error
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > 100:
        raise InvalidRequest("That latent holds numbers that no picture comes from.")
    return values


def parse_point(text: str) -> Point:
    """Read a point.

    Raises:
        InvalidRequest: the text is none; the sentence says what one looks like.
    """
    if text.count(">") >= MOST_ENDS:  # before anything is read: a text may be long
        raise InvalidRequest(f"A point may name {MOST_ENDS} seeds or latents at most.")
    point, end = _parse(text.strip(), 0, 0)
    if end != len(text.strip()):
        raise _unreadable(text)
    return point


def _parse(text: str, at: int, depth: int) -> tuple[Point, int]:
    if depth > 8:
        raise InvalidRequest("Points may be nested eight deep at most.")
    start: int | str
    if found := _LATENT.match(text, at):
        start, at = found[1], found.end()
        _decoded(start)
    elif found := _SEED.match(text, at):
        start, at = int(found[0]), found.end()
        if start > LARGEST_SEED:
            raise InvalidRequest(f"The largest seed is {LARGEST_SEED:,}.")
    else:
        raise _unreadable(text)
    moves: list[Move] = []
    while text.startswith(">", at):
        if text.startswith("(", at + 1):
            other, at = _parse(text, at + 2, depth + 1)
            if not text.startswith(")", at):
                raise _unreadable(text)
            at += 1
        else:
            other, at = _leaf(text, at + 1)
        share = _SHARE.match(text, at)
        if not share or not 0 <= float(share[1]) <= 1:
            raise _unreadable(text)
        moves.append(Move(other, float(share[1])))
        at = share.end()
        if len(moves) > MOST_MOVES:
            raise InvalidRequest(f"A point may move {MOST_MOVES} times at most.")
    return Point(start, tuple(moves)), at


def _leaf(text: str, at: int) -> tuple[Point, int]:
    """A seed or a latent without moves."""
    found = _LATENT.match(text, at) or _SEED.match(text, at)
    if not found:
        raise _unreadable(text)
    return parse_point(found[0]), found.end()


def _unreadable(text: str) -> InvalidRequest:
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return InvalidRequest(
        f"{shown!r} is no point. Give a seed such as 7, or a way such as 7>12@0.3: "
        "from 7 three tenths of the way to 12."
    )
