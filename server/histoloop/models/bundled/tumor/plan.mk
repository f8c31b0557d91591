# How the bundled model is trained; `make model` and `make leave-one-out` read it.
TUMOR_PLAN := --mpp 2 --epochs 24 --steps 100 --side 128 --batch 8 --seed 0 --precision mixed_bfloat16
TUMOR_CARD := --licence "CC0-1.0" \
  --summary "Breast tumour against everything else, 2 µm/px; a start to retrain from"
