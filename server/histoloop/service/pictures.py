"""Arrays as pictures in a response."""

from __future__ import annotations

import cv2
import numpy as np
from flask import Response
from numpy.typing import NDArray

from histoloop.slides.slide import Pixels

_JPEG_QUALITY = 85


def jpeg(pixels: Pixels, seconds: int = 3600) -> Response:
    """``(rows, cols, 3)`` RGB; a browser may keep it for so many seconds."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), flags)
    return _response(encoded, "image/jpeg", f"private, max-age={seconds}")


def png(pixels: NDArray[np.uint8], *, final: bool) -> Response:
    """Grey or RGBA, lossless; what is not final must be asked for again."""
    if pixels.ndim == 3:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA), np.uint8)
    _, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return _response(encoded, "image/png", "private, max-age=3600" if final else "no-cache")


def _response(encoded: NDArray[np.uint8], mimetype: str, cache: str) -> Response:
    return Response(encoded.tobytes(), mimetype=mimetype, headers={"Cache-Control": cache})
