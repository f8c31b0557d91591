# How the bundled model is trained; `make model` and `make leave-one-out` read it.
TUMOR_PLAN := --assume-mpp 0.75 --mpp 1 --side 192 --batch 4 --precision mixed_bfloat16 --seed 0
TUMOR := $(TUMOR_PLAN) --architecture lean-unet --epochs 20 --steps 150
LEAVE_ONE_OUT := $(TUMOR_PLAN) --architecture lean-unet --epochs 4 --steps 495
