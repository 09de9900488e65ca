"""The one form of a reader: made with a folder and a split, it is iterated over, and says what was wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fashionviz.data.formats.files import Tree
from fashionviz.data.formats.problems import Problems
from fashionviz.data.formats.rows import Row
from fashionviz.errors import DataError, InvalidRequest


class AnnotationReader(ABC):
    """Rows of a data set in a published format. Labels are read when iteration starts, pictures never.

    Args:
        root: the data set's folder.
        split: one of :attr:`SPLITS`; ``None`` reads them all.

    Attributes:
        problems: of the last iteration.
        tree: the files below the root.
        total: about how many rows the last iteration goes through, with those left out; 0 until it is known.

    Raises:
        DataError: no such folder.
        InvalidRequest: no such split.
    """

    #: The name in the command line, and for people.
    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    #: The splits it may have.
    SPLITS: ClassVar[tuple[str, ...]]

    def __init__(self, root: str | Path, split: str | None = None) -> None:
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise DataError(f"There is no folder {self.root}.")
        if split is not None and split not in self.SPLITS:
            raise InvalidRequest(f"{self.TITLE} has the splits {', '.join(self.SPLITS)}, not {split!r}.")
        self.split = split
        self.problems = Problems()
        self.total = 0
        self.tree = Tree(self.root)

    def __iter__(self) -> Iterator[Row]:
        """The rows, one by one.

        Raises:
            DataError: a file is missing, damaged or of another format; the message names it, and the line.
        """
        self.problems = Problems()
        self.total = 0
        self.tree = Tree(self.root)
        return self._rows()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The splits that are read."""
        return self.SPLITS if self.split is None else (self.split,)

    @abstractmethod
    def _rows(self) -> Iterator[Row]:
        """The rows of :attr:`wanted`, counting what is wrong."""
