"""Tiny data sets in published formats, with real JPEGs of a few pixels."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

WIDTH, HEIGHT = 40, 60
LABEL_MAP = """labelId,taskId,labelName,taskName
1,6,Argyle,pattern
66,1,Dresses,category
89,1,"Hosiery, Stockings, Tights",category
105,2,Red,color
"""


def jpeg(red: int = 200, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (red % 256, 40, 90)).save(out, "JPEG")
    return out.getvalue()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def listing(header: str, rows: list[str], count: int | str | None = None, end: str = "\n") -> str:
    """A DeepFashion list; the number of rows is right unless another is given."""
    return end.join([str(len(rows) if count is None else count), header, *rows]) + end


def deepfashion(root: Path, end: str = "\n") -> Path:
    """Four pictures: an upper, a lower and a full garment, and one that is in the partition only."""
    red, jeans, gown, lone = (f"img/{n}.jpg" for n in ("Red_Tee/img_01", "Blue_Jeans/img_01", "Gown/img_01", "Lone/1"))
    lists = {
        "Anno/list_category_cloth.txt": (
            "category_name  category_type",
            ["Tee            1", "Slim Fit, Jeans  2", "Dress  3"],
        ),
        # The case of the second path differs from the partition's.
        "Anno/list_category_img.txt": ("image_name  category_label", [f"{red}  1", f"{jeans.upper()} 2", f"{gown} 3"]),
        "Anno/list_attr_cloth.txt": (
            "attribute_name  attribute_type",
            ["a-line      3", "acid wash   2", "v neck, deep 5"],
        ),
        "Anno/list_attr_img.txt": (
            "image_name  attribute_labels",
            [f"{red} -1 -1  1", f"{jeans} -1  1  0", f"{gown} 1 -1 1"],
        ),
        "Anno/list_bbox.txt": (
            "image_name  x_1  y_1  x_2  y_2",
            [f"{red}  002 003 030 050", f"{jeans} 0 0 40 60", f"{gown} 5 5 45 70"],
        ),
        "Anno/list_landmarks.txt": (
            "image_name  clothes_type  variation_type  landmark_visibility_1  landmark_location_x_1",
            [
                f"{red} 1 0 0 010 005 1 020 006 0 003 020 0 037 021 2 000 000 0 030 050",
                f"{jeans} 2 0 11 1 1 29 2 0 12 59 0 28 58",  # without the column variation_type
                f"{gown} 3 5 " + " ".join(f"0 {10 + i} {5 + 6 * i}" for i in range(8)),
            ],
        ),
        "Eval/list_eval_partition.txt": (
            "image_name  evaluation_status",
            [f"{red} train", f"{jeans} val", f"{gown} test", f"{lone} train"],
        ),
    }
    for name, (header, rows) in lists.items():
        put(root / name, listing(header, rows, end=end))
    for i, path in enumerate((red, jeans, gown)):
        put(root / path, jpeg(i))
    put(root / lone, jpeg())
    return root


def item(**changes: Any) -> dict[str, Any]:
    """A skirt of DeepFashion2 with its eight landmarks."""
    return {
        "bounding_box": [4, 6, 30, 50],
        "category_id": 9,
        "category_name": "skirt",
        "landmarks": [v for i in range(8) for v in ((0, 0, 0) if i == 7 else (5 + i, 10 + i, 1 if i == 6 else 2))],
        "segmentation": [[4, 6, 30, 6, 30, 50], [5, 5, 9, 5, 9, 9, 5, 9]],
        "scale": 1,
        "style": 2,
        "occlusion": 3,
        "zoom_in": 1,
        "viewpoint": 2,
    } | changes


def deepfashion2(root: Path) -> Path:
    put(
        root / "train/annos/000001.json",
        json.dumps({"source": "user", "pair_id": 7, "item1": item(), "item2": item(style=0, segmentation=[])}),
    )
    put(root / "validation/annos/000001.json", json.dumps({"source": "shop", "pair_id": 7, "item1": item()}))
    put(root / "train/image/000001.jpg", jpeg(1))
    put(root / "validation/image/000001.jpg", jpeg(2))
    return root


def imaterialist(root: Path) -> Path:
    put(root / "iMat_fashion_2018_label_map_228.csv", LABEL_MAP)
    for split, labels in {"train": [["66", "105"], ["66", "89", "1"], ["105"]], "validation": [["89"]]}.items():
        ids = range(1, len(labels) + 1)
        document = {
            "images": [{"url": f"https://example.org/{split}/{i},x.jpg", "imageId": str(i)} for i in ids],
            "annotations": [{"labelId": names, "imageId": str(i)} for i, names in zip(ids, labels, strict=True)],
        }
        put(root / f"{split}.json", json.dumps(document))
    for name in ("train/1.jpg", "train/2.JPEG", "validation/1.jpg"):  # 3 of train is gone
        put(root / name, jpeg(len(name)))
    return root


def pair(photo: int, product: int, **bbox: Any) -> dict[str, Any]:
    return {"photo": photo, "product": product, "bbox": {"width": 20, "top": 5, "left": 4, "height": 30} | bbox}


def street2shop(root: Path) -> Path:
    lists = {
        "train_pairs_dresses": [pair(11, 900), pair(11, 900, left=1)],
        "test_pairs_dresses": [pair(12, 901), pair(404, 901)],
        "retrieval_dresses": [{"photo": 21, "product": 900}, {"photo": 22, "product": 901}],
        "retrieval_hats": [{"photo": 23, "product": 55}],
    }
    for name, rows in lists.items():
        put(root / f"meta/json/{name}.json", json.dumps(rows))
    put(root / "photos/photos.txt", "".join(f"{i:09d},http://x.org/{i},{i}.jpg\r\n" for i in (11, 12, 21, 22, 404)))
    for name in ("000000011.jpg", "12.JPEG", "000000021.jpeg", "dresses/22.jpg", "23.jpg"):
        put(root / "photos" / name, jpeg(len(name)))
    return root
