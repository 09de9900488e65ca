"""What the model cards say in words; the figures come from :mod:`fashionviz.training.install`."""

from __future__ import annotations

from dataclasses import dataclass

from fashionviz.data.own_tasks import LEAST, OWN_TASKS
from fashionviz.data.street import weak_labels
from fashionviz.data.street_tags import STREET_TAGS
from fashionviz.data.tags import shipped_vocabulary

INTENDED_USE = "Exploring what a garment classifier sees, in teaching, research and debugging."
LICENCE = "Apache-2.0 (weights). The photos they were trained on are not part of them."

_TITLES = {
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_lite1": "EfficientNet-Lite1",
    "fashionnet": "FashionNet",
    "fasterrcnn_mobilenet_v2_fpn": "Faster R-CNN on MobileNetV2",
    "fasterrcnn_resnet50_fpn": "Faster R-CNN on ResNet-50",
    "fasterrcnn_resnet101_fpn": "Faster R-CNN on ResNet-101",
    "fasterrcnn_resnext101_fpn": "Faster R-CNN on ResNeXt-101",
    "lraspp_mobilenet_v2": "LR-ASPP on MobileNetV2",
    "maskrcnn_resnet50_fpn": "Mask R-CNN on ResNet-50",
    "maskrcnn_resnet101_fpn": "Mask R-CNN on ResNet-101",
    "maskrcnn_resnext101_fpn": "Mask R-CNN on ResNeXt-101",
    "ropanet": "RopaNet",
    "ropanet_baseline": "RopaNet's baseline",
    "resnet50": "ResNet-50",
    "resnet50v2": "ResNet-50 v2 (pre-activation)",
    "resnet152": "ResNet-152",
    "vgg16": "VGG16",
    "inception_v3": "Inception-v3",
    "category_cnn28": "Small CNN, 28×28 grey",
    "category_cnn64": "Small CNN, 64×64",
}


@dataclass(frozen=True)
class Words:
    """The words of a card.

    Attributes:
        task: after the architecture in the title.
        description: what it names and what it learned from.
        limits: where it must not be trusted.
    """

    task: str
    description: str
    limits: str


def _gender_category() -> Words:
    return Words(
        "department × category",
        "Names the shop department and category of a garment photo, six classes as in paper 003. Trained on "
        "catalogue photos, on their cut-outs pasted onto street and room backgrounds, on street photos and on photos "
        "taken at home.",
        "Men and Women name the department an item is sold in, not a person, and the model must not be used to "
        "judge people. Street figures come from one set of street photos (Clothing Co-Parsing) and count an answer "
        f"as right when its department is. Of the training departments {weak_labels():,} follow from the "
        "publisher's tags alone (dress, skirt, heels, …); the others, and every validation and test photo, were "
        "labelled by looking at the outfit, and photos of unclear department were left out. A photo of a whole "
        "outfit shows several items: choose a region for a single one. Items of other departments (Unisex, Boys, "
        "Girls) and things that are no garment are forced into the six classes.",
    )


def _clothing10() -> Words:
    return Words(
        "ten garment types",
        "Names the garment on a photo taken at home, ten classes: those of the official small subset of the Clothing "
        "data set, which the experiments of paper 002 are carried over to.",
        "Photos of one garment, laid out, hung or worn; an outfit shows several. Garments outside the ten classes and "
        "things that are no garment are forced into them. The official test split is held out: what is reported here "
        "is validation, on which the weights were chosen.",
    )


def _category() -> Words:
    return Words(
        "shop categories",
        "Names the shop category of a garment, after paper 001, which narrows a search for the item. The categories "
        "are mapped from the article types of the catalogue; the mapping stands in fashionviz/data/street2shop.py.",
        "Sees photos at the size of a thumbnail. Trained mostly on catalogue photos on white, and on some home photos "
        "and garments cut out of street photos, on which it is weaker: see the figures. Items outside the categories "
        "(watches, perfume, innerwear, shorts, …) and things that are no garment are forced into them. "
        "Paper 001 measured on street photos of another data set: its figures are references, not a comparison.",
    )


def _tags() -> Words:
    tags = shipped_vocabulary()
    return Words(
        f"{len(tags)} tags",
        f"Tags a garment photo, after paper 000: {len(tags)} labels in five groups (article type, base colour, "
        "department, season, usage), those that at least 20 training items of the catalogue have. Each tag has a "
        "probability and is said from a threshold on; rare tags share one.",
        "Trained on catalogue photos of single items on white: an outfit or a street photo is outside of what it "
        "knows. Season and usage are the shop's editorial choice and hardly to be seen. Tags of few training items "
        "are weak: see the figures tag by tag; their positives weigh more in the last layer, so that their "
        "probabilities are to be read beside their thresholds, not as how often they are right. Men, Women, "
        "Boys, Girls and Unisex name the department an item is sold in, not a person, and the model must not be used "
        "to judge people. Paper 000 measured on iMaterialist: its figures are references, not a comparison.",
    )


def _street_tags() -> Words:
    return Words(
        f"{len(STREET_TAGS)} names of what is worn",
        f"Tags a street photo with what is worn on it: {len(STREET_TAGS)} names of Clothing Co-Parsing, those that at "
        "least 20 training photos have. Each tag has a probability and is said from a threshold on; rare "
        "tags share one.",
        "Learned from some 1,600 street photos of one site, whose authors named what they found worth naming: a tag "
        "that is absent may still be worn, and similar names (bag and purse, shoes and heels) are used loosely. "
        "Rare names are weak: see the figures tag by tag. It must not be used to judge people.",
    )


def _category50() -> Words:
    return Words(
        "fifty article types",
        "Names the article type of a garment photo, after paper 004: the fifty most frequent of the catalogue. The "
        "convolutions up to the features are another network's, frozen (the recipe says whose); what comes after them "
        "was trained. RopaNet and FashionNet also find eight landmarks: collar, sleeve, waist and hem, left and right "
        "in the picture.",
        "Trained on catalogue photos of single items on white: an outfit or a street photo is outside of what it "
        "knows, and other article types are forced into the fifty. The landmarks it learned from and is scored "
        "on are derived from silhouettes by a rule; nobody annotated them (docs/landmarks.md). Photos that the rule "
        "cannot read, white and skin-coloured garments, layers and unusual poses among them, have none and are not "
        "scored. Paper 004 measured on DeepFashion: its figures are references, not a comparison.",
    )


def _garment() -> Words:
    return Words(
        "garment, skin and hair",
        "Says of each pixel of a photo whether it shows something worn or carried, skin or hair, or neither. Shoes, "
        "bags, glasses and jewellery count as garment. It serves to measure where a classifier looks. Trained on "
        "street photos with masks, on their people cut out onto other grounds, and on catalogue photos on white with "
        "masks derived from silhouettes.",
        "Learned from 771 street photos of one site, mostly of single adults in full view. The publisher's masks leave "
        "passers-by out, and so may it; thin things (straps, jewellery, glasses) are often missed, and borders are off "
        "by some pixels. Photos taken at home without a person, laid out on a bed or a floor, are outside of what was "
        "measured. Catalogue figures are against derived masks: nobody drew them. It finds no persons and "
        "must not be used to find or to judge people.",
    )


def _item() -> Words:
    return Words(
        "shop items",
        "Turns a photo of one garment or accessory into a vector of norm 1; pictures of one shop item lie close to "
        "each other, so that a photo finds the item in a catalogue (paper 001's task). It learned from catalogue "
        "photos and synthetic street views of them: cut out, warped, covered, relit, pasted onto other photos.",
        "No real street photo of a known item was available, neither to learn from nor to score on: every recall is on "
        "synthetic street views, which are made of the very photo that is looked for. Real photos show another pose, "
        "other folds and other wear; on them, only the category of what is found is measured. The match probability "
        "supposes that the item is in the catalogue: of an item that is not, it says nothing. White and transparent "
        "items are cut out badly, and colour variants of one cut are often taken for each other. It must not be used "
        "to find people or to judge them by what they wear.",
    )


def _garment13() -> Words:
    return Words(
        "thirteen kinds of items",
        "Draws a box around each item that is worn or carried on a photo and says which of thirteen kinds it is. "
        "Trained on street photos, whose boxes were derived from masks by a rule, with catalogue items cut out and "
        "pasted onto them, and on catalogue items on plain grounds.",
        "Learned from 770 street photos of one site, mostly of single adults in full view, whom it knows best; people "
        "seen from far away, seated or in a crowd are outside of what was measured. A pair of shoes is one item. Small "
        "and thin things (belts, glasses, scarves) are missed most often, and kinds with few test photos have wide "
        "intervals. Jewellery, gloves and watches are none of the thirteen. It finds no persons and must not be used "
        "to find or to judge people.",
    )


def _own(task: str) -> Words:
    title = OWN_TASKS[task]
    return Words(
        title,
        f"Trained by its user on {title}: the publisher's categories or labels that at least {LEAST} training pictures "
        "have, each picture cut to its garment.",
        "Only as good as the annotations and as like the pictures that it was trained on; the data set's licence may "
        "forbid passing the weights on. It must not be used to judge people.",
    )


_WORDS = {
    "category50": _category50,
    "garment": _garment,
    "item": _item,
    "garment13": _garment13,
    "tags": _tags,
    "street_tags": _street_tags,
    "gender_category": _gender_category,
    "clothing10": _clothing10,
    "category11": _category,
    "category5": _category,
}


def words(model: str) -> tuple[str, Words]:
    """Title and words of a model's card.

    Args:
        model: ``architecture.task``.
    """
    architecture, _, task = model.partition(".")
    said = _own(task) if task in OWN_TASKS else _WORDS[task]()
    return f"{_TITLES.get(architecture, architecture)} · {said.task}", said
