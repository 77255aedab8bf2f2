"""Products of matrices over pieces give what PyTorch's convolutions give, weights and gradients alike."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from abr_model.network.pieces import OverlapAdd, Smoothing, overlap_add


def gradients(module: nn.Module, output: torch.Tensor) -> list[torch.Tensor]:
    weight = torch.linspace(-1, 1, output.numel()).view_as(output)
    return torch.autograd.grad((output * weight).sum(), list(module.parameters()))


def same(module: nn.Module, output: torch.Tensor, expected: torch.Tensor) -> None:
    assert output.shape == expected.shape
    torch.testing.assert_close(output, expected)
    for mine, theirs in zip(gradients(module, output), gradients(module, expected), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tokens, stride", [(10, 20), (1, 20), (2, 7), (25, 8)])
def test_overlap_add_is_a_transposed_convolution(tokens, stride):
    torch.manual_seed(0)
    module, x = OverlapAdd(16, stride), torch.randn(3, tokens, 16)
    same(module, module(x), nn.ConvTranspose1d.forward(module, x.transpose(1, 2)).squeeze(1))


@pytest.mark.parametrize("samples", [200, 10, 20, 203, 7])
@pytest.mark.parametrize("channels, half", [(24, 5), (1, 5), (3, 1)])
def test_smoothing_is_two_convolutions(samples, channels, half):
    torch.manual_seed(0)
    module, x = Smoothing(channels, half), torch.randn(3, samples)
    same(module, module(x), nn.Sequential.forward(module, x.unsqueeze(1)).squeeze(1))


def test_pieces_add_up_where_they_lie():
    pieces = torch.tensor([[[[1.0, 2], [3, 4]], [[10, 20], [30, 40]]]])
    assert overlap_add(pieces).tolist() == [[1, 2, 13, 24, 30, 40]]
