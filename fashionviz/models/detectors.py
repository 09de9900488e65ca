"""Faster and Mask R-CNN with feature pyramids: boxes of what is worn and carried, made of torchvision's parts.

Ren et al. 2015 (arXiv:1506.01497), He et al. 2017 (arXiv:1703.06870), Lin et al. 2017 (arXiv:1612.03144). Those on
ResNets have torchvision's design and names, so that its COCO checkpoint loads as it is. The one on MobileNetV2 is their
light relative for a CPU.

A detector is a network ``(N, 3, H, W) -> (N, MOST, 6)``: in place of logits it gives rows, an item each, the surest
first: ``x0, y0, x1, y1`` in pixels of the input, score, place among the task's classes; rows of score 0 are empty. So
it is batched, looked into and verified like every other network here. :meth:`Detector.losses` is what training adds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from fashionviz.models.registry import register_model

if TYPE_CHECKING:
    from torchvision.models.detection.image_list import ImageList

Targets = list[dict[str, Tensor]]

#: Rows of an answer: the most items found in one photo. Fifteen is the most that any street photo here has.
MOST = 40
#: Scores below are not worth a row: precision there is next to nothing, and average precision gains nothing by it.
LEAST_SCORE = 0.02
#: Height and width that the fast one sees: about the size of the street photos, a short side of 320 pixels.
FAST = (480, 320)
#: The large ones see as much as torchvision's: a short side of 800 pixels is for photos that have as many.
LARGE = (768, 512)


def best_scores(rows: Tensor, classes: int) -> Tensor:
    """The highest score of each class among rows ``(MOST, 6)``, 0 of one that was not found: ``(K,)``."""
    out = rows.new_zeros(classes)
    held = rows[rows[:, 4] > 0]
    return out.scatter_reduce(0, held[:, 5].long(), held[:, 4], "amax")


def _as_they_are() -> nn.Module:
    """In place of torchvision's resizing: photos come normalised, of one size, and answers stay in its pixels."""
    from torchvision.models.detection.image_list import ImageList
    from torchvision.models.detection.transform import GeneralizedRCNNTransform

    class AsTheyAre(GeneralizedRCNNTransform):
        def forward(self, images: Any, targets: Any = None) -> tuple[ImageList, Any]:
            return ImageList(images, [tuple(images.shape[-2:])] * len(images)), targets

        def postprocess(self, result: Any, image_shapes: Any, original_image_sizes: Any) -> Any:
            return result

    return AsTheyAre(0, 0, [0.0], [1.0])


class Detector(nn.Module):
    """A two-stage detector whose answer is rows.

    Args:
        backbone: gives a dictionary of maps; has ``out_channels``.
        classes: how many there are; background is added.
        masks: whether it also learns masks (Mask R-CNN).
        parts: of torchvision's ``FasterRCNN`` or ``MaskRCNN``, by its names.
    """

    def __init__(self, backbone: nn.Module, classes: int, *, masks: bool = False, **parts: Any) -> None:
        super().__init__()
        from torchvision.models.detection import FasterRCNN, MaskRCNN

        kind = MaskRCNN if masks else FasterRCNN
        if "box_predictor" not in parts:
            parts["num_classes"] = classes + 1
        made = kind(backbone, box_score_thresh=LEAST_SCORE, box_detections_per_img=MOST, **parts)
        self.transform = _as_they_are()
        self.backbone, self.rpn, self.roi_heads = made.backbone, made.rpn, made.roi_heads

    def forward(self, x: Tensor) -> Tensor:
        """Rows ``(N, MOST, 6)`` of normalised RGB ``(N, 3, H, W)``, H and W multiples of 32."""
        images, _ = self.transform(x)
        maps = self.backbone(images.tensors)
        proposals, _ = self.rpn(images, maps)
        found, _ = self.roi_heads(maps, proposals, images.image_sizes)
        rows = x.new_zeros((len(x), MOST, 6), dtype=torch.float32)
        for out, one in zip(rows, found, strict=True):
            many = len(one["scores"])
            out[:many] = torch.cat([one["boxes"], one["scores"][:, None], one["labels"][:, None] - 1], dim=1)
        return rows

    def losses(self, x: Tensor, targets: Targets) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The four losses of a two-stage detector (and that of its masks), and the maps of the pyramid.

        Args:
            x: normalised RGB ``(N, 3, H, W)``; the network is in training mode.
            targets: of each photo ``boxes`` ``(n, 4)`` in pixels, ``labels`` ``(n,)`` int64 places among the classes
                and, where masks are learned, ``masks`` ``(n, H, W)`` uint8.
        """
        counted = [{**target, "labels": target["labels"] + 1} for target in targets]  # 0 is the background
        images, counted = self.transform(x, counted)
        maps = self.backbone(images.tensors)
        proposals, first = self.rpn(images, maps, counted)
        _, second = self.roi_heads(maps, proposals, images.image_sizes, counted)
        return {**first, **second}, maps


class MobileNetV2Maps(nn.Module):
    """MobileNetV2's maps at an eighth, a sixteenth and a thirty-second of the input, with its names.

    Its last convolution, a fifth of the parameters, is left out: the pyramid takes its place.
    """

    TAPS = (6, 13, 17)
    CHANNELS = (32, 96, 320)

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import mobilenet_v2

        self.features = mobilenet_v2(weights=None).features[: self.TAPS[-1] + 1]

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        """The maps by their place, the largest first."""
        maps: OrderedDict[str, Tensor] = OrderedDict()
        for place, block in enumerate(self.features):
            x = block(x)
            if place in self.TAPS:
                maps[str(len(maps))] = x
        return maps


class Pyramid(nn.Module):
    """Maps of a trunk, merged from the top down, and one more of half the smallest one's size."""

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        from torchvision.ops import FeaturePyramidNetwork
        from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

        self.body, self.out_channels = body, out_channels
        # With batch norms, which torchvision leaves out: nothing in it is trained yet, and batches are small.
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels, LastLevelMaxPool(), nn.BatchNorm2d)

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        """Maps by name, ``(N, out_channels, h, w)`` each."""
        maps: OrderedDict[str, Tensor] = self.fpn(self.body(x))
        return maps


#: Anchors in pixels of the input, two sizes a map: glasses are 25 pixels, belts 33, shoes 60, trousers 140, coats 165
#: (roots of the median areas of the train split), and photos are also seen nearer and from further away.
_ANCHORS = ((20, 32), (48, 72), (104, 152), (216, 300))
#: Height by width: belts and glasses lie, dresses and trousers stand.
_SHAPES = (0.35, 0.8, 1.5, 2.4)


@register_model(
    "fasterrcnn_mobilenet_v2_fpn.garment13",
    input_size=FAST,
    first_conv="backbone.body.features.0.0",
    activation_layer="backbone.body.features.3",
    gradcam_layer="backbone.body.features.17",
    head="roi_heads.box_predictor.cls_score",
    relu_family=True,
    default=True,
    paper="Faster R-CNN (arXiv:1506.01497) with a feature pyramid (arXiv:1612.03144) on MobileNetV2 (arXiv:1801.04381)",
)
def fasterrcnn_mobilenet_v2_fpn(num_classes: int) -> nn.Module:
    """The fast one: 96 channels, maps of an eighth of the input and less, 100 proposals, a head of 384.

    Of a step's time two thirds are pyramid, proposals and head, which grow with the square of the channels.

    Args:
        num_classes: how many kinds of items.
    """
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.rpn import RPNHead
    from torchvision.ops import MultiScaleRoIAlign

    channels, head = 96, 384
    anchors = AnchorGenerator(_ANCHORS, (_SHAPES,) * len(_ANCHORS))
    # By default a map is for boxes of 224 pixels and more: here that would leave all of them to the first map.
    pool = MultiScaleRoIAlign(["0", "1", "2"], 7, 2, canonical_scale=112, canonical_level=4)
    return Detector(
        Pyramid(MobileNetV2Maps(), MobileNetV2Maps.CHANNELS, channels),
        num_classes,
        rpn_anchor_generator=anchors,
        rpn_head=RPNHead(channels, anchors.num_anchors_per_location()[0]),
        box_roi_pool=pool,
        box_head=TwoMLPHead(channels * 7 * 7, head),
        box_predictor=FastRCNNPredictor(head, num_classes + 1),
        rpn_pre_nms_top_n_train=600,
        rpn_post_nms_top_n_train=300,
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_test=100,
        rpn_batch_size_per_image=128,
        box_batch_size_per_image=64,
        box_positive_fraction=0.4,
    )


def _on_resnet(body: str, num_classes: int, *, masks: bool = False) -> nn.Module:
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import FrozenBatchNorm2d

    backbone = resnet_fpn_backbone(backbone_name=body, weights=None, norm_layer=FrozenBatchNorm2d, trainable_layers=3)
    return Detector(backbone, num_classes, masks=masks)


def _register(name: str, body: str, title: str, *, masks: bool) -> None:
    kind = "Mask R-CNN (arXiv:1703.06870)" if masks else "Faster R-CNN (arXiv:1506.01497)"

    @register_model(
        f"{name}.garment13",
        input_size=LARGE,
        first_conv="backbone.body.conv1",
        activation_layer="backbone.body.layer1",
        gradcam_layer="backbone.body.layer4",
        head="roi_heads.box_predictor.cls_score",
        relu_family=True,
        paper=f"{kind} with a feature pyramid (arXiv:1612.03144) on {title}, as in paper 001",
    )
    def build(num_classes: int) -> nn.Module:
        return _on_resnet(body, num_classes, masks=masks)


for _body, _title in (
    ("resnet50", "ResNet-50 (arXiv:1512.03385)"),
    ("resnet101", "ResNet-101 (arXiv:1512.03385)"),
    ("resnext101_32x8d", "ResNeXt-101 32×8d (arXiv:1611.05431)"),
):
    for _kind in ("faster", "mask"):
        _register(f"{_kind}rcnn_{_body.partition('_')[0]}_fpn", _body, _title, masks=_kind == "mask")
