"""Mermaid has no parser in Python: what its grammar asks for of a flowchart is checked line by line."""

from __future__ import annotations

import re

import pytest
import yaml

from abr_model.diagrams.folder import DIAGRAMS
from abr_model.diagrams.graph import Arrow, Block, Diagram, Group
from abr_model.diagrams.mermaid import mermaid

NODE = re.compile(r'(\w+)(\(\[|\[\[|\{\{|\(\(|\[)"([^"]*)"(\]\)|\]\]|\}\}|\)\)|\])')
LINK = re.compile(r'(\w+) (-->|-\.->|-\.-)(?:\|"([^"]*)"\|)? +(\w+)')
CLOSES = {"([": "])", "[[": "]]", "{{": "}}", "((": "))", "[": "]"}
LABEL = re.compile(r"(?:<b>|</b>|<br/>|#(?:\d+|[a-z]+);|[^<>\"#&`])*")


def checked(source: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Nodes (id → label) and links; fails where a line is none of a flowchart."""
    _, front, body = source.split("---\n", 2)
    assert isinstance(yaml.safe_load(front)["title"], str)
    lines = body.rstrip("\n").splitlines()
    assert lines.pop(0) == "flowchart TB"
    nodes: dict[str, str] = {}
    links, open_groups, classes = [], 0, set()
    for line in map(str.strip, lines):
        if match := re.fullmatch(r'subgraph (\w+)\["([^"]*)"\]', line):
            open_groups += 1
            assert LABEL.fullmatch(match[2])
        elif line == "end":
            open_groups -= 1
            assert open_groups >= 0
        elif match := NODE.fullmatch(line):
            name, opening, label, closing = match.groups()
            assert name not in nodes, "each node is defined once"
            assert name.lower() not in ("end", "graph", "subgraph", "class", "style", "click", "default", "flowchart")
            assert closing == CLOSES[opening]
            assert LABEL.fullmatch(label), label
            nodes[name] = label
        elif match := LINK.fullmatch(line):
            assert match[3] is None or LABEL.fullmatch(match[3])
            links.append((match[1], match[4]))
        elif match := re.fullmatch(r"classDef (\w+) ([\w:#,-]+)", line):
            classes.add(match[1])
        elif match := re.fullmatch(r"class ([\w,]+) (\w+)", line):
            assert match[2] in classes
            assert set(match[1].split(",")) <= set(nodes)
        else:
            pytest.fail(f"no line of a flowchart: {line}")
    assert open_groups == 0
    assert all(start in nodes and end in nodes for start, end in links)
    return nodes, links


@pytest.mark.parametrize("name", list(DIAGRAMS))
def test_every_figure_is_a_flowchart(subject, name):
    diagram = DIAGRAMS[name](subject)
    nodes, links = checked(mermaid(diagram))
    assert set(nodes) == {block.id for block in diagram.blocks}
    assert links == [arrow.ids for arrow in diagram.arrows]
    for block in diagram.blocks:
        if block.parameters:
            assert f"{block.parameters:,} parameter" in nodes[block.id]


def test_signs_of_the_language_are_escaped():
    blocks = (Block("end", 'a "b" <c> #d; & `e` [f] {g} | h'), Block("b", "B"))
    diagram = Diagram("d", "it's: \"so\"", "#1", blocks, (Arrow("end.right", "b.left", '"x" | y'),), (
        Group("G <1>", ("b",), ((0, 0, 1, 1),)),))  # fmt: skip
    nodes, links = checked(mermaid(diagram))
    assert links == [("end_", "b")]
    assert "#quot;b#quot;" in nodes["end_"]
    assert "#lt;c#gt;" in nodes["end_"]
