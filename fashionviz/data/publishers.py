"""The data sets this project knows: who publishes them, under which licence, where they lie, and what is expected.

Commits are fixed, so that everybody fetches the same rows. A base address can be replaced (a mirror, a test server).
"""

from __future__ import annotations

from dataclasses import dataclass, field

GITHUB = "https://github.com"
RAW = "https://raw.githubusercontent.com"
HUGGING_FACE = "https://huggingface.co"


@dataclass(frozen=True)
class Remote:
    """One file at a publisher.

    Attributes:
        name: the file's name in our download folder, and below a mirror's base address.
        url: where the publisher keeps it.
        size: about how many bytes, for the plan shown beforehand; 0 when unknown.
        sha256: a pinned checksum; without one, that of the first fetch is recorded and holds from then on.
    """

    name: str
    url: str
    size: int = 0
    sha256: str | None = None


@dataclass(frozen=True)
class Publication:
    """A known data set.

    Attributes:
        name: the folder's name.
        title: for people.
        licence: what the publisher says, in a few words.
        publisher: where a person reads about it.
        packer: which function of ``pack`` turns the download into rows; empty when the set cannot be fetched.
        remotes: the files to download.
        kaggle: ``owner/name`` on Kaggle, where that is the publisher.
        mirror: files of a Parquet mirror on the Hugging Face hub.
        expected: rows a split, where known; more rows than expected are a newer edition, fewer a damaged one.
        note: what one must know before using it.
    """

    name: str
    title: str
    licence: str
    publisher: str
    packer: str = ""
    remotes: tuple[Remote, ...] = ()
    kaggle: str = ""
    mirror: tuple[Remote, ...] = ()
    expected: dict[str, int] = field(default_factory=dict)
    note: str = ""


def _archive(repository: str, commit: str, size: int) -> Remote:
    name = repository.split("/")[1]
    return Remote(f"{name}-{commit[:12]}.zip", f"{GITHUB}/{repository}/archive/{commit}.zip", size)


def _hub(repository: str, path: str, size: int) -> Remote:
    return Remote(path.rsplit("/", 1)[1], f"{HUGGING_FACE}/datasets/{repository}/resolve/main/{path}", size)


SMALL_COMMIT = "36364be1969242c019705255cd87aed00c73a939"
VIDEO = "one-by-one-person-detection.mp4"
_MIT_SECOND_HAND = "MIT by the uploader's tag; train on it, do not redistribute the photos"

PUBLICATIONS: dict[str, Publication] = {
    p.name: p
    for p in (
        Publication(
            name="fpi",
            title="Fashion Product Images (small)",
            licence=_MIT_SECOND_HAND,
            publisher="https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small",
            packer="fpi",
            kaggle="paramaggarwal/fashion-product-images-small",
            mirror=(
                _hub(
                    "ashraq/fashion-product-images-small",
                    "data/train-00000-of-00002-6cff4c59f91661c3.parquet",
                    136 << 20,
                ),
                _hub(
                    "ashraq/fashion-product-images-small",
                    "data/train-00001-of-00002-bb459e5ac5f01e71.parquet",
                    135 << 20,
                ),
            ),
            expected={"train": 32_974, "validation": 4_482, "test": 4_390},
            note="Catalogue photos of 60×80 pixels on white.",
        ),
        Publication(
            name="fpi-large",
            title="Fashion Product Images at 168×224",
            licence=_MIT_SECOND_HAND,
            publisher="https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-dataset",
            packer="fpi_large",
            kaggle="paramaggarwal/fashion-product-images-dataset",
            expected={"train": 8_866, "validation": 1_199, "test": 1_169},
            note="The download has about 25 GB; what is kept of it, about 0.2 GB.",
        ),
        Publication(
            name="clothing",
            title="Clothing dataset, photos taken at home",
            licence="CC0",
            publisher=f"{GITHUB}/alexeygrigorev/clothing-dataset",
            packer="clothing",
            remotes=(
                _archive("alexeygrigorev/clothing-dataset", "7ed86a9c", 0),
                _archive("alexeygrigorev/clothing-dataset-small", SMALL_COMMIT, 0),
            ),
            expected={"train": 3_068, "validation": 341, "extra": 1_179},
            note="Train and validation are the publisher's split; its test split is the hold-out.",
        ),
        Publication(
            name="ccp",
            title="Clothing Co-Parsing, street photos",
            licence="Apache-2.0 file in its repository; train on it, do not redistribute the photos",
            publisher=f"{GITHUB}/bearpaw/clothing-co-parsing",
            packer="ccp",
            remotes=(_archive("bearpaw/clothing-co-parsing", "fe34fb77721a", 0),),
            expected={"train": 771, "validation": 79, "test": 82, "tags": 1_094},
            note="Masks of 59 garments on 1,004 photos, tags on 1,094 more. Reading its .mat files needs scipy.",
        ),
        Publication(
            name="video",
            title="People walking in, one by one (video)",
            licence="CC BY 4.0",
            publisher=f"{GITHUB}/intel-iot-devkit/sample-videos",
            packer="video",
            remotes=(
                Remote(
                    VIDEO,
                    f"{RAW}/intel-iot-devkit/sample-videos/294517a8d149759972f9a0501accde274e469ba5/{VIDEO}",
                    3_291_918,
                ),
            ),
            note="768×432, 10 frames a second, 139 s. Credit: Intel Corporation.",
        ),
        Publication(
            name="vocab",
            title="Names of categories and attributes",
            licence="names only",
            publisher="DeepFashion, iMaterialist Fashion 2018",
            note="Lists of names; their publishers give them out with their photos, after registration.",
        ),
    )
}

#: Photos anybody may use, of the clothing set's validation split: label folder and id.
EXAMPLE_PHOTOS: tuple[tuple[str, str], ...] = (
    ("dress", "19e4de0d-fb90-47c2-83b4-37e3652c5a16"),
    ("shirt", "235230d6-8a23-4981-bc43-5e62c0570f44"),
    ("shoes", "7bb0226b-f068-4b46-9e40-1e5110319fcd"),
    ("t-shirt", "8d5b6ef2-bc6f-4364-a278-580a5d91c7d7"),
)
EXAMPLES_BASE = f"{RAW}/alexeygrigorev/clothing-dataset-small/{SMALL_COMMIT}/validation"
