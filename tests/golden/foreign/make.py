"""A small GQN as PyTorch users write it, exported by PyTorch's own exporter: `python make.py` writes the two graphs beside this file.

Needs torch 2.11 and onnx. The weights are random, from a fixed seed; what the test holds is that the engines paint the same.
Names and details are deliberately not this project's: a per-view representation, `nn.GroupNorm`, `GELU`, `LSTM` gates by chunk,
bilinear up-sampling, `einsum`.
"""

import pathlib

import torch
from torch import nn

SIDE, R, LATENT, STEPS, HIDDEN = 32, 16, 3, 2, 16


class Tower(nn.Module):
    """x [N,3,32,32], v [N,7] -> r [N,16,8,8], one for each view."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 4, 2, 1), nn.GroupNorm(4, 16), nn.GELU())
        self.camera = nn.Linear(7, 16)
        self.body = nn.Sequential(nn.Conv2d(16, 24, 4, 2, 1), nn.GroupNorm(4, 24), nn.GELU(), nn.Conv2d(24, R, 3, 1, 1))

    def forward(self, x, v):
        return self.body(self.stem(x) + self.camera(v)[:, :, None, None])


class Generator(nn.Module):
    """r [1,16,8,8], v [N,7], z [N or 1,2,3,8,8] -> picture [N,3,32,32]."""

    def __init__(self):
        super().__init__()
        self.gates = nn.Conv2d(HIDDEN + LATENT + 7 + R, 4 * HIDDEN, 5, 1, 2)
        self.mean = nn.Conv2d(HIDDEN, LATENT, 3, 1, 1)
        self.mix = nn.Parameter(torch.randn(HIDDEN, HIDDEN) / 4)
        self.paint = nn.Sequential(nn.Upsample(scale_factor=4, mode="bilinear", align_corners=False), nn.Conv2d(HIDDEN, 3, 3, 1, 1))

    def forward(self, r, v, z):
        n = v.shape[0]
        scene = r.expand(n, -1, -1, -1)
        camera = v[:, :, None, None].expand(-1, -1, 8, 8)
        hidden = torch.zeros_like(scene)
        cell = torch.zeros_like(scene)
        canvas = torch.zeros_like(scene)
        for step in range(STEPS):
            latent = self.mean(hidden) + 0.5 * z[:, step]
            forget, write, out, state = self.gates(torch.cat([hidden, latent, camera, scene], 1)).chunk(4, 1)
            cell = forget.sigmoid() * cell + write.sigmoid() * state.tanh()
            hidden = out.sigmoid() * cell.tanh()
            canvas = canvas + torch.einsum("nchw,cd->ndhw", hidden, self.mix)
        return self.paint(canvas).sigmoid()


def main():
    torch.manual_seed(7)
    here = pathlib.Path(__file__).parent
    views, queries = 2, 2
    x, v = torch.rand(views, 3, SIDE, SIDE), torch.randn(views, 7)
    r, q, z = torch.randn(1, R, 8, 8), torch.randn(queries, 7), torch.randn(queries, STEPS, LATENT, 8, 8)
    common = {"opset_version": 17, "dynamo": False}
    torch.onnx.export(Tower().eval(), (x, v), here / "representation.onnx", input_names=["x", "v"], output_names=["r"],
                      dynamic_axes={"x": {0: "views"}, "v": {0: "views"}, "r": {0: "views"}}, **common)
    torch.onnx.export(Generator().eval(), (r, q, z), here / "generator.onnx", input_names=["r", "v", "z"], output_names=["picture"],
                      dynamic_axes={"v": {0: "n"}, "z": {0: "m"}, "picture": {0: "n"}}, **common)


if __name__ == "__main__":
    main()
