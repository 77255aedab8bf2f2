"""A diagram as Mermaid source: text that GitHub, GitLab and many editors draw, and that can be changed by hand."""

from __future__ import annotations

from abr_model.diagrams.graph import Arrow, Block, Diagram, shape_words

_SHAPES = {
    "data": ("([", "])"),
    "latent": ("[[", "]]"),
    "sampler": ("{{", "}}"),
    "join": ("((", "))"),
}
_BOX = ("[", "]")
_CLASSES = {
    "data": "fill:#E4E9EE,stroke:#7B8794,color:#1B2733",
    "network": "fill:#FFFFFF,stroke:#0B6E8F,color:#1B2733",
    "latent": "fill:#FFFFFF,stroke:#0B6E8F,color:#1B2733",
    "sampler": "fill:#E3F0F4,stroke:#0B6E8F,color:#1B2733",
    "join": "fill:#FFFFFF,stroke:#1B2733,color:#1B2733",
    "step": "fill:#FFFFFF,stroke:#0B6E8F,color:#1B2733",
    "note": "fill:#FFFFFF,stroke:#FFFFFF,color:#1B2733",
}
_STATES = {"done": "done", "active": "at work", "waiting": "to come", "failed": "failed"}
_RESERVED = {"end", "graph", "flowchart", "subgraph", "class", "click", "style", "default"}


def mermaid(diagram: Diagram) -> str:
    """The source: a ``flowchart`` with one node a block, one subgraph a group and one link an arrow."""
    grouped = {member for group in diagram.groups for member in group.members}
    lines = ["---", f"title: {_yaml(f'{diagram.title} – {diagram.subtitle}')}", "---", "flowchart TB"]
    for number, group in enumerate(diagram.groups, 1):
        lines.append(f'  subgraph group{number}["{_escaped(group.title)}"]')
        lines += [f"    {_node(block)}" for block in diagram.blocks if block.id in group.members]
        lines.append("  end")
    lines += [f"  {_node(block)}" for block in diagram.blocks if block.id not in grouped]
    lines += [f"  {_link(arrow)}" for arrow in diagram.arrows]
    for role, style in _CLASSES.items():
        members = ",".join(_name(block.id) for block in diagram.blocks if block.role == role)
        if members:
            lines += [f"  classDef {role} {style}", f"  class {members} {role}"]
    return "\n".join(lines) + "\n"


def _node(block: Block) -> str:
    opening, closing = _SHAPES.get(block.role, _BOX)
    if block.role == "join":
        return f'{_name(block.id)}{opening}"{_escaped(block.title)}"{closing}'
    shape = shape_words(block.shape_out)
    lines = [line if isinstance(line, str) else f"{line[0]}: {line[1]}" for line in block.lines]
    words = [*lines, *([shape] if shape else []), *block.figures]
    if block.state:
        words.append(_STATES[block.state])
    label = "<br/>".join([f"<b>{_escaped(block.title)}</b>", *map(_escaped, words)])
    return f'{_name(block.id)}{opening}"{label}"{closing}'


def _link(arrow: Arrow) -> str:
    start, end = map(_name, arrow.ids)
    line = {"solid": "-->", "dashed": "-.->", "link": "-.-"}[arrow.style]
    label = f'|"{_escaped(arrow.label)}"| ' if arrow.label else ""
    return f"{start} {line}{label or ' '}{end}"


def _name(block_id: str) -> str:
    return f"{block_id}_" if block_id in _RESERVED else block_id


def _escaped(words: str) -> str:
    """Mermaid's own entities; ``#`` first, because it begins them."""
    for sign, entity in (("#", "#35;"), ("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        words = words.replace(sign, entity)
    return words


def _yaml(words: str) -> str:
    """As a YAML string in single quotes."""
    return "'" + words.replace("'", "''") + "'"
