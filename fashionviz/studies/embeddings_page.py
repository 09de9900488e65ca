"""``docs/studies/embeddings.md`` from its record."""

from __future__ import annotations

from fashionviz.data.street_views import SYNTHETIC
from fashionviz.studies.embedding_record import EPOCHS, ITEMS, TRIALS, EmbeddingRecord
from fashionviz.studies.record import in_cell


def embeddings_page(record: EmbeddingRecord) -> str:
    """``docs/studies/embeddings.md`` from the record."""
    titles = {trial.name: trial.title for trial in TRIALS}
    lines = [
        "# Ways to vectors of shop items",
        "",
        "Written by `fashionviz study embeddings` with the record `embeddings.json`; a test keeps it current.",
        "",
        f"Paper 001's trials, on the same pictures. Looked for: {record.queries:,} {SYNTHETIC}. "
        f"Each is a view of one validation item of `fpi`, among all {record.gallery:,} of them, at "
        f"{record.frame[1]}×{record.frame[0]} pixels. Items with nearly equal photos count as one. "
        f"What is trained here learns from {ITEMS:,} items, each as its photo and as a street view, for {EPOCHS} "
        "epochs, from ImageNet's MobileNetV2 but for the autoencoder: little, but the same for every row. Intervals "
        "are 95 %, over resampled items.",
        "",
        "By cosine, and by the paper's learned similarity: a small network on the two vectors, trained on the same "
        "items.",
        "",
        "| vectors | D | recall@1, cosine | recall@10, cosine | recall@1, learned | recall@10, learned | seconds |",
        "|---|---:|---|---|---|---|---:|",
    ]
    for row in record.rows:
        lines.append(
            f"| {titles.get(row.name, row.name)} | {row.dimensions} | {in_cell(row.recall_at_1)} | "
            f"{in_cell(row.recall_at_10)} | {in_cell(row.learned_at_1)} | {in_cell(row.learned_at_10)} | "
            f"{row.seconds:,.0f} |"
        )
    triplets = [row for row in record.rows if row.margin is not None]
    if triplets:
        lines += [
            "",
            "**How a collapse looks.** If a network gives every picture the same vector, both distances of a "
            "triplet are 0 and its loss is the margin: nothing pulls the vectors apart again. While the loss is above "
            "the margin, vectors of any length can lower it by shrinking (FaceNet, section 3.2, meets this with the "
            "hardest negatives); norm 1 forbids that.",
            "",
            "| vectors | loss at the end | margin | mean length | spread of the photos' vectors |",
            "|---|---:|---:|---:|---:|",
        ]
        for row in triplets:
            loss = "–" if row.loss is None else f"{row.loss:.4f}"
            lines.append(
                f"| {titles.get(row.name, row.name)} | {loss} | {row.margin:g} | {row.norm:.4f} | {row.spread:.5f} |"
            )
    missing = [trial.title for trial in TRIALS if trial.name not in {row.name for row in record.rows}]
    if missing:
        lines += ["", f"Not measured: {'; '.join(missing)}. The same command goes on."]
    machines = sorted({row.machine for row in record.rows})
    return "\n".join([*lines, "", f"Measured on: {', '.join(machines)}."]) + "\n"
