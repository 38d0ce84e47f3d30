"""Draws the plot of the benchmark: CPU time per fetch by fetches in flight."""

from __future__ import annotations

import html
import math

from .clients import LABELS
from .results import CONCURRENCY, Results

WIDTH, HEIGHT = 900, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 310, 52, 56
INK = "#767676"
"""Readable on white and on black; the background is transparent."""
COLOURS = {
    "floor": "#b5b5b5",
    "limit": "#8a8a8a",
    "ours-aiohttp": "#e0530f",
    "ours-aiohttp-gc": "#f2a07b",
    "ours-httpx": "#d99a00",
    "hand-aiohttp": "#5fa8a8",
    "hand-httpx": "#2c7a7a",
    "hand-httpx-sniffio": "#8fbcbc",
    "pyreqwest": "#c23b6b",
    "wreq": "#e58aa9",
    "stock": "#2f86d6",
    "openai": "#12a37f",
    "openapi-generator": "#b565c4",
}
LINE_HEIGHT = 17


class Scale:
    """The vertical scale. It is logarithmic, because some clients take ten times as long as others.

    Attributes:
        marks: Values of the grid lines, from the bottom to the top.
    """

    def __init__(self, values: list[float]) -> None:
        steps = [factor * 10**power for power in range(-1, 8) for factor in (1, 2, 5)]
        low = max(step for step in steps if step <= min(values))
        high = min(step for step in steps if step >= max(values) and step > low)
        self.marks = [step for step in steps if low <= step <= high]

    def y(self, value: float) -> float:
        """Return the vertical position of a time."""
        low, high = self.marks[0], self.marks[-1]
        share = math.log(value / low) / math.log(high / low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def svg(results: Results, turns: int = 40) -> str:
    """Return the plot as an SVG document."""
    series = {client: points(results, client, turns) for client in LABELS}
    series = {client: found for client, found in series.items() if found}
    scale = Scale([value for found in series.values() for value in found.values()])
    title = f"CPU time per fetch of a {turns}-turn call, by fetches in flight"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{title}</title>",
        text(LEFT, 26, title, size=16, weight=600),
    ]
    for mark in scale.marks:
        at = scale.y(mark)
        parts.append(line(LEFT, at, WIDTH - RIGHT, at, INK, width=1, opacity=0.35))
        parts.append(text(LEFT - 10, at + 4, f"{mark:,}", anchor="end"))
    parts.append(text(LEFT, TOP - 8, "µs (log scale), less is better"))
    for number in CONCURRENCY:
        parts.append(text(x(number), HEIGHT - BOTTOM + 22, f"{number:,}", anchor="middle"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "fetches in flight (log scale)", anchor="middle"))
    ends = spread({client: scale.y(list(found.values())[-1]) for client, found in series.items()})
    for client, found in series.items():
        parts += curve(client, found, scale, ends[client])
    return "\n".join([*parts, "</svg>"]) + "\n"


def points(results: Results, client: str, turns: int) -> dict[int, float]:
    """Return the times of a client by fetches in flight, as far as they were measured."""
    return {
        number: results.cpu(client, number, turns)
        for number in CONCURRENCY
        if (client, number, turns) in results.samples
    }


def curve(client: str, values: dict[int, float], scale: Scale, label_at: float) -> list[str]:
    """Draw one client: its line, its points, and its name at the right end."""
    colour = COLOURS[client]
    width = 3.5 if client.startswith("ours") else 2
    dash = ' stroke-dasharray="5 4"' if client in ("floor", "limit") else ""
    positions = [(x(number), scale.y(value)) for number, value in values.items()]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in positions)
    (last_x, end_y), end_x = positions[-1], x(CONCURRENCY[-1])
    label = LABELS[client].removeprefix("the practical ").removeprefix("the limit: bare ")
    label = {"limit": f"limit: {label}", "hand-httpx-sniffio": "httpx by hand, with sniffio"}.get(client, label)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>',
        *(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{width + 0.5}" fill="{colour}"/>' for px, py in positions),
        line(last_x + 6, end_y, end_x + 16, label_at, colour, width=1, opacity=0.8),
        text(end_x + 20, label_at + 4, label, colour=colour, weight=600 if client.startswith("ours") else 400),
    ]


def x(in_flight: int) -> float:
    """Return the horizontal position of a number of fetches in flight."""
    share = math.log(in_flight / CONCURRENCY[0]) / math.log(CONCURRENCY[-1] / CONCURRENCY[0])
    return LEFT + 14 + share * (WIDTH - LEFT - RIGHT - 28)


def spread(positions: dict[str, float]) -> dict[str, float]:
    """Move labels down until none covers another, then all of them up above the axis."""
    found: dict[str, float] = {}
    last = -math.inf
    for client, position in sorted(positions.items(), key=lambda item: item[1]):
        last = found[client] = max(position, last + LINE_HEIGHT)
    over = max(0.0, last - (HEIGHT - BOTTOM))
    return {client: position - over for client, position in found.items()}


def line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float, opacity: float) -> str:
    """Draw a straight line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        f' stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}"/>'
    )


def text(
    at_x: float,
    at_y: float,
    content: str,
    *,
    anchor: str = "start",
    size: int = 13,
    weight: int = 400,
    colour: str = INK,
) -> str:
    """Write a text."""
    return (
        f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}" fill="{colour}">{html.escape(content)}</text>'
    )
