"""The studies of paper 002: transfer from catalogue to home photos, cropping, class-balanced sampling.

Their recipes are spelled out here, apart from those of the served models, whose tuning must not change a record.
"""

from __future__ import annotations

from dataclasses import replace

from fashionviz.errors import InvalidRequest
from fashionviz.studies.study import Row, Scoring, Study
from fashionviz.training.recipes import Recipe, Stage

_CATALOGUE, _HOME = Scoring("fpi"), Scoring("clothing")

#: Half a minute to three minutes a row on two cores. The average of the weights is short, as the runs are.
_HOME_RECIPE = Recipe(
    model="mobilenet_v2.clothing10",
    feed="clothing10",
    init="scratch",
    stages=(Stage((128, 96), 4),),
    batch={"home10": 48},
    learning_rate=1e-3,
    weight_decay=0.05,
    smoothing=0.1,
    auxiliary=0.0,
    ema_decay=0.95,
    validate_at=(128, 96),
)
_CATALOGUE_RECIPE = replace(_HOME_RECIPE, feed="catalogue10", batch={"catalogue": 48}, at_most=800)

#: What paper 001 trained with, as far as it says.
_SMALL = Recipe(
    model="category_cnn28.category11",
    feed="category",
    init="scratch",
    stages=(Stage((28, 28), 6),),
    batch={"catalogue": 128},
    optimiser="adam",
    learning_rate=2e-3,
    weight_decay=0.0,
    smoothing=0.0,
    auxiliary=0.0,
    erase=0.0,
    ema_decay=0.98,
)
_CROP_RECIPE = replace(
    _SMALL, model="category_cnn64.category5", stages=(Stage((64, 64), 8),), at_most=1500, ema_decay=0.97
)


def _transfer(name: str, title: str, init: str, begun: str) -> Study:
    catalogue = replace(_CATALOGUE_RECIPE, init=init)
    return Study(
        name=name,
        title=title,
        about=(
            "A MobileNetV2 learns the ten garment types on catalogue photos and is then asked about photos that people "
            f"took at home: as it is, with its last layer trained, with all of it trained, and beside a network that "
            f"never saw the catalogue. {begun}",
            "The catalogue's article types are mapped onto the ten classes in `fashionviz/data/catalogue10.py`: types "
            "that may be several classes (tops, tunics, kurtas, capris, ...) or none are left out. Of each class at "
            f"most {catalogue.at_most} photos are used, as the paper drew equally many of each class; rare classes "
            "have fewer. The home photos are the official train and validation split; the official test split is held "
            "out. All rows see 128×96 pixels, in training and when they are scored.",
            "The rows on home photos have the same recipe: they differ in where they start and in what may move. With "
            "the last layer alone, the statistics of the batch norms still adapt to the home photos.",
        ),
        rows=(
            Row("catalogue", "Trained on the catalogue", catalogue, (_CATALOGUE,)),
            Row("no-training", "No training", _HOME_RECIPE, (_HOME,), start="catalogue", trained=False),
            Row(
                "last-layer",
                "Last layer",
                replace(_HOME_RECIPE, frozen=("features",)),
                (_HOME,),
                start="catalogue",
            ),
            Row("whole-model", "Whole model", _HOME_RECIPE, (_HOME,), start="catalogue"),
            Row("from-scratch", "From scratch", _HOME_RECIPE, (_HOME,)),
        ),
        reference="from-scratch",
        paper=(
            "paper 002 (table 6) reports, from DeepFashion to iMaterialist, accuracies of 0.380 without training, "
            "0.420 with the last layer, 0.625 with the whole model (8 hours) and 0.650 from scratch (20 hours)."
        ),
    )


_ROWS_BOTH = (_CATALOGUE, replace(_CATALOGUE, crop=True))

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        _transfer(
            "transfer",
            "Transfer from catalogue to home photos",
            "scratch",
            "As in the paper, the catalogue's network itself starts from random weights.",
        ),
        _transfer(
            "transfer-imagenet",
            "Transfer from ImageNet by way of the catalogue to home photos",
            "imagenet",
            "Other than in the paper, the catalogue's network starts from ImageNet's weights.",
        ),
        Study(
            name="crop",
            title="Cropping to the bounding box",
            about=(
                "Paper 002 crops its photos to the boxes that come with its data. The catalogue has none, but its "
                "photos stand on white: the box is that of everything that is not white "
                "(`fashionviz/models/silhouette.py`), without a margin. The same network (four blocks, 64×64, five "
                "shop categories) is trained on whole and on cropped photos, and both are scored on whole and on "
                "cropped ones. A cropped photo is fitted into the frame again, keeping its shape.",
                f"Of each class at most {_CROP_RECIPE.at_most:,} photos are trained on; all photos of the split are "
                "scored.",
            ),
            rows=(
                Row("whole", "Trained on whole photos", _CROP_RECIPE, _ROWS_BOTH),
                Row("cropped", "Trained on cropped photos", replace(_CROP_RECIPE, crop=True), _ROWS_BOTH),
            ),
            reference="whole",
            paper="paper 002 crops all of its photos and reports no figure without the crop.",
        ),
        Study(
            name="balance",
            title="Class-balanced sampling",
            about=(
                "The catalogue's eleven shop categories are far from equally frequent. The same network (three blocks, "
                "28×28 grey) is trained on every photo once an epoch, and on as many photos drawn so that every class "
                "comes equally often: those of rare classes many times, those of frequent ones not all.",
            ),
            rows=(
                Row("plain", "Every photo once", _SMALL, (_CATALOGUE,)),
                Row("balanced", "Every class equally often", replace(_SMALL, balance=True), (_CATALOGUE,)),
            ),
            reference="plain",
            paper="paper 002 draws 5,000 photos of each class and reports no figure without that.",
        ),
    )
}


def get_study(name: str) -> Study:
    """A study by name.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    if name not in STUDIES:
        raise InvalidRequest(f"There is no study {name!r}. Studies: {', '.join(STUDIES)}, tags, tags-baseline.")
    return STUDIES[name]
