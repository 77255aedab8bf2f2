"""Blocks and arrows of the network of :mod:`abr_model.network.patch`."""

from __future__ import annotations

from abr_model.configuration import LatentFlowConfig
from abr_model.diagrams.anatomy import Anatomy
from abr_model.diagrams.data_blocks import inputs_and_outputs
from abr_model.diagrams.graph import Arrow, Block, Group, Place

_NETWORK = "abr_model.network.patch:PatchNetwork"


def figure(anatomy: Anatomy) -> tuple[list[Block], list[Arrow], list[Group]]:
    """Blocks, arrows and groups of the main architecture."""
    blocks = [*inputs_and_outputs(anatomy), *_encoder(anatomy), *_decoder(anatomy), *_latent(anatomy)]
    return blocks, _arrows(anatomy), _groups()


def transformer_lines(anatomy: Anatomy, name: str) -> tuple[str, ...]:
    """``("2 pre-norm layers, 4 heads of 16", "feed-forward 256")`` of a Transformer."""
    layers = anatomy.modules[name].layers
    heads, width = layers[0].self_attn.num_heads, layers[0].self_attn.embed_dim
    order = "pre-norm" if layers[0].norm_first else "post-norm"
    count = f"{len(layers)} {order} layer{'' if len(layers) == 1 else 's'}"
    return (
        f"{count}, {heads} head{'' if heads == 1 else 's'} of {width // heads}",
        f"feed-forward {layers[0].linear1.out_features}, LayerNorm",
    )


def _encoder(anatomy: Anatomy) -> list[Block]:
    tokens = anatomy.shapes["encoder"][1][1]
    patch = anatomy.modules["patches"].kernel_size[0]
    return [
        anatomy.block(
            "condition", "Condition embedding", Place(2, 1), ("condition",),
            lines=(f"hearing loss one-hot; {anatomy.kind('condition.0')},", f"GELU, {anatomy.kind('condition.2')}"),
            meaning="The four conditions as one vector, which every other part is given.",
            code="abr_model.network.streams:condition_features",
        ),
        anatomy.block(
            "patches", "Patches of the trace", Place(1, 1), ("patches", "encoder_positions"),
            lines=(anatomy.kind("patches").replace("kernel ", "k").replace("stride ", "s"), "+ learned positions"),
            meaning=f"The trace is cut into {tokens} pieces of {patch} samples; each becomes one token.",
            code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "encoder", "Transformer encoder", Place(1, 2), ("encoder",), lines=transformer_lines(anatomy, "encoder"),
            meaning="Each piece of the trace looks at all others (attention) and is described anew.",
            code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "token_features", "Token features", Place(1, 3), ("token_features",),
            lines=(f"{anatomy.kind('token_features.0')} per token;", "beside it the mean over tokens"),
            meaning="What is kept of each piece, so that the place of a wave is not lost in a mean.",
            code=f"{_NETWORK}.encode",
        ),
        anatomy.block(
            "join", "Join", Place(1, 4), ("join",),
            lines=(f"{anatomy.kind('join.0')}, GELU,", anatomy.kind("join.2")),
            meaning="Trace, labels, mask and conditions together say what is probable of z.",
            code=f"{_NETWORK}.encode",
        ),
    ]  # fmt: skip


def _decoder(anatomy: Anatomy) -> list[Block]:
    heads = ("label_features", "labels", "latency", "amplitude", "marked", "label_log_sd")
    return [
        anatomy.block(
            "tokens", "Tokens", Place(3, 4), ("tokens", "decoder_positions"),
            lines=(f"{anatomy.kind('tokens.0')}; {anatomy.kind('tokens.2')}", "+ learned positions"),
            meaning="z and the conditions spread over the pieces of the trace that is to be made.",
            code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "decoder", "Transformer decoder", Place(3, 3), ("decoder",), lines=transformer_lines(anatomy, "decoder"),
            meaning="The pieces of the response look at one another, so that they fit together.",
            code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "overlap_add", "Overlap-add", Place(3, 2), ("overlap_add",),
            lines=(anatomy.kind("overlap_add").replace("kernel ", "k").replace("stride ", "s"),
                   "each piece overlaps its neighbours"),
            meaning="Each token adds a piece three patches long, so that no step is left at the edges.",
            code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "smooth", "Smoothing", Place(3, 1), ("smooth",),
            lines=(f"{_short(anatomy.kind('smooth.0'))}, GELU,", f"{_short(anatomy.kind('smooth.2'))}, added"),
            meaning="A small correction of the trace, added to it.",
            code=f"{_NETWORK}.decode",
        ),
        anatomy.block(
            "label_heads", "Heads for the wave labels", Place(4, 3), heads,
            lines=(f"{anatomy.kind('label_features.0')} per token; {anatomy.kind('labels.0')},",
                   "GELU; latency, amplitude, marked"),
            meaning="Reads latencies and amplitudes from z, the conditions and the decoded pieces, and how likely each "
            "label is to be marked.",
            code=f"{_NETWORK}.decode", shape_out=anatomy.shapes["marked"][1],
        ),
    ]  # fmt: skip


def _latent(anatomy: Anatomy) -> list[Block]:
    latent = ("B", anatomy.network.latent)
    return [
        anatomy.block(
            "posterior", "q(z | recording)", Place(1, 5), lines=("mean and log-variance",), role="latent",
            meaning="Gaussian over z: what this recording says beyond its conditions.",
            code="abr_model.network.outputs:Posterior", shape_in=latent, shape_out=latent,
        ),
        anatomy.block(
            "prior", "Prior p(z | conditions)", Place(2, 5), ("prior",), role="latent",
            lines=(f"GELU, {anatomy.kind('prior.1')}",),
            meaning="Gaussian over z of recordings under these conditions, learned along.",
            code="abr_model.network.outputs:Posterior",
        ),
        anatomy.block(
            "z", f"z: {latent[1]} numbers", Place(3, 5), lines=("one draw",), role="latent",
            meaning="What a recording has of its own: the size of its waves, its delays, its shape.",
            code="abr_model.network.outputs:Posterior.sample", shape_in=latent, shape_out=latent,
        ),
        sampler_block(anatomy, Place(4, 5)),
    ]  # fmt: skip


def sampler_block(anatomy: Anatomy, place: Place) -> Block:
    """Where z comes from when generating."""
    latent, config = ("B", anatomy.network.latent), anatomy.subject.preset.sampler
    if isinstance(config, LatentFlowConfig):
        return anatomy.block(
            "sampler", "Latent flow", place, ("sampler",), role="sampler",
            lines=(f"{config.blocks} blocks of {config.hidden}, {config.solver_steps} solver steps;",
                   f"z and noise sizes in {len(config.bands) - 1} bands"),
            meaning="Fitted after training: draws z and the sizes of the residual noise for the conditions asked for.",
            code="abr_model.sampler.latent_flow", shape_in=("B", 4), shape_out=latent,
        )  # fmt: skip
    return anatomy.block(
        "sampler", "N(0, I)", place, ("sampler",), lines=("standard normal, no residual noise",), role="sampler",
        meaning="z is drawn from a standard normal distribution, whatever the conditions.",
        code="abr_model.sampler.standard_normal:StandardNormal", shape_out=latent,
    )  # fmt: skip


def _arrows(anatomy: Anatomy) -> list[Arrow]:
    return [
        Arrow("labels_in.bottom", "join.left"),
        Arrow("waveform_in.bottom", "patches.top"),
        Arrow("patches.bottom", "encoder.top"),
        Arrow("encoder.bottom", "token_features.top"),
        Arrow("token_features.bottom", "join.top"),
        Arrow("join.bottom", "posterior.top"),
        Arrow("conditions.bottom", "condition.top"),
        Arrow("condition.left@0.35", "patches.right@0.35"),
        Arrow("condition.left@0.75", "join.right", lane=1.5),
        Arrow("condition.bottom", "prior.top"),
        Arrow("condition.right", "tokens.left", lane=2.5),
        Arrow("posterior.right", "prior.left", "KL", style="link"),
        Arrow(
            "posterior.bottom", "z.bottom@0.4", "a draw from the posterior: while training", lane=5.5, style="dashed"
        ),
        Arrow("sampler.left", "z.right", style="dashed"),
        Arrow("z.top", "tokens.bottom"),
        Arrow("z.top@0.85", "label_heads.left@0.75", "z, conditions", lane=3.5),
        Arrow("tokens.top", "decoder.bottom"),
        Arrow("decoder.top", "overlap_add.bottom"),
        Arrow("decoder.right@0.3", "label_heads.left@0.3"),
        Arrow("overlap_add.top", "smooth.bottom"),
        Arrow("smooth.top", "waveform_out.bottom"),
        Arrow("label_heads.top", "labels_out.bottom"),
    ]


def _groups() -> list[Group]:
    return [
        Group("Encoder", ("patches", "encoder", "token_features", "join"), ((0, 1, 2, 4),)),
        Group("Conditions", ("condition",), ((2, 1, 1, 4),)),
        Group("Decoder", ("smooth", "overlap_add", "decoder", "tokens", "label_heads"), ((3, 1, 2, 4),)),
        Group("Latent", ("posterior", "prior", "z", "sampler"), ((0, 5, 5, 1),)),
    ]


def _short(kind: str) -> str:
    return kind.replace("kernel ", "k").replace(", stride 1", "")
