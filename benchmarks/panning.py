"""Viewers that pan over a slide with the overlay of a run, without a browser.

Each asks for what our client would ask for, as it would: over at most six keep-alive connections,
four slide tiles and four overlay tiles at a time, those nearest to the middle first; what went out
of view before its turn is not asked for. Outlines are asked for when the view has come to rest and
has left what is held. The numbers are those of ``client/src/viewer`` and ``client/src/model``.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

CONNECTIONS, TILES_AT_ONCE = 6, 4
VIEW = (960, 720)
"""CSS pixels of the stage in a window of 1280 × 800."""

STEP_S = 0.1
"""Between two looks at where a drag has come to."""

DRAG_S, DRAG_PX = 0.8, (150.0, 600.0)
REST_S = 0.35
"""Until outlines are asked for: the view is at rest after 200 ms, then the client waits for 150."""

OUTLINE_MARGIN, OUTLINE_UM_PER_PX = 1.5, 4.0
OUTLINE_VIEW, OUTLINE_REQUEST = 8e6, 15e6
"""Mask pixels: beyond the first nothing is asked for, the margin ends at the second."""

HELD = 1000
"""Tiles of either kind that a viewer has not to ask for again."""

TIMEOUT_S = 30


class Place(NamedTuple):
    """A tile of the slide's grid."""

    z: int
    x: int
    y: int


@dataclass(frozen=True)
class Scene:
    """A slide, and a run of it.

    Attributes:
        side: base pixels, of a square; mpp: of the slide, µm/px; run_mpp: of the run.
        top: the finest level; finest: the finest that holds more of the run.
    """

    slide: str
    run: str
    layer: str
    side: int
    tile: int
    top: int
    mpp: float
    run_mpp: float

    @property
    def finest(self) -> int:
        return self.top - max(0, math.floor(math.log2(self.run_mpp / self.mpp) + 1e-6))


@dataclass
class Log:
    """What was asked and how long a viewer waited for it, in seconds, by kind; what went wrong."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


class Browser:
    """Keep-alive connections to one service, and what they cost to wait for."""

    def __init__(self, url: str, log: Log) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._log = log
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, kind: str, path: str) -> bool:
        """Fetch and forget; notes the time from the wish to the last byte."""
        began = time.perf_counter()
        async with self._places:
            try:
                status = await asyncio.wait_for(self._fetched(path), TIMEOUT_S)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self._log.errors.append(f"{kind}: {type(error).__name__} {error}")
                return False
        if status != 200:
            self._log.errors.append(f"{kind}: {status}")
            return False
        self._log.waits.setdefault(kind, []).append(time.perf_counter() - began)
        return True

    async def _fetched(self, path: str) -> int:
        while self._idle:  # one that the service has closed meanwhile costs another try
            with suppress(OSError, EOFError):
                return await self._asked(self._idle.pop(), path)
        return await self._asked(await asyncio.open_connection(self._host, self._port), path)

    async def _asked(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str
    ) -> int:
        reader, writer = connection
        try:
            request = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n"
            writer.write(request.encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (one.partition(":") for one in head)
            }
            await reader.readexactly(int(headers["content-length"]))
        except BaseException:
            writer.close()
            raise
        self._idle.append(connection)
        return int(head[0].split()[1])

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


class Loader:
    """Fetches the tiles that are wanted, in that order, a few at a time."""

    def __init__(self, fetch: Callable[[Place], Awaitable[bool]]) -> None:
        self._fetch, self._queue = fetch, list[Place]()
        self._held = OrderedDict[Place, None]()
        self._under_way = dict[Place, asyncio.Task[None]]()

    def want(self, tiles: list[Place]) -> None:
        self._queue = tiles
        for place in tiles:
            if place in self._held:
                self._held.move_to_end(place)
        self._pump()

    async def stop(self) -> None:
        self._queue = []
        await asyncio.gather(*self._under_way.values())

    def _pump(self) -> None:
        for place in self._queue:
            if len(self._under_way) >= TILES_AT_ONCE:
                return
            if place not in self._held and place not in self._under_way:
                self._under_way[place] = asyncio.create_task(self._load(place))

    async def _load(self, place: Place) -> None:
        if await self._fetch(place):
            self._held[place] = None
            if len(self._held) > HELD:
                self._held.popitem(last=False)
        else:
            await asyncio.sleep(1.0)  # as the client does before it asks again
        del self._under_way[place]
        self._pump()


class Viewer:
    """Somebody who drags the slide, looks, and now and then goes nearer or away."""

    def __init__(
        self, url: str, scene: Scene, log: Log, seed: int, think_s: tuple[float, float]
    ) -> None:
        self._scene, self._think_s = scene, think_s
        self._lot = random.Random(seed)
        self._browser = Browser(url, log)
        self._slide = Loader(self._slide_tile)
        self._overlay = Loader(self._overlay_tile)
        self._zoom = self._lot.randint(scene.top - 3, scene.top)
        self._x, self._y = (self._lot.uniform(0.2, 0.8) * scene.side for _ in "xy")
        self._outlined: tuple[float, float, float, float] | None = None
        self._outlines: asyncio.Task[bool] | None = None

    async def look_around(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.sleep(self._lot.uniform(0, min(sum(self._think_s) / 2, seconds)))
        self._look()
        while time.monotonic() < end:
            if self._lot.random() < 0.15:
                self._zoom += self._lot.choice((-1, 1))
                self._zoom = min(max(self._zoom, self._scene.top - 4), self._scene.top)
                self._look()
            else:
                await self._drag()
            await asyncio.sleep(REST_S)
            self._outline()
            await asyncio.sleep(self._lot.uniform(*self._think_s))
        await self._slide.stop()
        await self._overlay.stop()
        if self._outlines:
            await self._outlines
        self._browser.close()

    async def _drag(self) -> None:
        turn, length = self._lot.uniform(0, 2 * math.pi), self._lot.uniform(*DRAG_PX)
        steps = round(DRAG_S / STEP_S)
        step = length / steps * self._base_per_px
        for _ in range(steps):
            side = self._scene.side
            self._x = min(max(self._x + step * math.cos(turn), 0.1 * side), 0.9 * side)
            self._y = min(max(self._y + step * math.sin(turn), 0.1 * side), 0.9 * side)
            self._look()
            await asyncio.sleep(STEP_S)

    @property
    def _base_per_px(self) -> float:
        return float(2 ** (self._scene.top - self._zoom))

    def _look(self) -> None:
        self._slide.want(self._in_view(self._zoom))
        self._overlay.want(self._in_view(min(self._zoom, self._scene.finest)))

    def _in_view(self, zoom: int) -> list[Place]:
        cell = self._scene.tile * 2.0 ** (self._scene.top - zoom)
        last = math.ceil(self._scene.side / cell)
        (left, right), (top, bottom) = (
            (max(0, math.floor(low / cell)), min(last, math.ceil(high / cell)))
            for low, high in self._sides(1.0)
        )
        tiles = [Place(zoom, x, y) for y in range(top, bottom) for x in range(left, right)]
        middle = self._x / cell - 0.5, self._y / cell - 0.5
        return sorted(tiles, key=lambda one: math.hypot(one.x - middle[0], one.y - middle[1]))

    def _sides(self, factor: float) -> Iterator[tuple[float, float]]:
        for middle, length in zip((self._x, self._y), VIEW, strict=True):
            half = factor * length * self._base_per_px / 2
            yield max(0, middle - half), min(self._scene.side, middle + half)

    def _outline(self) -> None:
        if self._scene.mpp * self._base_per_px > OUTLINE_UM_PER_PX:
            return
        (left, right), (top, bottom) = self._sides(1.0)
        if (held := self._outlined) and (
            held[0] <= left and held[1] <= top and held[2] >= right and held[3] >= bottom
        ):
            return
        mask_pixels = (right - left) * (bottom - top) * (self._scene.mpp / self._scene.run_mpp) ** 2
        if mask_pixels > OUTLINE_VIEW:
            return
        margin = min(OUTLINE_MARGIN, math.sqrt(OUTLINE_REQUEST / mask_pixels))
        (left, right), (top, bottom) = self._sides(margin)
        self._outlined = (left, top, right, bottom)
        box = ",".join(str(round(one)) for one in (left, top, right - left, bottom - top))
        query = urlencode({"box": box, "threshold": 0.5, "class": self._scene.layer})
        path = f"/api/runs/{self._scene.run}/polygons?{query}"
        self._outlines = asyncio.create_task(self._browser.get("outlines", path))

    async def _slide_tile(self, place: Place) -> bool:
        z, x, y = place
        return await self._browser.get(
            "slide", f"/api/slides/{self._scene.slide}/tiles/{z}/{x}/{y}"
        )

    async def _overlay_tile(self, place: Place) -> bool:
        z, x, y = place
        query = urlencode({"layer": "probability", "class": self._scene.layer})
        path = f"/api/runs/{self._scene.run}/tiles/{z}/{x}/{y}?{query}"
        return await self._browser.get("overlay", path)


async def pan(
    url: str, scene: Scene, viewers: int, seconds: float, think_s: tuple[float, float], seed: int
) -> Log:
    """Let so many look around for so long."""
    log = Log()
    crowd = (Viewer(url, scene, log, seed * 10_000 + n, think_s) for n in range(viewers))
    await asyncio.gather(*(one.look_around(seconds) for one in crowd))
    return log
