"""Which engine should hold a catalogue: search time and recall@10 of FAISS and LanceDB, and what storing costs.

Every number of a table comes from one run, and the ratios are against the exact search of the same run. Vectors are
drawn: 256 values of a falling spectrum, unit length, in families of 4 colour variants within 11 categories of unequal
size; a query is an item with noise, at a cosine of about 0.8 from it, as a street view of an item is. LanceDB is
measured where it is installed (it is no part of the suite).

    python -m bench.bench_catalogue                     # 10,000 vectors, a table
    python -m bench.bench_catalogue --sizes 10000 100000 --write   # and into docs/catalogue.md; other sizes stay there
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

DOC = Path(__file__).resolve().parents[1] / "docs" / "catalogue.md"
BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.DOTALL)
DIM, K, QUERIES, CATEGORIES, FAMILY = 256, 10, 200, 11, 4
COMMIT = 1000

F32 = NDArray[np.float32]
Ids = NDArray[np.int64]
#: One query (256,) and a category or None, to at most ten ids.
Search = Callable[[F32, int | None], Ids]


@dataclass(frozen=True)
class Material:
    """Vectors ``(N, 256)``, the category of each, queries and theirs."""

    vectors: F32
    categories: NDArray[np.int64]
    queries: F32
    asked: NDArray[np.int64]


def _unit(x: F32) -> F32:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def material(n: int, seed: int = 0) -> Material:
    """Drawn vectors, the same at every call."""
    rng = np.random.default_rng(seed)
    spectrum = ((1 + np.arange(DIM)) ** -0.5).astype(np.float32)
    shares = 1 / (1 + np.arange(CATEGORIES))
    families = max(1, n // FAMILY)
    of_family = rng.choice(CATEGORIES, families, p=shares / shares.sum())
    centres = rng.standard_normal((CATEGORIES, DIM), dtype=np.float32) * spectrum
    middle = centres[of_family] + rng.standard_normal((families, DIM), dtype=np.float32) * spectrum
    family = rng.integers(0, families, n)
    vectors = middle[family]
    vectors += 0.4 * rng.standard_normal((n, DIM), dtype=np.float32) * spectrum
    chosen = rng.choice(n, QUERIES, replace=False)
    queries = vectors[chosen] + 0.7 * rng.standard_normal((QUERIES, DIM), dtype=np.float32) * spectrum
    categories = of_family[family]
    return Material(_unit(vectors), categories, _unit(queries), categories[chosen])


def exact(data: Material, category: bool) -> list[Ids]:
    """The ten nearest by cosine, in float32, of all or of the query's category."""
    found = []
    for query, code in zip(data.queries, data.asked, strict=True):
        rows = np.flatnonzero(data.categories == code) if category else np.arange(len(data.vectors))
        scores = data.vectors[rows] @ query
        found.append(rows[np.argsort(-scores)[:K]])
    return found


# --- the engines ------------------------------------------------------------------------------------------------


def _faiss_search(index: Any, data: Material, parameters: Callable[..., Any]) -> Search:
    selectors = {}
    for code in range(CATEGORIES):
        bits = np.packbits(data.categories == code, bitorder="little")
        selectors[code] = (faiss.IDSelectorBitmap(bits), bits)

    def search(query: F32, category: int | None) -> Ids:
        faiss.omp_set_num_threads(1)  # as the suite searches: waking threads takes longer than most searches
        given = {} if category is None else {"sel": selectors[category][0]}
        return index.search(query[None], K, params=parameters(**given))[1][0]

    return search


def flat(data: Material, _folder: Path) -> Search:
    index = faiss.IndexFlatIP(DIM)
    index.add(data.vectors)
    return _faiss_search(index, data, faiss.SearchParameters)


def flat_fp16(data: Material, _folder: Path) -> Search:
    index = faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.add(data.vectors)
    return _faiss_search(index, data, faiss.SearchParameters)


def hnsw(data: Material, _folder: Path) -> Search:
    index = faiss.IndexHNSWSQ(DIM, faiss.ScalarQuantizer.QT_fp16, 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 80
    index.train(data.vectors[:1])
    index.add(data.vectors)
    return _faiss_search(index, data, lambda **given: faiss.SearchParametersHNSW(efSearch=128, **given))


def ivf(data: Material, _folder: Path) -> Search:
    lists = int(4 * len(data.vectors) ** 0.5)
    coarse = faiss.IndexFlatIP(DIM)
    index = faiss.IndexIVFScalarQuantizer(coarse, DIM, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.max_points_per_centroid = 10, 64
    index.train(data.vectors)
    index.add(data.vectors)
    return _faiss_search(index, data, lambda **given: faiss.SearchParametersIVF(nprobe=max(1, lists // 32), **given))


def _lance_table(data: Material, folder: Path) -> Any:
    import lancedb
    import pyarrow as pa

    column = pa.FixedSizeListArray.from_arrays(pa.array(data.vectors.ravel()), DIM)
    rows = pa.table({"id": np.arange(len(data.vectors)), "category": data.categories, "vector": column})
    return lancedb.connect(folder).create_table("items", rows)


def _lance_search(table: Any, **choices: int) -> Search:
    def search(query: F32, category: int | None) -> Ids:
        asked = table.search(query).distance_type("cosine").limit(K).select(["id", "_distance"])
        for name, value in choices.items():
            asked = getattr(asked, name)(value)
        if category is not None:
            asked = asked.where(f"category = {category}", prefilter=True)
        return asked.to_arrow().column("id").to_numpy()

    return search


def lance_flat(data: Material, folder: Path) -> Search:
    return _lance_search(_lance_table(data, folder))


def lance_hnsw(data: Material, folder: Path) -> Search:
    import lancedb.index

    table = _lance_table(data, folder)
    table.create_index("vector", config=lancedb.index.HnswSq(distance_type="cosine", m=32, ef_construction=80))
    return _lance_search(table, ef=128, refine_factor=2)


ENGINES: dict[str, Callable[[Material, Path], Search]] = {
    "FAISS flat, float32 (exact)": flat,
    "FAISS flat, fp16": flat_fp16,
    "FAISS HNSW 32, fp16, ef 128": hnsw,
    "FAISS IVF 4√n, fp16, 1 list in 32": ivf,
    "LanceDB without an index": lance_flat,
    "LanceDB IVF-HNSW, int8, ef 128": lance_hnsw,
}


# --- the stores -------------------------------------------------------------------------------------------------


def store_sqlite(data: Material, folder: Path) -> tuple[float, float]:
    """Seconds to commit all rows by the thousand, power-cut safe, and seconds to read every vector back."""
    db = sqlite3.connect(folder / "items.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE items (key INTEGER PRIMARY KEY, category INTEGER, vector BLOB)")
    half = data.vectors.astype(np.float16)
    start = time.perf_counter()
    for first in range(0, len(half), COMMIT):
        db.execute("BEGIN IMMEDIATE")
        rows = range(first, min(first + COMMIT, len(half)))
        db.executemany(
            "INSERT INTO items VALUES (?, ?, ?)", ((i, int(data.categories[i]), half[i].tobytes()) for i in rows)
        )
        db.execute("COMMIT")
    wrote = time.perf_counter() - start
    start = time.perf_counter()
    read = b"".join(row[0] for row in db.execute("SELECT vector FROM items ORDER BY key"))
    assert np.frombuffer(read, np.float16).reshape(-1, DIM).astype(np.float32).shape == data.vectors.shape
    return wrote, time.perf_counter() - start


def store_lance(data: Material, folder: Path) -> tuple[float, float]:
    """The same of LanceDB."""
    import lancedb
    import pyarrow as pa

    db, table = lancedb.connect(folder), None
    half = data.vectors.astype(np.float16)
    start = time.perf_counter()
    for first in range(0, len(half), COMMIT):
        part = slice(first, first + COMMIT)
        column = pa.FixedSizeListArray.from_arrays(pa.array(half[part].ravel()), DIM)
        rows = pa.table({"id": np.arange(len(half))[part], "category": data.categories[part], "vector": column})
        if table is None:
            table = db.create_table("items", rows)
        else:
            table.add(rows)
    wrote = time.perf_counter() - start
    assert table is not None
    start = time.perf_counter()
    column = table.to_arrow().column("vector").combine_chunks()
    assert np.asarray(column.flatten()).reshape(-1, DIM).astype(np.float32).shape == data.vectors.shape
    return wrote, time.perf_counter() - start


STORES = {"SQLite (WAL, synchronous FULL)": store_sqlite, "LanceDB": store_lance}


# --- the tables -------------------------------------------------------------------------------------------------


def _timed(search: Search, data: Material, category: bool, truth: list[Ids]) -> tuple[float, float, float]:
    """Median and p95 milliseconds a query, one after the other, and recall@10."""
    times, hits, total = [], 0, 0
    for query, code, true in zip(data.queries, data.asked, truth, strict=True):
        start = time.perf_counter()
        found = search(query, int(code) if category else None)
        times.append((time.perf_counter() - start) * 1000)
        hits += len(np.intersect1d(found, true))
        total += len(true)
    return float(np.median(times)), float(np.percentile(times, 95)), hits / total


def _usable(name: str, leave_out: str) -> bool:
    if leave_out and re.search(leave_out, name):
        return False
    if name.startswith("LanceDB"):
        try:
            import lancedb  # noqa: F401
        except ImportError:
            return False
    return True


def rows_for(n: int, leave_out: str) -> Iterator[str]:
    """A table row an engine, for one number of vectors."""
    data = material(n)
    truths = {category: exact(data, category) for category in (False, True)}
    base: dict[bool, float] = {}
    for name, make in ENGINES.items():
        if not _usable(name, leave_out):
            yield f"| {n:,} | {name} | not measured | | | | | | |"
            continue
        folder = Path(tempfile.mkdtemp(prefix="bench-catalogue-"))
        try:
            faiss.omp_set_num_threads(os.cpu_count() or 1)
            start = time.perf_counter()
            search = make(data, folder)
            built = time.perf_counter() - start
            cells = [f"| {n:,} | {name} | {built:.1f}"]
            for category in (False, True):
                search(data.queries[0], int(data.asked[0]) if category else None)
                median, p95, recall = _timed(search, data, category, truths[category])
                ratio = base.setdefault(category, median) / median
                cells += [f"{median:.2f} / {p95:.2f}", f"×{float(f'{ratio:.2g}'):g}", f"{recall:.3f}"]
            yield " | ".join(cells) + " |"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def store_rows(n: int, leave_out: str) -> Iterator[str]:
    """A table row a store."""
    data = material(n)
    for name, measure in STORES.items():
        if not _usable(name, leave_out):
            yield f"| {n:,} | {name} | not measured | | |"
            continue
        folder = Path(tempfile.mkdtemp(prefix="bench-catalogue-"))
        try:
            wrote, read = measure(data, folder)
            size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20
            yield f"| {n:,} | {name} | {n / wrote:,.0f} | {read:.2f} | {size:.0f} |"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


_ROW = re.compile(r"\| ([\d,]+) \|")


def _size(line: str) -> int | None:
    """The number of vectors that a table row is about; ``None`` of any other line."""
    found = _ROW.match(line)
    return int(found[1].replace(",", "")) if found else None


def kept(old: list[str], new: list[str]) -> list[str]:
    """New lines with the rows of an older run, of sizes that were not measured again, in their tables, by size."""
    sizes = {_size(line) for line in new}
    out: list[str] = []
    for place, line in enumerate(new):
        out.append(line)
        if line.startswith("|---"):
            columns = line.count("|")
            rows = [r for r in new[place + 1 :] if _size(r) and r.count("|") == columns]
            rows += [r for r in old if (n := _size(r)) and n not in sizes and r.count("|") == columns]
            out += sorted(rows, key=lambda row: _size(row) or 0)
    return [line for place, line in enumerate(out) if not (_size(line) and line in out[:place])]


def main() -> None:
    """Print the tables; with ``--write`` put them into docs/catalogue.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--leave-out", default="", help="Engines not to measure: a regular expression.")
    parser.add_argument("--leave-out-large", default="", help="The same, of sizes from half a million on.")
    parser.add_argument("--write", action="store_true", help="Put the rows into docs/catalogue.md.")
    given = parser.parse_args()

    lines: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    versions = f"FAISS {faiss.__version__}, SQLite {sqlite3.sqlite_version}, NumPy {np.__version__}"
    if _usable("LanceDB", given.leave_out):
        import lancedb

        versions += f", LanceDB {lancedb.__version__}"
    say(
        f"{QUERIES} queries one after the other on {os.cpu_count()} cores ({platform.machine()}), others at work "
        "beside it: compare within a size, whose rows are of one run. "
        f"{versions}; {DIM} dimensions, {K} nearest, {CATEGORIES} categories of unequal size; the filter leaves the "
        "query's own category.\n"
    )
    say(
        "| vectors | engine | build, s | all: ms a query, median / p95 | speed against exact | recall@10 | "
        "one category: ms, median / p95 | speed against exact | recall@10 |"
    )
    say("|---|---|---|---|---|---|---|---|---|")
    for n in given.sizes:
        for row in rows_for(n, given.leave_out_large if n >= 500_000 else given.leave_out):
            say(row)
    say("\nWhat storing costs, rows committed by the thousand, vectors in fp16:\n")
    say("| rows | store | rows a second | all vectors read, s | MiB on disk |")
    say("|---|---|---|---|---|")
    for n in given.sizes:
        for row in store_rows(n, given.leave_out_large if n >= 500_000 else given.leave_out):
            say(row)
    if given.write:
        text = DOC.read_text()
        DOC.write_text(BLOCK.sub(lambda f: f"{f[1]}{chr(10).join(kept(f[0].splitlines(), lines))}\n{f[2]}", text))


if __name__ == "__main__":
    main()
