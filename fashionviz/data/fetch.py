"""Bring a public data set from its publisher: download, check, pack, and only then give it its name.

Checksums of what was fetched are recorded in ``checksums.json`` in the data folder; a later fetch must bring the same
bytes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx

from fashionviz import images
from fashionviz.data import publishers
from fashionviz.data.archives import Damaged, FolderSource, Source, ZipSource
from fashionviz.data.catalogue_info import rows_by_split
from fashionviz.data.download import TIMEOUT, download, sha256_of
from fashionviz.data.pack import PACKERS
from fashionviz.data.publishers import PUBLICATIONS, VIDEO, Publication, Remote
from fashionviz.data.sets import data_root
from fashionviz.data.staging import staging_folder
from fashionviz.errors import Cancelled, FetchError, ImageError, InvalidRequest

log = logging.getLogger(__name__)

#: Called with (what is being done, done, total); bytes while downloading, rows while packing.
OnStep = Callable[[str, int, int | None], None]
LOCK = "checksums.json"


@dataclass(frozen=True)
class Fetched:
    """A data set that is now there.

    Attributes:
        name, folder: what and where.
        splits: rows a split; empty for a video.
        refused: files that were left out, with the reason.
        already: it was there before, nothing was done.
    """

    name: str
    folder: Path
    splits: dict[str, int]
    refused: tuple[str, ...] = ()
    already: bool = False


def read_lock(root: Path) -> dict[str, dict[str, dict[str, object]]]:
    """The recorded checksums, by set and file name; empty when there are none."""
    try:
        lock = json.loads((root / LOCK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FetchError(f"{root / LOCK} is damaged; mend it or move it away.") from error
    return lock if isinstance(lock, dict) else {}


def _record(root: Path, name: str, file: str, sha256: str, size: int, url: str = "") -> None:
    lock = read_lock(root)
    entry: dict[str, object] = {"sha256": sha256, "bytes": size, "fetched": datetime.now(UTC).isoformat("T", "seconds")}
    if url:
        entry["url"] = url
    lock.setdefault(name, {})[file] = entry
    partial = root / f"{LOCK}.{os.getpid()}.tmp"
    partial.write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(root / LOCK)


def _recorded(root: Path, name: str, file: str) -> str | None:
    entry = read_lock(root).get(name, {}).get(file)
    return str(entry["sha256"]) if isinstance(entry, dict) and entry.get("sha256") else None


def publication(name: str) -> Publication:
    """A known data set by name.

    Raises:
        InvalidRequest: no such set.
    """
    if name not in PUBLICATIONS:
        raise InvalidRequest(f"There is no data set {name!r} to fetch; there are {', '.join(PUBLICATIONS)}.")
    return PUBLICATIONS[name]


def _bring(
    root: Path, name: str, remote: Remote, base: str | None, on_step: OnStep, cancel: threading.Event | None
) -> Path:
    """Download one file of a set, or take the complete one of an earlier try; check it against the record."""
    target = root / ".downloads" / name / remote.name
    url = f"{base.rstrip('/')}/{quote(remote.name)}" if base else remote.url
    known = remote.sha256 or _recorded(root, name, remote.name)
    if target.exists() and (known is None or sha256_of(target) == known):
        return target
    label = f"Downloading {remote.name}"
    done = download(
        url,
        target,
        sha256=known,
        on_bytes=lambda got, total: on_step(label, got, total or remote.size or None),
        cancel=cancel,
    )
    return done.path


def _kaggle(handle: str) -> Path:
    """The folder in which ``kagglehub`` keeps a data set; it downloads, resumes and checks by itself."""
    where = "or take the mirror with `--from huggingface`, or a folder you have with `--from FOLDER`"
    try:
        import kagglehub
    except ImportError as error:
        raise FetchError(
            f"This set is published on Kaggle. Run `pip install kagglehub`, sign in with your own account, {where}."
        ) from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises its own and requests' errors, and has no common base for them
        text = str(error)
        if any(word in text for word in ("401", "403", "credential", "authenticat", "permission")):
            raise FetchError(
                "Kaggle wants to know who asks: create a token at https://www.kaggle.com/settings and set "
                f"KAGGLE_USERNAME and KAGGLE_KEY, {where}."
            ) from error
        raise FetchError(f"Kaggle could not be reached or refused ({text.splitlines()[0][:120] if text else error!r}); "
                         f"try again later, {where}.") from error  # fmt: skip


def _open(path: Path) -> Source:
    return FolderSource(path) if path.is_dir() else ZipSource(path)


def _local(folder: Path, remotes: tuple[Remote, ...]) -> list[Path]:
    """What a user's folder offers: archives by their names, else an unpacked folder a remote, else itself."""
    if not remotes:
        return [folder]
    found = []
    for remote in remotes:
        stem = remote.name.rsplit("-", 1)[0]
        choices = [folder / remote.name, folder / stem, *sorted(folder.glob(f"{stem}-[0-9a-fm]*"))]
        match = next((c for c in choices if c.exists() and not c.name.endswith((".part", ".json"))), None)
        if match is None and len(remotes) > 1:
            raise FetchError(f"{folder} holds neither {remote.name} nor a folder {stem}.")
        found.append(match or folder)
    return found


def _obtain(
    known: Publication, root: Path, source: str | None, on_step: OnStep, cancel: threading.Event | None
) -> tuple[list[Path], list[tuple[Path, Remote, str]]]:
    """Paths to pack from, and the downloads among them."""
    base: str | None = None
    remotes = known.remotes
    if source == "huggingface":
        if not known.mirror:
            raise InvalidRequest(f"No mirror of {known.name} on the Hugging Face hub is known.")
        remotes = known.mirror
    elif source and "://" in source:
        if not source.startswith(("http://", "https://")):
            raise InvalidRequest(f"--from takes an http(s) address, a folder or `huggingface`, not {source!r}.")
        base, remotes = source, known.remotes or known.mirror
        if not remotes:
            raise InvalidRequest(f"{known.name} can be fetched from Kaggle or a folder only.")
    elif source:
        folder = Path(source).expanduser()
        if not folder.is_dir():
            raise InvalidRequest(f"--from takes an http(s) address, a folder or `huggingface`; {source!r} is none.")
        return _local(folder, known.remotes), []
    elif known.kaggle:
        on_step("Downloading with kagglehub", 0, None)
        return [_kaggle(known.kaggle)], []
    fetched = []
    for remote in remotes:
        path = _bring(root, known.name, remote, base, on_step, cancel)
        fetched.append((path, remote, f"{base.rstrip('/')}/{remote.name}" if base else remote.url))
    paths = [path for path, _, _ in fetched]
    # The Parquet files of a mirror are one source together.
    return ([paths[0].parent] if remotes == known.mirror else paths), fetched


def _check_counts(known: Publication, counts: dict[str, int]) -> None:
    """Fewer rows than known means that something is missing; one in a hundred may be an unreadable picture."""
    for split, expected in known.expected.items():
        if counts.get(split, 0) < expected * 0.99:
            raise FetchError(
                f"{known.name} came out with {counts.get(split, 0):,} rows in {split}, {expected:,} were expected: the "
                "source is incomplete. Nothing was changed (--partial accepts it)."
            )


def _place(staging: Path, final: Path) -> None:
    """Put the new folder in the place of an old one; the old one is removed last."""
    old = final.with_name(f".{final.name}.{os.getpid()}.old")
    if final.exists():
        final.replace(old)
    staging.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def is_present(name: str, root: Path | None = None) -> bool:
    """Whether a set lies in the data folder."""
    folder = (root or data_root()) / name
    return any(folder.glob("*.parquet")) or any(folder.glob("*.mp4")) or any(folder.glob("*.txt"))


def fetch(
    name: str,
    *,
    to: Path | None = None,
    source: str | None = None,
    on_step: OnStep | None = None,
    cancel: threading.Event | None = None,
    force: bool = False,
    partial: bool = False,
    keep: bool = False,
) -> Fetched:
    """Bring a data set into the data folder, packed as Parquet.

    Args:
        name: one of ``publishers.PUBLICATIONS``.
        to: the data folder; by default the one in use.
        source: instead of the publisher: the base address of a mirror with the same file names, a folder (with the
            archives, or with what was in them), or ``huggingface``.
        on_step: progress.
        cancel: set it to stop; downloads go on from there the next time.
        force: fetch again although it is there.
        partial: accept fewer rows than the publisher's set has.
        keep: keep the downloaded archives.

    Raises:
        InvalidRequest: an unknown set or source.
        FetchError: the sentence says what went wrong and what to do.
    """
    known = publication(name)
    root = Path(to).expanduser() if to else data_root()
    final = root / name
    if is_present(name, root) and not force:
        return Fetched(name, final, rows_by_split(final), already=True)
    if not known.packer:
        raise FetchError(f"{known.title} cannot be fetched by a program: {known.note}")
    step = on_step or (lambda _text, _done, _total: None)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with staging_folder(root, name) as staging:
            paths, downloads = _obtain(known, root, source, step, cancel)
            splits, refused = _pack(known, paths, staging, step, cancel)
            if not partial:
                _check_counts(known, splits)
            for path, remote, url in downloads:
                _record(root, name, remote.name, sha256_of(path), path.stat().st_size, url)
            files = {p.name: (sha256_of(p), p.stat().st_size) for p in sorted(staging.iterdir())}
            _place(staging, final)
            for file, (digest, size) in files.items():
                _record(root, name, f"{name}/{file}", digest, size)
        if not keep:
            shutil.rmtree(root / ".downloads" / name, ignore_errors=True)
            with contextlib.suppress(OSError):
                (root / ".downloads").rmdir()
    except OSError as error:
        raise FetchError(
            f"{root} cannot be written ({error.strerror or error}). Choose another folder with --to."
        ) from error
    return Fetched(name, final, splits, tuple(refused))


def _pack(
    known: Publication, paths: list[Path], staging: Path, step: OnStep, cancel: threading.Event | None
) -> tuple[dict[str, int], list[str]]:
    def on_rows(done: int, total: int | None) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("Packing was stopped; the downloads are kept.")
        step(f"Packing {known.name}", done, total)

    if known.packer == "video":
        path = paths[0] / VIDEO if paths[0].is_dir() else paths[0]
        with contextlib.suppress(FileNotFoundError):
            with path.open("rb") as handle:
                head = handle.read(12)
            if head[4:8] != b"ftyp":
                raise FetchError(f"{path.name} is no MP4 video.")
            shutil.copyfile(path, staging / VIDEO)
            return {}, []
        raise FetchError(f"{path.parent} lacks {VIDEO}.")
    opened: list[Source] = []
    try:
        for path in paths:
            opened.append(_open(path))
        result = PACKERS[known.packer](opened, staging, on_rows)
    except Damaged:
        for path in paths:
            _throw_away(path)
        raise
    finally:
        for source in opened:
            source.close()
    if not result.counts:
        raise FetchError(f"What was fetched for {known.name} holds no pictures.")
    return result.counts, result.refused


def _throw_away(path: Path) -> None:
    """Drop a damaged download of ours, so that the next try begins anew; never a user's own file."""
    if ".downloads" in path.parts:
        path.unlink(missing_ok=True)


def fetch_examples(
    folder: Path,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    base: str | None = None,
    timeout: httpx.Timeout = TIMEOUT,
    attempts: int = 3,
    backoff_s: float = 0.5,
) -> list[Path]:
    """Download a few photos in the public domain (CC0) for people to try.

    Args:
        folder: where they go; those already there are not fetched again.
        on_progress: called with (photos done, photos in all).
        base: address above the label folders; else ``FASHIONVIZ_EXAMPLES_URL``, else the publisher's.
        timeout: for connecting and for each read.
        attempts: tries a photo.
        backoff_s: the first pause between tries.

    Returns:
        The photos, each known to decode.

    Raises:
        FetchError: offline, gone, or no picture.
    """
    base = base or os.environ.get("FASHIONVIZ_EXAMPLES_URL") or publishers.EXAMPLES_BASE
    photos = publishers.EXAMPLE_PHOTOS
    paths = []
    for done, (label, identifier) in enumerate(photos):
        if on_progress:
            on_progress(done, len(photos))
        path = folder / f"{label}.jpg"
        if not _is_photo(path):
            fresh = path.with_suffix(".new")
            download(f"{base.rstrip('/')}/{quote(label)}/{identifier}.jpg", fresh, timeout=timeout, attempts=attempts,
                     backoff_s=backoff_s, limit=images.MAX_BYTES)  # fmt: skip
            if not _is_photo(fresh):
                fresh.unlink(missing_ok=True)
                raise FetchError(f"The publisher sent something that is no photo instead of {label}/{identifier}.jpg.")
            fresh.replace(path)
        paths.append(path)
    if on_progress:
        on_progress(len(photos), len(photos))
    return paths


def _is_photo(path: Path) -> bool:
    try:
        images.decode(path.read_bytes())
    except (OSError, ImageError):
        return False
    return True
