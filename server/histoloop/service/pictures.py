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
    return _response(encoded.tobytes(), "image/jpeg", f"private, max-age={seconds}")


def encoded_png(pixels: NDArray[np.uint8]) -> bytes:
    """Grey or RGBA, lossless."""
    if pixels.ndim == 3:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA), np.uint8)
    _, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return encoded.tobytes()


def png(encoded: bytes, *, final: bool) -> Response:
    """What is not final must be asked for again."""
    return _response(encoded, "image/png", "private, max-age=3600" if final else "no-cache")


def _response(encoded: bytes, mimetype: str, cache: str) -> Response:
    return Response(encoded, mimetype=mimetype, headers={"Cache-Control": cache})
