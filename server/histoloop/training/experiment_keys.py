"""What becomes of every key of a segmentation experiment's config.

A rule turns a value into options of ``histoloop train``, or into words: a `Elsewhere` names
another command, any other text says why the key counts nowhere. `KEYS` is all that is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from histoloop.training.experiment_values import flag, number, square, text, whole, wholes

Options = dict[str, Any]
"""By the names of the options; ``arch_config`` holds what `--arch-config` would.

Two are none: ``class_count`` is how many classes there shall be, ``pictures`` says that the file
knows where the data is.
"""


class Elsewhere(str):
    """The command, or the option of one, that does what the key asked for."""


Answer = Options | str


@dataclass(frozen=True)
class Context:
    """The rest of the file.

    Attributes:
        architecture: ours, whoever chose it.
        values: of all keys, by ``section.key``.
    """

    architecture: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A key's.

    Attributes:
        translate: raises `ValueError`, which says what the value should be.
        options: those of ``histoloop train`` that say the same; where one is given the key is
            not looked at.
    """

    translate: Callable[[Any, Context], Answer]
    options: tuple[str, ...] = ()


ARCHITECTURES: Mapping[str, tuple[str, Options]] = {
    "unet": ("unet-classic", {}),
    "flexunet": ("unet-classic", {}),
    "attentionunet": ("attention-unet", {}),
    "multiresunet": ("multiresunet", {}),
    "efficientunet": ("efficientnet-unet", {"encoder": "EfficientNetB0"}),
    "efficientnetb7unet": ("efficientnet-unet", {"encoder": "EfficientNetB7"}),
    "unet3plus": ("unet3plus", {}),
    "deeplabv3plus": ("deeplabv3plus", {}),
    "swinunet": ("swin-unet", {}),
}
"""By the experiment's class, in lower case and without its ``Tensorflow``."""

LOSSES: Mapping[str, str] = {
    "binary_crossentropy": "bce",
    "bce_dice_loss": "bce+dice",
    "dice_loss": "dice",
    "bce_iou_loss": "bce+iou",
    "iou_loss": "iou",
    "jacard_loss": "iou",
    "basnet_hybrid_loss": "bce+iou",
    "binary_focal_crossentropy": "focal",
    "tversky_loss": "tversky",
    "categorical_crossentropy": "cce",
    "categorical_focal_crossentropy": "cfocal",
}

NOTES: Mapping[str, str] = {
    "bce_dice_loss": "the sum of the two, not their mean",
    "bce_iou_loss": "the sum of the two, not their mean",
    "basnet_hybrid_loss": "without its term of structural similarity",
}
"""In what a loss of ours differs from its namesake."""


def option(name: str, check: Callable[[Any], Any]) -> Rule:
    """The value itself, under another name."""
    return Rule(lambda value, _: {name: check(value)}, (name,))


def shape(name: str, check: Callable[[Any], Any], *architectures: str) -> Rule:
    """A part of the network, of those architectures that have it to choose."""

    def translate(value: Any, context: Context) -> Answer:
        if context.architecture not in architectures:
            return f"nothing to choose in {context.architecture}"
        return {"arch_config": {name: check(value)}}

    return Rule(translate)


def unused(reason: str) -> Rule:
    """Nothing becomes of it."""
    return Rule(lambda *_: reason)


def elsewhere(command: str) -> Rule:
    """Something else does it."""
    return Rule(lambda *_: Elsewhere(command))


def architecture(value: Any) -> tuple[str, Options]:
    """Ours, and what of its config the experiment's class implies.

    Raises:
        ValueError: there is none.
    """
    name = text(value).lower().removeprefix("tensorflow")
    if name not in ARCHITECTURES:
        raise ValueError(f"one of {', '.join(ARCHITECTURES)}; --architecture chooses another")
    return ARCHITECTURES[name]


def _model(value: Any, _: Context) -> Answer:
    name, config = architecture(value)
    return {"architecture": name, "arch_config": config} if config else {"architecture": name}


def _side(value: Any, context: Context) -> Answer:
    side = whole(value)
    if any(context.values.get(f"model.image_{one}", side) != side for one in ("width", "height")):
        raise ValueError("the same width and height: patches are square")
    return {"side": side}


def _channels(value: Any, _: Context) -> Answer:
    whole(value)
    return "every picture is read as RGB, grey ones too"


def _activation(value: Any) -> str:
    name = text(value).lower()
    return {"leakyrelu": "leaky_relu", "swish": "silu"}.get(name, name)


def _depth(value: Any, context: Context) -> Answer:
    blocks = whole(context.values.get("model.stack_num_down", 2))
    return _DEPTHS.translate((blocks,) * whole(value, 2, 12), context)


def _blocks(value: Any, context: Context) -> Answer:
    if "model.depth" in context.values:
        return Elsewhere("--arch-config depths, from depth")
    return _DEPTHS.translate((whole(value),) * 4, context)


_DEPTHS = shape("depths", tuple, "swin-unet")


def _head_width(value: Any, context: Context) -> Answer:
    heads = wholes(context.values.get("model.num_heads", 4))[0]
    width = shape("head_width", lambda one: max(1, whole(one) // heads), "swin-unet")
    return width.translate(value, context)


def _optimizer(value: Any) -> str:
    name = text(value).lower()
    if name not in ("adam", "adamw"):
        raise ValueError("Adam or AdamW")
    return name


def _clip(value: Any, _: Context) -> Answer:
    return {"clip_value": number(value), "clip_norm": None}


def _loss(value: Any) -> str:
    name = text(value)
    if name not in LOSSES:
        raise ValueError(f"one of {', '.join(LOSSES)}; --loss chooses another")
    return LOSSES[name]


def _augment(value: Any, context: Context) -> Answer:
    return {"augment": flag(value) and flag(context.values.get("generator.augmentation", True))}


def _steps(value: Any, context: Context) -> Answer:
    if not context.values.get("model.generator", False):
        return "only with generator = True; else an epoch is all pictures once"
    return {"steps": whole(value)}


def _reducer(value: Any, _: Context) -> Answer:
    # A plateau that changes nothing leaves the rate as it is.
    return (
        {"schedule": "plateau"} if flag(value) else {"schedule": "plateau", "plateau_factor": 1.0}
    )


def _of_reducer(name: str, check: Callable[[Any], Any]) -> Rule:
    def translate(value: Any, context: Context) -> Answer:
        if not context.values.get("train.learning_rate_reducer", False):
            return "only with learning_rate_reducer = True"
        return {name: check(value)}

    return Rule(translate, (name,))


def _tile(value: Any, context: Context) -> Answer:
    margin = whole(context.values.get("tiledinfer.overlapping", 0), 0)
    return {"tile": whole(value) + 2 * margin}


def _threshold(value: Any, _: Context) -> Answer:
    grey = min(max(number(value), 1.0), 255.0)
    # Never above: the next grey value would be the first that reaches it.
    return Elsewhere(f"segment --threshold {math.floor(grey / 255 * 10_000) / 10_000:g}")


def _binarize(value: Any, _: Context) -> Answer:
    return Elsewhere("segment --binarise" if value else "segment --grey")


def _switch(name: str) -> Rule:
    """A picture of ``segment``, or a way to make it, that is on or off."""
    return Rule(
        lambda value, _: Elsewhere(f"segment {name}") if value else f"off, as without {name}"
    )


_DATA = Rule(lambda *_: {"pictures": True}, ("data",))
_WHOLE = elsewhere("segment PICTURES… --whole: files or folders are named there")
_TILED = elsewhere("segment PICTURES…: files or folders are named there")
_OUT = elsewhere("segment --out")
_MERGED = elsewhere("segment --merged: merged.png among the other results")
_COLOURS = elsewhere("segment --colourise: colour.png among the other results")
_CARD = unused("classes have the colours of the model's card, what is none of them is black")
_SOFT = unused("a blurred mask has lost its outline")
_BLEND = unused("tiles are blended by weight; a whole picture shrunk to one tile has no say")
_OTSU = unused("a threshold from a picture's own histogram finds a class where there is none")
_EPOCH = unused("no pictures are written per epoch; evaluate shows the worst tiles")
_DRAWN = unused("patches are turned by any angle, mirrored and zoomed, each time anew")
_BENT = unused("no twin: patches are neither bent nor sheared")
_LIGHT = unused("stains, light, blur and noise vary in every patch")
_FILES = unused("nothing is written beside the model; patches are made in memory")
_MASKS = unused("masks hold class codes, or 0 and 255; those of JPEGs are put right")
_FOLDER = Rule(lambda *_: Elsewhere("--out holds model, curves and evaluation"), ("out",))


def _data(section: str) -> dict[str, Rule]:
    names = ("image_datapath", "mask_datapath", "images_dir", "masks_dir")
    return {f"{section}.{name}": _DATA for name in names}


def _inference(section: str, pictures: Rule) -> dict[str, Rule]:
    return {
        f"{section}.{name}": rule
        for name, rule in {
            "images_dir": pictures,
            "output_dir": _OUT,
            "merged_dir": _MERGED,
            "colorized_dir": _COLOURS,
            "colorized_output_format": unused("RGB everywhere"),
            "binarize": Rule(_binarize),
            "threshold": Rule(_threshold),
            "sharpening": _switch("--sharpen"),
            "mask_colorize": _switch("--colourise"),
            "algorithm": _OTSU,
            "blur": _SOFT,
            "color_converter": unused("pictures are predicted in their own colours"),
        }.items()
    }


def _same(rule: Rule, section: str, *keys: str) -> dict[str, Rule]:
    return {f"{section}.{key}": rule for key in keys}


_UNETS = ("unet-classic", "attention-unet", "multiresunet", "unet3plus")

KEYS: Mapping[str, Rule] = {
    "model.model": Rule(_model, ("architecture",)),
    "model.generator": Rule(_augment, ("augment",)),
    "model.image_width": Rule(_side, ("side",)),
    "model.image_height": Rule(_side, ("side",)),
    "model.image_channels": Rule(_channels),
    "model.input_normalize": unused("pixels always become [-1, 1]; the card says so"),
    "model.num_classes": Rule(lambda value, _: {"class_count": whole(value)}, ("classes",)),
    "model.base_filters": shape("base_filters", whole, *_UNETS),
    "model.base_kernels": shape("base_kernel", square, "unet-classic"),
    "model.num_layers": shape("levels", whole, "unet-classic", "attention-unet", "multiresunet"),
    "model.dilation": shape("dilation", square, "unet-classic"),
    "model.dropout_rate": shape("dropout", number, "unet-classic"),
    "model.dropout_seed_fixing": unused("--seed fixes everything that is drawn"),
    "model.normalization": shape(
        "normalisation", lambda value: "batch" if flag(value) else "none", "unet-classic"
    ),
    "model.activation": shape("activation", _activation, "unet-classic"),
    "model.efficientnet": shape(
        "encoder", lambda value: f"EfficientNet{text(value)}", "efficientnet-unet"
    ),
    "model.filter_num_begin": Rule(_head_width),
    "model.depth": Rule(_depth),
    "model.stack_num_down": Rule(_blocks),
    "model.stack_num_up": unused("the decoder has as many blocks as the encoder"),
    "model.patch_size": shape("patch", square, "swin-unet"),
    "model.num_heads": shape("heads", lambda one: wholes(one)[0], "swin-unet"),
    "model.window_size": shape("window", lambda one: wholes(one)[0], "swin-unet"),
    "model.num_mlp": unused("four times a level's channels, as published"),
    "model.shift_window": unused("every second window is shifted, as published"),
    "model.optimizer": option("optimizer", _optimizer),
    "model.learning_rate": option("learning_rate", number),
    "model.clipvalue": Rule(_clip, ("clip_value", "clip_norm")),
    "model.loss": option("loss", _loss),
    "model.metrics": unused("Dice is always measured, accuracy and the rest by evaluate"),
    "model.show_summary": unused("models show prints the card"),
    "dataset.datasetclass": unused("there is one reader of pictures and masks"),
    "dataset.class_name": unused("there is one reader of pictures and masks"),
    "dataset.resize_interpolation": unused("pictures are read at a scale, filtered by area"),
    "dataset.color_order": unused("RGB everywhere"),
    "train.epochs": option("epochs", whole),
    "train.batch_size": option("batch", whole),
    "train.steps_per_epoch": Rule(_steps, ("steps",)),
    "train.validation_steps": unused("every validation picture is measured after every epoch"),
    "train.patience": option("patience", whole),
    "train.learning_rate_reducer": Rule(_reducer, ("schedule",)),
    "train.reducer_factor": _of_reducer("plateau_factor", number),
    "train.reducer_patience": _of_reducer("plateau_patience", whole),
    "train.metrics": unused("train_metrics.csv holds what is measured"),
    **_data("train"),
    "train.model_dir": _FOLDER,
    "train.eval_dir": _FOLDER,
    "train.append_timestamp": _FOLDER,
    "train.create_backup": unused("choose a new --out to keep an earlier model"),
    "train.save_weights_only": unused("model.keras holds network and weights"),
    "train.save_model_file": unused("model.keras holds network and weights"),
    "train.dataset_splitter": unused("valid/ is used as it stands: a split by picture leaks"),
    "train.seedreset_callback": unused("--seed fixes everything that is drawn"),
    "train.show_history": unused("history.json is always written"),
    **_same(_EPOCH, "train", "epoch_change_infer", "epoch_change_infer_dir"),
    **_same(_EPOCH, "train", "epoch_change_tiledinfer", "epoch_change_tiledinfer_dir"),
    **_same(_EPOCH, "train", "epoch_change_tiled_infer", "epoch_change_tiled_infer_dir"),
    **_same(_EPOCH, "train", "epoch_changeinfer", "epoch_changeinfer_dir", "num_infer_images"),
    **_data("eval"),
    "eval.batch_size": unused("pictures are predicted tile by tile"),
    **_data("valid"),
    **_data("test"),
    **_inference("infer", _WHOLE),
    **_inference("tiledinfer", _TILED),
    "tiledinfer.overlapping": option("halo", lambda value: whole(value, 0)),
    "tiledinfer.split_size": Rule(_tile, ("tile",)),
    "tiledinfer.bitwise_blending": _BLEND,
    "tiledinfer.background": unused("what is not predicted is no class"),
    "tiledinfer.debug": _FILES,
    "segmentation.colorize": _switch("--colourise"),
    **_same(_CARD, "segmentation", "black", "white"),
    "segmentation.blursize": unused("the picture under the colours of merged.png stays sharp"),
    **_same(_LIGHT, "image", "color_converter", "gamma", "sharpening", "contrast", "brightness"),
    "image.color_order": unused("RGB everywhere"),
    "mask.blur": unused("a blurred mask is no longer a class"),
    "mask.blur_size": unused("a blurred mask is no longer a class"),
    **_same(_MASKS, "mask", "binarize", "threshold", "mask_datatype", "mask_file_format"),
    **_same(_MASKS, "mask", "rgb_map", "color_map"),
    "mask.algorithm": _OTSU,
    "mask.mask_colorize": _switch("--colourise"),
    "generator.augmentation": elsewhere("--augment, with model.generator"),
    **_same(_FILES, "generator", "debug", "generated_images_dir", "generated_masks_dir"),
    **_same(_DRAWN, "augmentor", "vflip", "hflip", "rotation", "angles", "shrinks"),
    **_same(_BENT, "augmentor", "shears", "transformer", "alpah", "alpha", "sigmoid"),
    **_same(_BENT, "augmentor", "deformation", "distortion", "barrdistortion", "pincdistortion"),
    **_same(_LIGHT, "augmentor", "sharpening", "brightening", "contrast_adjust", "blur"),
    **_same(_BENT, "deformation", "alpah", "alpha", "sigmoid", "sigmoids"),
    **_same(_BENT, "distortion", "gaussian_filter_rsigma", "gaussian_filter_sigma", "distortions"),
    **_same(_BENT, "barrdistortion", "radius", "amount", "centers"),
    **_same(_BENT, "pincdistortion", "radius", "amount", "centers"),
    **_same(_LIGHT, "sharpening", "k"),
    **_same(_LIGHT, "brightening", "alpha", "beta"),
}
