"""A config file in the form of the experiments that people bring along."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
; train_eval_infer.config

[model]
model         = "TensorflowUNet"
generator     = False
image_width    = 512
image_height   = 512
image_channels = 3
input_normalize = False
num_classes    = 1
base_filters   = 16
base_kernels   = (5,5)
num_layers     = 8
dropout_rate   = 0.05
learning_rate  = 0.0001
clipvalue      = 0.5
dilation       = (1,1)
loss           = "bce_dice_loss"
metrics        = ["binary_accuracy"]
show_summary   = False

[train]
epochs        = 100
batch_size    = 2
patience      = 10
;metrics      = ["iou_coef", "val_iou_coef"]
metrics       = ["binary_accuracy", "val_binary_accuracy"]
model_dir     = "./models"
eval_dir      = "./eval"
image_datapath = "../dataset/Cancer/train/images/"
mask_datapath  = "../dataset/Cancer/train/masks/"
create_backup  = False
learning_rate_reducer = True
reducer_factor        = 0.2
reducer_patience      = 4
save_weights_only     = True

[eval]
image_datapath = "../dataset/Cancer/valid/images/"
mask_datapath  = "../dataset/Cancer/valid/masks/"

[test]
image_datapath = "../dataset/Cancer/test/images/"
mask_datapath  = "../dataset/Cancer/test/masks/"

[infer]
images_dir    = "./mini_test/images"
output_dir    = "./mini_test_output"
sharpening   = True

[tiledinfer]
overlapping = 128
split_size  = 512
images_dir  = "./mini_test/images"
output_dir  = "./tiled_mini_test_output"
bitwise_blending =False
sharpening   = True

[segmentation]
colorize      = False
black         = "black"
white         = "green"
blursize      = None

[mask]
blur      = False
blur_size = (3,3)
binarize  = False
threshold = 118
"""


def write_config(folder: Path, **changed: str) -> Path:
    """The config in a project's folder; ``model__loss='"dice_loss"'`` replaces a line or adds one.

    Other sections and keys are added; the last of equal keys counts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train_eval_infer.config"
    added = "".join(
        f"[{section}]\n{key} = {value}\n"
        for name, value in changed.items()
        for section, key in [name.split("__")]
    )
    path.write_text(CONFIG + added)
    return path
