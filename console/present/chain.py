"""A story drawn: its steps over time in lanes of tactics, and who did what to whom as a graph of stations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.catalogue import listed, say
from console.plain import clean
from console.words import Words
from detectors.incidents.tactics import TACTICS
from sensor.schema import Story, StoryStep

NAMED = 3
"""targets that a sentence names"""
LANE, TOP = 34, 26
"""pixels: height of a lane, and above the first one"""
LEFT, WIDTH = 17.0, 81.0
"""percent of the drawing: where time begins, and how much of it time takes"""
APART = 2.6
"""percent that two dots of one lane stand apart at least: a dot holds a number of two digits"""
MAX_NODES = 24
"""stations drawn one by one; of a step with more targets they are one node"""
TOGETHER = 6
BOX, ROW, COLUMN = (168, 30), 46, 300
ASIDE = 42
"""pixels from a box to the middle of the numbers on a line"""


@dataclass(frozen=True)
class Line:
    """One step as a line of the list."""

    number: int
    step: StoryStep
    text: str
    tactic: str
    why: str


@dataclass(frozen=True)
class Dot:
    number: int
    x: float
    """percent"""
    y: int
    level: str
    text: str


@dataclass(frozen=True)
class Timeline:
    lanes: tuple[tuple[str, int], ...]
    """word of the tactic, and its middle in pixels"""
    dots: tuple[Dot, ...]
    height: int


@dataclass(frozen=True)
class Node:
    x: int
    y: int
    text: str
    role: str
    """`actor`, `both` or `target`"""
    address: str
    """empty where it stands for several stations"""


@dataclass(frozen=True)
class Edge:
    path: str
    x: float
    y: float
    numbers: str
    level: str


@dataclass(frozen=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int
    text: str


def targets_of(step: StoryStep, language: str) -> str:
    """`甲、乙等 200 台设备`"""
    names = [clean(name) for name in step.targets[:NAMED]]
    if not names:
        return say("stories.nobody", language)
    text = listed(names, language)
    more = max(step.target_count, len(step.targets))
    return say("stories.and_more", language, names=text, n=more) if more > len(names) else text


def tactic_word(code: str, language: str) -> str:
    return Words(language).code("tactic", code or "none")


def lines(story: Story, language: str) -> tuple[Line, ...]:
    words = Words(language)
    found = []
    for number, step in enumerate(story.steps, 1):
        key = "stories.effect" if step.source is None else "stories.act" if step.targets else "stories.act_alone"
        text = say(
            key,
            language,
            source=step.source or "",
            targets=targets_of(step, language),
            title=words.text(step.title),
        )
        why = words.code("relation", step.relation)
        found.append(Line(number, step, text, tactic_word(step.tactic, language), why))
    return tuple(found)


def timeline(story: Story, language: str) -> Timeline | None:
    """None where there is nothing to compare: a single step."""
    if len(story.steps) < 2:
        return None
    order = (*TACTICS, "")
    present = [code for code in order if any(_known(step.tactic) == code for step in story.steps)]
    middle = {code: TOP + place * LANE + LANE // 2 for place, code in enumerate(present)}
    start = min(step.first_ns for step in story.steps)
    span = max(step.first_ns for step in story.steps) - start or 1
    taken: dict[str, float] = {}
    dots = []
    for number, step in enumerate(story.steps, 1):
        code = _known(step.tactic)
        x = max(LEFT + WIDTH * (step.first_ns - start) / span, taken.get(code, 0.0))
        taken[code] = x + APART
        dots.append(Dot(number, round(x, 2), middle[code], str(step.level), Words(language).text(step.title)))
    beyond = max(dot.x for dot in dots)
    if beyond > LEFT + WIDTH:  # many at the end: all a little closer
        scale = WIDTH / (beyond - LEFT)
        dots = [Dot(d.number, round(LEFT + (d.x - LEFT) * scale, 2), d.y, d.level, d.text) for d in dots]
    lanes = tuple((tactic_word(code, language), middle[code]) for code in present)
    return Timeline(lanes, tuple(dots), TOP + LANE * len(present))


def _known(tactic: str) -> str:
    """A newer sensor's tactic stands in the lane of those without."""
    return tactic if tactic in TACTICS else ""


def graph(story: Story, language: str) -> Graph | None:
    """None where nobody acts on anybody."""
    acts = [(number, step) for number, step in enumerate(story.steps, 1) if step.source and step.targets]
    if not acts:
        return None
    joined: dict[tuple[str, str], list[tuple[int, StoryStep]]] = {}
    texts: dict[str, str] = {}
    actors = dict.fromkeys(str(step.source) for _, step in acts)
    for number, step in acts:
        ends = _ends(number, step, set(actors), language)
        texts.update(ends)
        for end in ends:
            if end != step.source:
                joined.setdefault((str(step.source), end), []).append((number, step))
    columns = _columns(joined, actors)
    shown = sorted(columns, key=lambda name: (columns[name], list(columns).index(name)))[:MAX_NODES]
    places: dict[str, tuple[int, int]] = {}
    for column in range(max(columns.values()) + 1):
        for row, name in enumerate(name for name in shown if columns[name] == column):
            places[name] = (column * COLUMN, row * ROW)
    height = max(y for _, y in places.values()) + BOX[1] + 4
    nodes = tuple(
        Node(x, y, texts.get(name, clean(name)), _role(name, actors, joined), name if name not in texts else "")
        for name, (x, y) in places.items()
    )
    out, into = (Counter(end[side] for end in joined) for side in (0, 1))
    edges = tuple(
        _edge(places[source], places[target], steps, at_source=into[target] >= out[source])
        for (source, target), steps in joined.items()
        if source in places and target in places
    )
    width = max(x for x, _ in places.values()) + BOX[0] + 4
    return Graph(nodes, edges, width, height, say("stories.graph_text", language, n=len(nodes)))


def _ends(number: int, step: StoryStep, actors: set[str], language: str) -> dict[str, str]:
    """Node → its text where that is not the address. Many targets of one step are one node, but for those who act."""
    if step.target_count <= TOGETHER and len(step.targets) <= TOGETHER:
        return {name: clean(name) for name in step.targets}
    own = {name: clean(name) for name in step.targets if name in actors}
    rest = max(step.target_count, len(step.targets)) - len(own)
    return {**own, f"\0{number}": say("stories.stations", language, n=rest)}


def _columns(joined: Iterable[tuple[str, str]], actors: Iterable[str]) -> dict[str, int]:
    """How many hands a station is away from who began. A ring of stations ends where it began."""
    edges = list(joined)
    reached = {target for _, target in edges}
    columns = {name: 0 for name in actors if name not in reached} or {next(iter(actors)): 0}
    for _ in range(len(edges)):
        before = dict(columns)
        for source, target in edges:
            if source in columns and target not in columns:
                columns[target] = columns[source] + 1
        if columns == before:
            break
    for source, target in edges:  # of a ring that nobody outside began
        columns.setdefault(source, 0)
        columns.setdefault(target, 1)
    return columns


def _role(name: str, actors: Iterable[str], joined: Iterable[tuple[str, str]]) -> str:
    if name not in set(actors):
        return "target"
    return "both" if any(target == name for _, target in joined) else "actor"


def _edge(
    source: tuple[int, int], target: tuple[int, int], steps: Sequence[tuple[int, StoryStep]], *, at_source: bool
) -> Edge:
    """From the right side of a box to the left side of another; back along the same side in a ring. Its numbers stand
    where fewer lines meet."""
    forward = target[0] > source[0]
    start = (source[0] + BOX[0], source[1] + BOX[1] // 2)
    end = (target[0] if forward else target[0] + BOX[0], target[1] + BOX[1] // 2)
    bend = start[0] + (COLUMN - BOX[0]) // 2
    path = f"M{start[0]} {start[1]} C{bend} {start[1]} {bend} {end[1]} {end[0]} {end[1]}"
    gravest = max((step.level for _, step in steps), key=lambda level: level.rank)
    numbers = ", ".join(str(number) for number, _ in steps[:4]) + (" …" if len(steps) > 4 else "")
    x, y = (start[0] + ASIDE, start[1]) if at_source else (end[0] + (-ASIDE if forward else ASIDE), end[1])
    return Edge(path, x, y, numbers, str(gravest))
