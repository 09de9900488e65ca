"""A map of a split: its items' embeddings in two dimensions by t-SNE (van der Maaten and Hinton 2008).

The embedding is the input of the network's last linear layer. Computed once by a command, which needs scikit-learn;
reading the map does not. Ships as ``embedding_map.parquet`` beside the weights.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.errors import DataError
from fashionviz.explain.kept import load_kept
from fashionviz.explain.split_items import Tick, batches, split_items, stop_if
from fashionviz.explore_results import EmbeddingMap, Source
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef

FILE = "embedding_map.parquet"
_KEY = b"fashionviz"
#: Principal components that t-SNE sees, and its perplexity: the publishers' own advice.
COMPONENTS, PERPLEXITY = 50, 30


def embeddings_of(network: nn.Module, head: str, inputs: Iterable[Tensor]) -> NDArray[np.float32]:
    """The input of the last linear layer ``(N, D)`` for inputs ``(n, 3, H, W)``; no hook stays behind."""
    found: list[NDArray[np.float32]] = []

    def hook(_module: nn.Module, given: Any) -> None:
        found.append(given[0].detach().flatten(1).float().cpu().numpy())

    handle = network.get_submodule(head).register_forward_pre_hook(hook)
    try:
        with torch.inference_mode():
            for x in inputs:
                network(x.to(memory_format=torch.channels_last))
    finally:
        handle.remove()
    return np.concatenate(found)


def project(embeddings: NDArray[np.float32], seed: int = 0) -> tuple[NDArray[np.float32], str]:
    """Embeddings ``(N, D)`` to ``(N, 2)``, centred, the larger spread 1, and how in words.

    Raises:
        DataError: scikit-learn is not installed, or there are fewer than four items.
    """
    try:
        import sklearn
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE
    except ImportError:
        raise DataError("A map is computed with scikit-learn: `pip install scikit-learn==1.9.1`.") from None
    if len(embeddings) < 4:
        raise DataError(f"A map needs four items at least; there are {len(embeddings)}.")
    components = min(COMPONENTS, *embeddings.shape)
    perplexity = min(PERPLEXITY, (len(embeddings) - 1) // 3)
    reduced = PCA(components, random_state=seed).fit_transform(embeddings)
    xy = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    xy = xy - xy.mean(axis=0)
    words = (
        f"t-SNE of {components} principal components of {embeddings.shape[1]:,} values, perplexity {perplexity}, "
        f"seed {seed}, scikit-learn {sklearn.__version__}"
    )
    return (xy / xy.std(axis=0).max()).astype(np.float32), words


def build_map(
    name: str,
    source: str | Path | None = None,
    split: str | None = None,
    *,
    limit: int | None = None,
    seed: int = 0,
    batch: int = 32,
    progress: Tick | None = None,
    cancel: threading.Event | None = None,
) -> EmbeddingMap:
    """Embed every item of a split and lay the embeddings out.

    Args:
        name: registry name of a trained model.
        source: a data set's name, a folder or a Parquet file; that of the model's report if ``None``.
        split: of that set.
        limit: items of each class at most.
        seed: of the layout.
        batch: items at once.
        progress: called with (done, total) items embedded.
        cancel: set it from another thread to stop.

    Raises:
        DataError: missing data or columns, too few items, or no scikit-learn.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
        Cancelled: ``cancel`` was set.
    """
    spec = get_model(name)
    network, card = load_trained(name)
    items = split_items(spec, source, split, limit=limit)
    ids: list[str] = []

    def inputs() -> Iterable[Tensor]:
        for part in batches(spec, items, batch):
            stop_if(cancel)
            ids.extend(items.ids[place] for place in part.places)
            yield part.x
            if progress:
                progress(part.places[-1] + 1, len(items.rows))

    embeddings = embeddings_of(network.to(memory_format=torch.channels_last), spec.head, inputs())
    xy, words = project(embeddings, seed)
    return EmbeddingMap(ModelRef(name, card.sha256), items.source, words, tuple(ids), xy)


def save_map(made: EmbeddingMap, folder: Path) -> Path:
    """Write ``embedding_map.parquet``: id, x, y to three decimals. Replaces a file in one step."""
    facts = {
        "model": made.model.name, "sha256": made.model.sha256, "source": asdict(made.source), "method": made.method,
    }  # fmt: skip
    rounded = made.xy.astype(np.float64).round(3).astype(np.float32)
    table = pa.table({"id": list(made.ids), "x": rounded[:, 0], "y": rounded[:, 1]})
    path, part = folder / FILE, folder / f".{FILE}.part"
    table = table.replace_schema_metadata({_KEY: json.dumps(facts, ensure_ascii=False).encode()})
    pq.write_table(table, part, compression="zstd", compression_level=19)
    part.replace(path)
    return path


def load_map(name: str) -> EmbeddingMap:
    """The committed map of a model.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: a model whose split has no items of classes.
        NotBuilt: there is none, it is damaged, or the weights are others.
    """
    return load_kept(name, FILE, _read, "embedding map", "embedding-map")


def _read(path: Path) -> EmbeddingMap:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[_KEY])
    return EmbeddingMap(
        ModelRef(facts["model"], facts["sha256"]),
        Source(**facts["source"]),
        facts["method"],
        tuple(table.column("id").to_pylist()),
        np.stack([table.column("x").to_numpy(), table.column("y").to_numpy()], axis=1).astype(np.float32),
    )
