"""Blocks and arrows of the network of :mod:`abr_model.network.reference`."""

from __future__ import annotations

from torch import nn

from abr_model.configuration import LatentFlowConfig
from abr_model.diagrams.anatomy import Anatomy
from abr_model.diagrams.data_blocks import inputs_and_outputs
from abr_model.diagrams.graph import Arrow, Block, Group, Place
from abr_model.diagrams.patch_architecture import sampler_block, transformer_lines

_NETWORK = "abr_model.network.reference:ReferenceNetwork"


def figure(anatomy: Anatomy) -> tuple[list[Block], list[Arrow], list[Group]]:
    """Blocks, arrows and groups of the main architecture."""
    blocks = [*inputs_and_outputs(anatomy), *_encoder(anatomy), *_decoder(anatomy), *_latent(anatomy)]
    return blocks, _arrows(anatomy), _groups()


def _encoder(anatomy: Anatomy) -> list[Block]:
    streams = ("latency_stream", "amplitude_stream", "mask_stream")
    sizes = [anatomy.modules[name] for name in streams]
    positions = anatomy.network.positions.shape
    return [
        anatomy.block(
            "label_streams", "Label streams", Place(0, 2), streams,
            lines=("latency, amplitude, mask: Linear", ", ".join(f"{m.in_features}→{m.out_features}" for m in sizes)),
            meaning="Latencies, amplitudes and mask, each as a short vector.", code=f"{_NETWORK}.encode",
            shape_in=("B", sum(m.in_features for m in sizes)), shape_out=("B", sum(m.out_features for m in sizes)),
        ),
        anatomy.block(
            "stem", "Convolutional stem", Place(1, 1), ("stem",),
            lines=(f"{_channels(anatomy, 'stem', nn.Conv1d)} of kernel",
                   f"{_kernels(anatomy, 'stem')}; GroupNorm, GELU"),
            meaning=f"Three convolutions make {positions[0]} tokens of the trace.", code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "encoder", "Transformer encoder", Place(1, 2), ("encoder",),
            lines=(transformer_lines(anatomy, "encoder")[0], f"{_feed_forward(anatomy)}; sine positions added"),
            meaning="Each piece of the trace looks at all others (attention) and is described anew.",
            code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "static_stream", "Static stream", Place(2, 1), ("static_stream",), lines=(anatomy.kind("static_stream"),),
            meaning="The four conditions as one vector.", code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "join", "Join", Place(1, 4), ("join",),
            lines=(f"LayerNorm, {anatomy.kind('join.1')}, GELU",),
            meaning="Trace, labels, mask and conditions together say what is probable of z.", code=f"{_NETWORK}.encode",
        ),
    ]  # fmt: skip


def _decoder(anatomy: Anatomy) -> list[Block]:
    memory = anatomy.network.memory.shape
    untrained = not getattr(anatomy.subject.preset.objective, "static_weight", 0)
    return [
        anatomy.block(
            "memory", "Learned memory", Place(2, 2), ("memory",), lines=("read by the cross-attention",),
            meaning=f"{memory[0]} vectors that are the same for every recording and that the decoder may look up.",
            code=f"{_NETWORK}.decode", shape_in=("B", *memory), shape_out=("B", *memory),
        ),
        anatomy.block(
            "condition", "Condition network", Place(2, 4), ("condition",),
            lines=(f"{anatomy.kind('condition.0')}, GELU,", f"{anatomy.kind('condition.2')}, LayerNorm"),
            meaning="The conditions as the decoder is given them.", code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "features", "Features h", Place(3, 4), ("waveform_features",),
            lines=(f"{anatomy.kind('waveform_features.0')}, GELU",),
            meaning="z and the conditions joined.", code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "tokens", "Tokens", Place(3, 3), ("tokens",),
            lines=(f"{anatomy.kind('tokens.0')},", "LayerNorm, GELU; + positions"),
            meaning="h spread over the pieces of the trace that is to be made.", code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "decoder", "Transformer decoder", Place(3, 2), ("decoder",),
            lines=transformer_lines(anatomy, "decoder"),
            meaning="The pieces of the response look at one another and at the learned memory.",
            code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "waveform", "Upsampling", Place(3, 1), ("waveform",),
            lines=(f"{_channels(anatomy, 'waveform', nn.ConvTranspose1d)}, transposed;",
                   f"GroupNorm, GELU; {_last(anatomy)}"),
            meaning="Tokens back to samples.", code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "label_features", "Features g", Place(4, 4), ("label_features",),
            lines=(f"{anatomy.kind('label_features.0')}, LayerNorm",),
            meaning="What the labels are read from.", code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "label_heads", "Heads for the wave labels", Place(4, 3), ("labels", "latency", "amplitude"),
            lines=(f"{anatomy.kind('labels.0')}, GELU;", "latency, amplitude"),
            meaning="Latencies and amplitudes of the waves.", code=f"{_NETWORK}.decode",
            shape_out=("B", 2 * anatomy.shapes["latency"][1][1]),
        ),
        anatomy.block(
            "static", "Static branch", Place(4, 5), ("static",),
            lines=("proposes conditions from z;", "not trained (weight 0)" if untrained else "trained along"),
            meaning="Age, intensity, rate and class that would fit z."
            + (" It stays as it was initialised: the objective has no such term." if untrained else ""),
            code=f"{_NETWORK}.decode",
        ),
    ]  # fmt: skip


def _latent(anatomy: Anatomy) -> list[Block]:
    latent = ("B", anatomy.network.latent)
    sampler = sampler_block(anatomy, Place(2, 5))
    return [
        anatomy.block(
            "posterior", "q(z | recording)", Place(1, 5), ("mean", "log_variance"), role="latent",
            lines=(f"mean, log-variance: {anatomy.kind('mean')}",),
            meaning="Gaussian over z: what this recording says beyond its conditions.",
            code="abr_model.network.outputs:Posterior",
        ),
        sampler,
        anatomy.block(
            "z", f"z: {latent[1]} numbers", Place(3, 5), lines=("one draw",), role="latent",
            meaning="What a recording has of its own: the size of its waves, its delays, its shape.",
            code="abr_model.network.outputs:Posterior.sample", shape_in=latent, shape_out=latent,
        ),
    ]  # fmt: skip


def _arrows(anatomy: Anatomy) -> list[Arrow]:
    # The KL is to N(0, I) whatever is fitted after training.
    flow = isinstance(anatomy.subject.preset.sampler, LatentFlowConfig)
    kl = [] if flow else [Arrow("posterior.right", "sampler.left", "KL", style="link")]
    return [
        Arrow("labels_in.bottom", "label_streams.top"),
        Arrow("label_streams.bottom", "join.left"),
        Arrow("waveform_in.bottom", "stem.top"),
        Arrow("stem.bottom", "encoder.top"),
        Arrow("encoder.bottom", "join.top", "mean over tokens"),
        Arrow("join.bottom", "posterior.top"),
        Arrow("conditions.bottom", "static_stream.top"),
        Arrow("static_stream.left", "join.right", lane=1.5),
        Arrow("static_stream.left", "condition.left", lane=1.5),
        Arrow("memory.right", "decoder.left"),
        Arrow("condition.right", "features.left"),
        *kl,
        Arrow(
            "posterior.bottom", "z.bottom@0.4", "a draw from the posterior: while training", lane=5.5, style="dashed"
        ),
        Arrow("sampler.right", "z.left", style="dashed"),
        Arrow("z.top", "features.bottom"),
        Arrow("z.right", "static.left"),
        Arrow("features.top", "tokens.bottom"),
        Arrow("features.right", "label_features.left"),
        Arrow("tokens.top", "decoder.bottom"),
        Arrow("decoder.top", "waveform.bottom"),
        Arrow("waveform.top", "waveform_out.bottom"),
        Arrow("label_features.top", "label_heads.bottom"),
        Arrow("label_heads.top", "labels_out.bottom"),
    ]


def _groups() -> list[Group]:
    return [
        Group("Encoder", ("label_streams", "stem", "encoder", "join"), ((0, 1, 2, 4),)),
        Group("Conditions", ("static_stream", "memory", "condition"), ((2, 1, 1, 4),)),
        Group("Decoder", ("features", "tokens", "decoder", "waveform", "label_features", "label_heads"),
              ((3, 1, 2, 4),)),
        Group("Latent", ("posterior", "sampler", "z", "static"), ((0, 5, 5, 1),)),
    ]  # fmt: skip


def _convolutions(anatomy: Anatomy, name: str, kind) -> list:
    return [m for m in anatomy.modules[name] if isinstance(m, kind)]


def _channels(anatomy: Anatomy, name: str, kind) -> str:
    """``"Conv1d 1→16→32→64"``."""
    convolutions = _convolutions(anatomy, name, kind)
    steps = [convolutions[0].in_channels, *(c.out_channels for c in convolutions)]
    return f"Conv1d {'→'.join(str(n) for n in steps)}"


def _kernels(anatomy: Anatomy, name: str) -> str:
    convolutions = _convolutions(anatomy, name, nn.Conv1d)
    kernels = ", ".join(str(c.kernel_size[0]) for c in convolutions)
    return f"{kernels}, stride {', '.join(str(c.stride[0]) for c in convolutions)}"


def _feed_forward(anatomy: Anatomy) -> str:
    return transformer_lines(anatomy, "encoder")[1].partition(",")[0]


def _last(anatomy: Anatomy) -> str:
    last = anatomy.modules["waveform"][-1]
    return f"Conv1d {last.in_channels}→{last.out_channels}"
