"""What all reports share: the dress of a page, its tables, how a figure is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c1e21;max-width:1060px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.3rem 0;max-width:75ch}.quiet{color:#5b6068}
.warning{border-left:4px solid #c8102e;background:#fdf0f1;padding:.5rem .8rem;margin:.6rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e2e4e8}
th{font-weight:600;background:#f6f7f8}.text{text-align:left}td{white-space:nowrap}
.wide{overflow-x:auto}img{max-width:100%;vertical-align:top}
.plots{max-width:none}.plots img{max-height:440px}
figure{margin:1rem 0}figcaption{color:#5b6068}
.three{display:grid;grid-template-columns:repeat(3,1fr);max-width:784px;font-weight:600}
"""


def document(title: str, sections: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: text; sections: HTML, names in it escaped.
    """
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(sections)}</html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """HTML of a table of text; columns of numbers stand to the right."""
    columns = [all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    lines = [_row("th", head, columns), *(_row("td", row, columns) for row in rows)]
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _row(tag: str, cells: Sequence[str], numbers: Sequence[bool]) -> str:
    parts = zip(cells, numbers, strict=True)
    shown = (
        f"<{tag}{'' if right else ' class=text'}>{escape(text)}</{tag}>" for text, right in parts
    )
    return f"<tr>{''.join(shown)}</tr>"


def _is_number(text: str) -> bool:
    return not text.strip("0123456789.,+-–") or text == "absent"


def picture(source: str, alt: str, caption: str) -> str:
    """HTML of a picture that is loaded when it is scrolled to; all three are text."""
    image = f'<img loading="lazy" src="{escape(source)}" alt="{escape(alt)}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def figure(value: float) -> str:
    """Three decimals, a dash for what is not defined."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def count(number: int, noun: str) -> str:
    """ "1 slide", "2 slides"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def defined(value: Any) -> Any:
    """The same with `None` for every NaN: JSON has no such number."""
    if isinstance(value, dict):
        return {key: defined(one) for key, one in value.items()}
    if isinstance(value, list):
        return [defined(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
