# How the bundled model is trained, in two rounds; `make model` and `make leave-one-out` read it.
TUMOR_PLAN := --assume-mpp 0.75 --mpp 2 --steps 100 --side 128 --batch 8 --precision mixed_bfloat16
TUMOR_FIRST := $(TUMOR_PLAN) --epochs 20 --seed 0
TUMOR_SECOND := $(TUMOR_PLAN) --epochs 9 --seed 1 --learning-rate 7e-4
LEAVE_ONE_OUT := $(TUMOR_PLAN) --epochs 6 --seed 0
