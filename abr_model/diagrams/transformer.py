"""The Transformer of encoder and decoder, layer by layer, and the inside of an attention."""

from __future__ import annotations

import itertools
import math

from torch import nn

from abr_model.diagrams.anatomy import Anatomy
from abr_model.diagrams.graph import Arrow, Block, Diagram, Group, Place
from abr_model.diagrams.subject import Subject

NAME = "transformer"
CAPTION = (
    "Left and right: one layer of the encoder and of the decoder; each is passed as often as its heading says, with "
    "weights of its own, and the numbers of a block are those of all layers together. A line beside a block carries "
    "its input past it to where both are added (+). Middle: what happens in every self-attention; its weights are "
    "counted in the layers."
)
_ATTENTION, _LINEAR, _NORM = "torch.nn:MultiheadAttention", "torch.nn:Linear", "torch.nn:LayerNorm"
_MEANING = {
    "self_attn": "Each token takes what it needs from all tokens: a piece of the trace knows what stands elsewhere.",
    "multihead_attn": "Each token takes what it needs from a memory that is the same for every recording.",
    "feed_forward": "Each token is worked on by itself.",
    "norm": "Each token's numbers are brought to mean 0 and SD 1, then scaled.",
}


def transformer(subject: Subject) -> Diagram:
    """The figure of a subject, without times."""
    anatomy = Anatomy(subject)
    crosses = isinstance(anatomy.modules["decoder"], nn.TransformerDecoder)
    last = 3 if crosses else 2
    encoder = _Tower(anatomy, "encoder", 0, lane=0.5, out_row=7 if crosses else 6)
    decoder = _Tower(anatomy, "decoder", last, lane=last + 0.5, out_row=8 if crosses else 6)
    inside, inside_arrows = _inside(anatomy)
    memory = [_memory(anatomy)] if crosses else []
    widths = (1.2, 1.25, 0.95, 1.2, 0.05) if crosses else (1.2, 1.6, 1.2, 0.05)
    layer = anatomy.modules["encoder"].layers[0]
    width, heads = layer.self_attn.embed_dim, layer.self_attn.num_heads
    return Diagram(
        NAME,
        "Transformer of encoder and decoder",
        f"{subject.words[:1].upper()}{subject.words[1:]} · tokens of width {width}, {heads} head{'s' * (heads > 1)} of "
        f"{width // heads}, feed-forward {layer.linear1.out_features}, dropout {layer.dropout.p:g}",
        (*encoder.blocks, *inside, *memory, *decoder.blocks),
        (*encoder.arrows, *inside_arrows, *decoder.arrows, *([Arrow("memory.right", "decoder_cross.left")] * crosses)),
        (encoder.group, Group("Inside a self-attention", tuple(b.id for b in inside), ((1, 1, 1, 5),)), decoder.group),
        CAPTION,
        widths,
        row_gap=14.0,
    )


class _Tower:
    """Blocks and arrows of one Transformer, from the top down."""

    def __init__(self, anatomy: Anatomy, name: str, column: int, lane: float, out_row: int):
        self.anatomy, self.name, self.column, self.lane = anatomy, name, column, lane
        self.layers = anatomy.modules[name].layers
        self.blocks: list[Block] = []
        self.arrows: list[Arrow] = []
        tokens = anatomy.shapes[name][0]
        self._put("in", 0, "Tokens", lines=("with positions",), role="data", shape_in=tokens, shape_out=tokens,
                  meaning="The pieces of the trace, each as a vector.")  # fmt: skip
        crosses = hasattr(self.layers[0], "multihead_attn")
        self._sublayer("self", 1, "Self-attention", ("norm1", "self_attn"), _ATTENTION, _MEANING["self_attn"])
        if crosses:
            self._sublayer("cross", 3, "Cross-attention", ("norm2", "multihead_attn"), _ATTENTION,
                           _MEANING["multihead_attn"])  # fmt: skip
        row = 5 if crosses else 3
        self._sublayer("feed_forward", row, "Feed-forward", (f"norm{3 if crosses else 2}", "linear1", "linear2"),
                       _LINEAR, _MEANING["feed_forward"])  # fmt: skip
        end = row + 2
        self._put("norm", end, "LayerNorm at the end", (f"{name}.norm",), meaning=_MEANING["norm"], code=_NORM)
        self._flow(f"{name}_norm")
        self._put("out", out_row, "Tokens", role="data", shape_in=tokens, shape_out=anatomy.shapes[name][1],
                  meaning="The tokens as the next part is given them.")  # fmt: skip
        self._flow(f"{name}_out")
        count = len(self.layers)
        members = tuple(b.id for b in self.blocks if b.role in ("network", "join") and b.id != f"{name}_norm")
        title = f"{name} layer × {count}"
        self.group = Group(title, members, ((column, 1, 1, end - 1),))

    def _put(self, which: str, row: int, title: str, modules=(), **more) -> None:
        place = Place(self.column, row)
        self.blocks.append(self.anatomy.block(f"{self.name}_{which}", title, place, modules, **more))

    def _sublayer(self, which: str, row: int, title: str, parts: tuple[str, ...], code: str, meaning: str) -> None:
        paths = [f"{self.name}.layers.{i}" for i in range(len(self.layers))]
        modules = tuple(f"{path}.{part}" for path in paths for part in parts)
        tokens = self.anatomy.shapes[self.name][0]
        self._put(which, row, title, modules, lines=self._lines(which), meaning=meaning, code=code,
                  shape_in=tokens, shape_out=tokens)  # fmt: skip
        before = self.blocks[-2].id
        self._flow(f"{self.name}_{which}")
        add = self.anatomy.block(f"{self.name}_{which}_add", "+", Place(self.column, row + 1), role="join",
                                 meaning="The input is added to what the block made of it.")  # fmt: skip
        self.blocks.append(add)
        self.arrows.append(Arrow(f"{self.name}_{which}.bottom", f"{add.id}.top"))
        self.arrows.append(Arrow(f"{before}.bottom", f"{add.id}.right", lane=self.lane))

    def _lines(self, which: str) -> tuple[str, ...]:
        layer = self.layers[0]
        if which == "feed_forward":
            first, second = layer.linear1, layer.linear2
            return (
                f"LayerNorm; Linear {first.in_features}→{first.out_features}, {_name(layer.activation)},",
                f"Linear {second.in_features}→{second.out_features}",
            )
        module = layer.self_attn if which == "self" else layer.multihead_attn
        norm = "LayerNorm; " if layer.norm_first else ""
        of = f"{module.num_heads} heads of {module.head_dim}"
        if which == "self":
            return (f"{norm}{of}", f"Q, K, V: Linear {module.embed_dim}→{3 * module.embed_dim}; out {module.embed_dim}")
        return (f"{norm}{of}", "Q of the tokens, K and V of the memory")

    def _flow(self, block_id: str) -> None:
        """An arrow from the last block before this one."""
        before = self.blocks[-2].id
        self.arrows.append(Arrow(f"{before}.bottom", f"{block_id}.top"))


def _memory(anatomy: Anatomy) -> Block:
    shape = ("B", *anatomy.network.memory.shape)
    return anatomy.block(
        "memory", "Learned memory", Place(2, 3), ("memory",), role="network", shape_in=shape, shape_out=shape,
        lines=("the same for all",), code="abr_model.network.reference:ReferenceNetwork.decode",
        meaning="Vectors that are the same for every recording and that the decoder may look up.",
    )  # fmt: skip


def _inside(anatomy: Anatomy) -> tuple[list[Block], list[Arrow]]:
    """The steps of a self-attention, with the sizes of the encoder's first one."""
    module = anatomy.modules["encoder"].layers[0].self_attn
    batch, tokens, width = anatomy.shapes["encoder"][0]
    heads, each = module.num_heads, module.head_dim
    root = math.isqrt(each)
    scale = f"{root}" if root * root == each else f"√{each}"
    x = (batch, tokens, width)
    blocks = [
        ("attention_qkv", 1, "Queries, keys, values", (f"Linear {width}→{3 * width}, then {heads} heads of {each}:",
         "Q what a token looks for, K what it offers,", "V what it hands over"), (batch, heads, tokens, each),
         "Three views of each token, for each head."),
        ("attention_weights", 3, "Weights", (f"softmax over the tokens of Q·K / {scale}, for each head;",
         "row q: what token q takes from each token,", "adds up to 1"), (batch, heads, tokens, tokens),
         "Who attends to whom: what the page draws over the trace."),
        ("attention_values", 5, "Weighted values", (f"weights × V; the {heads} heads side by side;",
         f"Linear {module.out_proj.in_features}→{module.out_proj.out_features}"), x,
         "What each token has gathered."),
    ]  # fmt: skip
    made = [
        anatomy.block(block_id, title, Place(1, row), lines=lines, role="step", meaning=meaning, code=_ATTENTION,
                      shape_in=x, shape_out=shape)
        for block_id, row, title, lines, shape, meaning in blocks
    ]  # fmt: skip
    ids = [block.id for block in made]
    return made, [Arrow(f"{a}.bottom", f"{b}.top") for a, b in itertools.pairwise(ids)]


def _name(activation) -> str:
    return getattr(activation, "__name__", type(activation).__name__).upper()
