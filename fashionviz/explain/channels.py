"""The index of top items: for every channel of a network the nine items of a split that excite it most.

In the manner of the deep visualization toolbox (Yosinski et al. 2015): an item counts with the largest value of the
channel's map, wherever in the photo that is. Ships as ids and values, ``channels.parquet`` beside the weights.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.errors import InvalidRequest
from fashionviz.explain.kept import load_kept
from fashionviz.explain.split_items import Tick, batches, split_items, stop_if
from fashionviz.explore_results import Source, TopItem, TopItems
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import LayerInfo, ModelRef

FILE = "channels.parquet"
TOP = 9
_KEY = b"fashionviz"


@dataclass(frozen=True)
class ChannelIndex:
    """Top items of the channels of some layers.

    Attributes:
        model: name and weight hash.
        source: the items that were looked at.
        ids: of the items.
        places: by layer ``(C, k)`` places in ``ids``, strongest first.
        values: by layer ``(C, k)`` float32.
    """

    model: ModelRef
    source: Source
    ids: tuple[str, ...] = field(repr=False)
    places: dict[str, NDArray[np.int64]] = field(repr=False)
    values: dict[str, NDArray[np.float32]] = field(repr=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, in the order of the network."""
        return tuple(self.places)

    def top(self, layer: str, channel: int) -> TopItems:
        """The top items of a channel.

        Raises:
            InvalidRequest: the layer is not in the index, or has no such channel.
        """
        if layer not in self.places:
            raise InvalidRequest(
                f"The index of {self.model.name} does not hold the layer {layer!r}. It holds convolutions, blocks and "
                f"linear layers, for example {', '.join(self.layers[:3])}."
            )
        count = len(self.places[layer])
        if not 0 <= channel < count:
            raise InvalidRequest(f"{layer} has the channels 0 to {count - 1}, not {channel}.")
        pairs = zip(self.places[layer][channel].tolist(), self.values[layer][channel].tolist(), strict=True)
        items = tuple(TopItem(self.ids[place], value) for place, value in pairs)
        return TopItems(self.model, layer, channel, self.source, items)


def indexed_layers(network: nn.Module, input_size: tuple[int, int]) -> tuple[str, ...]:
    """The layers that an index holds: what one asks about, each channel once.

    These are blocks and units (modules of several layers), convolutions and linear layers. A convolution alone in a
    unit is left out: the unit holds its channels, after batch norm and activation. So is a module that hands on what
    its last one put out.
    """
    modules = dict(network.named_modules())
    fired: list[tuple[str, Tensor]] = []  # keeps the tensors, so that no two of them share an identity

    def hook_for(name: str) -> Any:
        return lambda _module, _inputs, output: fired.append((name, output)) if isinstance(output, Tensor) else None

    handles = [module.register_forward_hook(hook_for(name)) for name, module in modules.items() if name]
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, *input_size, device=next(network.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    found: dict[str, Tensor] = {}
    last: dict[int, str] = {}
    for name, output in fired:
        module = modules[name]
        container = any(True for _ in module.children())
        wanted = isinstance(module, nn.Conv2d) or (container and output.ndim == 4)
        wanted = wanted or (isinstance(module, nn.Linear) and output.ndim == 2)
        if wanted and not (container and last.get(id(output)) in found):
            found[name] = output
            last[id(output)] = name
        elif last.get(id(output)) not in found or not container:
            last[id(output)] = name  # a layer of its own that works in place
    for name, output in list(found.items()):
        convolutions = [
            inner for inner in found if inner.startswith(f"{name}.") and isinstance(modules[inner], nn.Conv2d)
        ]
        if len(convolutions) == 1 and output.ndim == 4 and found[convolutions[0]].shape[1] == output.shape[1]:
            del found[convolutions[0]]
    return tuple(found)


def nearest_indexed(layers: Iterable[LayerInfo], indexed: Iterable[str], name: str) -> str | None:
    """The indexed layer that holds a layer's channels: itself, the unit it belongs to, or the last before it.

    Args:
        layers: all of the network, in its order.
        indexed: names of those in the index.
        name: the layer asked about.

    Returns:
        A name, or ``None`` where none has as many channels.
    """
    known = set(indexed)
    if name in known:
        return name
    infos = {layer.name: layer for layer in layers}
    if name not in infos:
        return None
    alike = [other for other in infos if other in known and infos[other].shape[0] == infos[name].shape[0]]
    around = [other for other in alike if name.startswith(f"{other}.")]
    if around:
        return max(around, key=len)
    order = {other: number for number, other in enumerate(infos)}
    inside = [other for other in alike if other.startswith(f"{name}.")]
    before = inside or [other for other in alike if order[other] < order[name]]
    return max(before, key=lambda other: order[other]) if before else None


@contextmanager
def _answering(network: nn.Module, names: Iterable[str]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Largest value and mean of every channel, ``(N, C)`` each, during forward passes; no hook stays behind."""
    modules = dict(network.named_modules())
    answers: dict[str, tuple[Tensor, Tensor]] = {}

    def hook_for(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            flat = output.detach().flatten(2) if output.ndim == 4 else output.detach()[..., None]
            answers[name] = flat.amax(dim=2).float().cpu(), flat.mean(dim=2).float().cpu()

        return hook

    handles = [modules[name].register_forward_hook(hook_for(name)) for name in names]
    try:
        yield answers
    finally:
        for handle in handles:
            handle.remove()


@dataclass(frozen=True)
class Best:
    """The best so far of one layer's channels: ``(C, k)`` each, strongest first."""

    values: Tensor
    means: Tensor
    places: Tensor

    def with_more(self, values: Tensor, means: Tensor, places: Tensor, k: int) -> Best:
        """These and more items ``(N, C)``, whose places ``(N,)`` come after all before."""
        value = torch.cat([self.values, values.T], dim=1)
        mean = torch.cat([self.means, means.T], dim=1)
        place = torch.cat([self.places, places.expand(values.shape[1], -1)], dim=1)
        # By value, then by mean (a clipped ReLU6 is 6 for many), then by place: both sorts are stable.
        order = mean.sort(dim=1, descending=True, stable=True).indices
        order = order.gather(1, value.gather(1, order).sort(dim=1, descending=True, stable=True).indices[:, :k])
        return Best(value.gather(1, order), mean.gather(1, order), place.gather(1, order))


def top_of(
    network: nn.Module, names: Iterable[str], inputs: Iterable[tuple[tuple[int, ...], Tensor]], k: int = TOP
) -> dict[str, Best]:
    """The ``k`` inputs with the largest value in every channel of some layers.

    Args:
        network: in evaluation mode.
        names: of its layers.
        inputs: places, rising, and ``(N, 3, H, W)``.
        k: how many.
    """
    device = next(network.parameters()).device
    best: dict[str, Best] = {}
    with torch.inference_mode(), _answering(network, names) as answers:
        for places, x in inputs:
            network(x.to(device).to(memory_format=torch.channels_last))
            for name, (values, means) in answers.items():
                if name not in best:
                    empty = values.new_empty((values.shape[1], 0))
                    best[name] = Best(empty, empty, empty.long())
                best[name] = best[name].with_more(values, means, torch.tensor(places), k)
    return best


def build_index(
    name: str,
    source: str | Path | None = None,
    split: str | None = None,
    *,
    limit: int | None = None,
    batch: int = 32,
    progress: Tick | None = None,
    cancel: threading.Event | None = None,
) -> ChannelIndex:
    """Look at every item of a split once.

    Args:
        name: registry name of a trained model.
        source: a data set's name, a folder or a Parquet file; that of the model's report if ``None``.
        split: of that set.
        limit: items of each class at most.
        batch: items at once.
        progress: called with (done, total).
        cancel: set it from another thread to stop.

    Raises:
        DataError: missing data or columns.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
        Cancelled: ``cancel`` was set.
    """
    spec = get_model(name)
    network, card = load_trained(name)
    network = network.to(memory_format=torch.channels_last)
    items = split_items(spec, source, split, limit=limit)

    def inputs() -> Iterator[tuple[tuple[int, ...], Tensor]]:
        for part in batches(spec, items, batch):
            stop_if(cancel)
            yield part.places, part.x
            if progress:
                progress(part.places[-1] + 1, len(items.rows))

    best = top_of(network, indexed_layers(network, spec.input_size), inputs())
    return ChannelIndex(
        ModelRef(name, card.sha256),
        items.source,
        items.ids,
        {layer: found.places.numpy() for layer, found in best.items()},
        {layer: found.values.numpy() for layer, found in best.items()},
    )


def save_index(index: ChannelIndex, folder: Path) -> Path:
    """Write ``channels.parquet``: a row a channel; values as float16 where they fit. Replaces a file in one step."""
    names = [name for name in index.layers for _ in range(len(index.places[name]))]
    values = np.concatenate([index.values[name] for name in index.layers])
    places = np.concatenate([index.places[name] for name in index.layers])
    width = np.float16 if np.abs(values).max() < np.finfo(np.float16).max else np.float32
    facts = {
        "model": index.model.name, "sha256": index.model.sha256, "data_set": index.source.data_set,
        "split": index.source.split, "n": index.source.n, "limit": index.source.limit, "ids": list(index.ids),
    }  # fmt: skip
    table = pa.table(
        {
            "layer": pa.array(names).dictionary_encode(),
            "places": _lists(places.astype(np.uint16 if len(index.ids) <= 65536 else np.uint32)),
            "values": _lists(values.astype(width)),
        }
    ).replace_schema_metadata({_KEY: json.dumps(facts, ensure_ascii=False).encode()})
    path, part = folder / FILE, folder / f".{FILE}.part"
    pq.write_table(
        table, part, compression="zstd", compression_level=19, use_dictionary=["layer"],
        use_byte_stream_split=["places.list.element", "values.list.element"],
    )  # fmt: skip
    part.replace(path)
    return path


def _lists(values: NDArray[Any]) -> pa.ListArray:
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


def load_index(name: str) -> ChannelIndex:
    """The committed index of a model.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: a model whose split has no items of classes.
        NotBuilt: there is none, it is damaged, or the weights are others.
    """
    return load_kept(name, FILE, lambda path: _read(path, path.stat().st_mtime_ns), "index of top items", "channels")


@lru_cache(maxsize=8)
def _read(path: Path, stamp: int) -> ChannelIndex:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[_KEY])
    names = np.asarray(table.column("layer").combine_chunks().dictionary_decode().to_pylist())
    k = len(table.column("places")[0])
    places = table.column("places").combine_chunks().flatten().to_numpy().reshape(-1, k).astype(np.int64)
    values = table.column("values").combine_chunks().flatten().to_numpy().reshape(-1, k).astype(np.float32)
    return ChannelIndex(
        ModelRef(facts["model"], facts["sha256"]),
        Source(facts["data_set"], facts["split"], facts["n"], facts["limit"]),
        tuple(facts["ids"]),
        {name: places[names == name] for name in dict.fromkeys(names.tolist())},
        {name: values[names == name] for name in dict.fromkeys(names.tolist())},
    )
