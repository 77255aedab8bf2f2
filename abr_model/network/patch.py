"""The patch network: 10 tokens of 20 samples, an overlap-add decoder, a learned prior p(z | conditions).

::

    waveform [B,200] ── Conv1d 1→64 k20 s20 ── [B,10,64] + learned positions + condition embedding
        ▼ Transformer encoder, 2 pre-norm layers, LayerNorm
        ├─ mean over tokens: 64
        └─ Linear 64→16 per token, flattened: 160          labels × mask, mask: 12       condition embedding: 64
              └──────────────── concatenate: 300 ── Linear 300→128, GELU ── Linear 128→64: mean, log-variance of z

    conditions: scaled age, intensity, rate + one-hot class (8) ── Linear 8→64, GELU, Linear 64→64 = condition embedding
              └─ GELU, Linear 64→64: mean, log-variance of p(z | conditions)

    z [B,32], condition embedding ── concatenate: 96
        ├─ Linear 96→160 = [B,10,16] ── Linear 16→64 + learned positions
        │     ▼ Transformer, 2 pre-norm self-attention layers, LayerNorm = tokens [B,10,64]
        │     ├─ Linear 64→4 per token, flattened: 40 ──┐
        │     ▼ ConvTranspose1d 64→1 k60 s20 p20        │   each token adds a piece of three patches' length
        │     ▼ + Conv1d 1→24 k11, GELU, Conv1d 24→1    │
        │   waveform [B,200]                            │
        └──────────────── concatenate: 136 ─────────────┘
              └─ Linear 136→64, GELU ── latency [B,3], amplitude [B,3], marked [B,6] (logits); one SD per label [6]

Sources: tokens from patches after PatchTST (Nie et al. 2023); marked labels are modelled because a wave is left
unmarked when it is small (missing not at random: Ipsen et al. 2021, not-MIWAE); labels join late and some are hidden
while training, so that any subset may be missing (Ivanov et al. 2019, VAEAC). Patches that do not overlap leave steps
at their edges, which a classifier finds; overlap-add does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from abr_model.configuration import PatchNetworkConfig
from abr_model.network.outputs import Decoded, Posterior
from abr_model.network.pieces import OverlapAdd, Smoothing
from abr_model.network.streams import CONDITION_FEATURES, condition_features, present

if TYPE_CHECKING:
    from abr_model.preparation import ModelInputs

LABELS = 6
LABEL_CHANNELS = 4
"""Channels per token from which the labels are read: a latency is a place on the decoded trace."""


class PatchNetwork(nn.Module):
    """Small and fast conditional VAE. All inputs and outputs in scaled units; see the module's figure."""

    def __init__(self, config: PatchNetworkConfig):
        super().__init__()
        self.latent, self.samples, self.label_dropout = config.latent, config.samples, config.label_dropout
        width, tokens, patch = config.width, config.samples // config.patch, config.patch
        flat = tokens * config.token_channels

        def transformer() -> nn.TransformerEncoder:
            layer = nn.TransformerEncoderLayer(
                width,
                config.heads,
                config.feed_forward,
                config.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            return nn.TransformerEncoder(layer, config.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

        self.condition = nn.Sequential(nn.Linear(CONDITION_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.prior = nn.Sequential(nn.GELU(), nn.Linear(width, 2 * config.latent))

        self.patches = nn.Conv1d(1, width, patch, stride=patch)
        self.encoder_positions = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.encoder = transformer()
        self.token_features = nn.Sequential(nn.Linear(width, config.token_channels), nn.Flatten())
        self.join = nn.Sequential(
            nn.Linear(width + flat + 2 * LABELS + width, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, 2 * config.latent),
        )

        self.tokens = nn.Sequential(
            nn.Linear(config.latent + width, flat),
            nn.Unflatten(1, (tokens, config.token_channels)),
            nn.Linear(config.token_channels, width),
        )
        self.decoder_positions = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.decoder = transformer()
        self.overlap_add = OverlapAdd(width, patch)
        self.smooth = Smoothing(channels=24, half=5)

        self.label_features = nn.Sequential(nn.Linear(width, LABEL_CHANNELS), nn.Flatten())
        self.labels = nn.Sequential(nn.Linear(config.latent + width + tokens * LABEL_CHANNELS, 64), nn.GELU())
        self.latency = nn.Linear(64, 3)
        self.amplitude = nn.Linear(64, 3)
        self.marked = nn.Linear(64, LABELS)
        self.label_log_sd = nn.Parameter(torch.zeros(LABELS))
        # Posterior and prior start equal and the decoder starts near the mean trace: no KL spike in the first steps.
        for last in (self.join[-1], self.prior[-1]):
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)

    def encode(self, batch: ModelInputs) -> Posterior:
        """q(z | recording, conditions, marked labels) and p(z | conditions).

        While training, a share of the marked labels is hidden (``label_dropout``).
        """
        mask = batch.mask
        if self.training and self.label_dropout:
            mask = mask * (torch.rand_like(mask) >= self.label_dropout)
        labels = present(torch.cat([batch.latency, batch.amplitude], 1), mask)
        condition = self.condition(condition_features(batch.static))
        tokens = self.patches(batch.waveform.unsqueeze(1)).transpose(1, 2) + self.encoder_positions
        tokens = self.encoder(tokens + condition.unsqueeze(1))
        joined = torch.cat([tokens.mean(1), self.token_features(tokens), labels, mask, condition], 1)
        return Posterior(*self.join(joined).chunk(2, 1), *self.prior(condition).chunk(2, 1))

    def decode(self, z: Tensor, static: Tensor) -> Decoded:
        """The recording that belongs to z [B, L] under the conditions ``static`` [B, 4]."""
        joined = torch.cat([z, self.condition(condition_features(static))], 1)
        tokens = self.decoder(self.tokens(joined) + self.decoder_positions)
        waveform = self.overlap_add(tokens)
        waveform = waveform + self.smooth(waveform)
        labels = self.labels(torch.cat([joined, self.label_features(tokens)], 1))
        return Decoded(
            waveform,
            self.latency(labels),
            self.amplitude(labels),
            marked=self.marked(labels),
            label_log_sd=self.label_log_sd,
        )

    def prior_of(self, static: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [B, L] of p(z | conditions) at ``static`` [B, 4]."""
        return self.prior(self.condition(condition_features(static))).chunk(2, 1)

    def forward(self, batch: ModelInputs) -> tuple[Posterior, Tensor, Decoded]:
        """Encode, draw z, decode."""
        posterior = self.encode(batch)
        z = posterior.sample()
        return posterior, z, self.decode(z, batch.static)
