"""The reference network: the original author's Transformer-based conditional VAE, 520,335 trainable parameters.

::

    waveform [B,200]  static [B,4]   latency [B,3]  amplitude [B,3]  mask [B,6]        five streams
        │ stem: 3 × Conv1d, GroupNorm, GELU                                               9,152 parameters
        ▼ [B,50,64] + sinusoidal positions
    Transformer encoder, 2 pre-norm layers, LayerNorm                                   100,096
        │ mean over tokens
        ▼ 64            32             16             16              16                streams: 160 + 64 + 64 + 112
        └──────── concatenate: 144 ── LayerNorm ── Linear 144→64, GELU ──┬─ mean 64→32              9,568 + 2,080
                                                                         └─ log-variance 64→32       2,080
    z [B,32]    condition network on the static features [B,32]                           2,176
        └──── concatenate: 64 ── Linear 64→64, GELU (h) ── Linear 64→128, LayerNorm (g)     4,160 + 8,576
    h ── Linear 64→3200, LayerNorm, GELU ── [B,50,64] + positions                                     214,400
        ▼ Transformer decoder, 2 pre-norm layers over a learned memory [200,64], LayerNorm      12,800 + 133,632
        ▼ ConvTranspose1d 64→32→16 (× 2 each), GroupNorm, GELU; Conv1d 16→1                            10,497
    waveform [B,200]
    g ── Linear 128→64, GELU ── latency [B,3], amplitude [B,3]                                          8,646
    z ── Linear 32→48, LayerNorm, GELU ── Linear 48→8: conditions proposed from z                       2,072

Source: the original author's description (June 2025), "Network of the reference preset". The output is not squashed: a
tanh cannot reach ±3 standard deviations (same source, "Faults").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from abr_model.configuration import ReferenceNetworkConfig
from abr_model.network.outputs import Decoded, Posterior
from abr_model.network.streams import present

if TYPE_CHECKING:
    from abr_model.preparation import ModelInputs

STREAM_WIDTHS = {"static": 32, "latency": 16, "amplitude": 16, "mask": 16}


def sinusoidal_positions(tokens: int, width: int) -> Tensor:
    """Sines and cosines of rising period (Vaswani et al. 2017, section 3.5): [tokens, width]."""
    position = torch.arange(tokens).unsqueeze(1)
    frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    return torch.stack([torch.sin(position * frequency), torch.cos(position * frequency)], dim=2).flatten(1)


class ReferenceNetwork(nn.Module):
    """The original network. All inputs and outputs in scaled units; see the module's figure."""

    def __init__(self, config: ReferenceNetworkConfig):
        super().__init__()
        self.latent, self.samples = config.latent, config.samples
        width, tokens = config.width, config.samples // 4
        transformer = {
            "d_model": width,
            "nhead": config.heads,
            "dim_feedforward": config.feed_forward,
            "dropout": config.dropout,
            "activation": "gelu",
            "batch_first": True,
            "norm_first": True,
        }

        self.stem = nn.Sequential(
            *(nn.Conv1d(1, 16, 7, padding=3), nn.GroupNorm(4, 16), nn.GELU()),
            *(nn.Conv1d(16, 32, 5, stride=2, padding=2), nn.GroupNorm(8, 32), nn.GELU()),
            *(nn.Conv1d(32, width, 3, stride=2, padding=1), nn.GroupNorm(8, width), nn.GELU()),
        )
        self.register_buffer("positions", sinusoidal_positions(tokens, width))
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(**transformer),
            config.layers,
            norm=nn.LayerNorm(width),
            enable_nested_tensor=False,
        )
        self.static_stream = nn.Linear(4, STREAM_WIDTHS["static"])
        self.latency_stream = nn.Linear(3, STREAM_WIDTHS["latency"])
        self.amplitude_stream = nn.Linear(3, STREAM_WIDTHS["amplitude"])
        self.mask_stream = nn.Linear(6, STREAM_WIDTHS["mask"])
        streams = width + sum(STREAM_WIDTHS.values())
        self.join = nn.Sequential(nn.LayerNorm(streams), nn.Linear(streams, 64), nn.GELU())
        self.mean = nn.Linear(64, config.latent)
        self.log_variance = nn.Linear(64, config.latent)

        self.condition = nn.Sequential(nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 32), nn.LayerNorm(32))
        self.waveform_features = nn.Sequential(nn.Linear(config.latent + 32, 64), nn.GELU())
        self.label_features = nn.Sequential(nn.Linear(64, 128), nn.LayerNorm(128))

        self.tokens = nn.Sequential(
            nn.Linear(64, tokens * width), nn.LayerNorm(tokens * width), nn.GELU(), nn.Unflatten(1, (tokens, width))
        )
        self.memory = nn.Parameter(torch.randn(config.samples, width) * 0.02)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(**transformer), config.layers, norm=nn.LayerNorm(width)
        )
        self.waveform = nn.Sequential(
            *(nn.ConvTranspose1d(width, 32, 4, stride=2, padding=1), nn.GroupNorm(8, 32), nn.GELU()),
            *(nn.ConvTranspose1d(32, 16, 4, stride=2, padding=1), nn.GroupNorm(4, 16), nn.GELU()),
            nn.Conv1d(16, 1, 7, padding=3),
        )
        self.labels = nn.Sequential(nn.Linear(128, 64), nn.GELU())
        self.latency = nn.Linear(64, 3)
        self.amplitude = nn.Linear(64, 3)
        self.static = nn.Sequential(nn.Linear(config.latent, 48), nn.LayerNorm(48), nn.GELU(), nn.Linear(48, 8))

    def encode(self, batch: ModelInputs) -> Posterior:
        """q(z | recording, conditions, marked labels); missing labels enter as 0 beside their mask."""
        tokens = self.stem(batch.waveform.unsqueeze(1)).transpose(1, 2) + self.positions
        streams = [
            self.encoder(tokens).mean(1),
            self.static_stream(batch.static),
            self.latency_stream(present(batch.latency, batch.mask[:, :3])),
            self.amplitude_stream(present(batch.amplitude, batch.mask[:, 3:])),
            self.mask_stream(batch.mask),
        ]
        joined = self.join(torch.cat(streams, 1))
        return Posterior(self.mean(joined), self.log_variance(joined))

    def decode(self, z: Tensor, static: Tensor) -> Decoded:
        """The recording that belongs to z [B, L] under the conditions ``static`` [B, 4]."""
        joined = torch.cat([z, self.condition(self.static_stream(static))], 1)
        h = self.waveform_features(joined)
        labels = self.labels(self.label_features(h))
        memory = self.memory.expand(len(z), -1, -1)
        tokens = self.decoder(self.tokens(h) + self.positions, memory)
        waveform = self.waveform(tokens.transpose(1, 2)).squeeze(1)
        return Decoded(waveform, self.latency(labels), self.amplitude(labels), static=self.static(z))

    def prior_of(self, static: Tensor) -> tuple[None, None]:
        """None: the prior of z is N(0, I) whatever the conditions ``static`` [B, 4]."""
        return None, None

    def forward(self, batch: ModelInputs) -> tuple[Posterior, Tensor, Decoded]:
        """Encode, draw z, decode."""
        posterior = self.encode(batch)
        z = posterior.sample()
        return posterior, z, self.decode(z, batch.static)
