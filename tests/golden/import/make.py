"""Writes the fixtures of `tests/it/import.rs` with PyTorch: small models whose tensors are named and shaped as those of
the public torch-gqn, as `torch.save` writes their states, and what PyTorch computes with them.

    python make.py            # writes the fixtures beside this file
    python make.py ORACLE.pt  # writes the state whose weights docs/oracles.md gives by formula, of the real size

Needs torch 2.11 and numpy, on a CPU.
"""

import math
import pathlib
import struct
import sys
import json

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class Cell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        for gate in ["forget", "input", "output", "state"]:
            setattr(self, gate, nn.Conv2d(inputs + hidden, hidden, 5, padding=2))

    def forward(self, x, h, c):
        x = torch.cat([h, x], 1)
        c = self.forget(x).sigmoid() * c + self.input(x).sigmoid() * self.state(x).tanh()
        return self.output(x).sigmoid() * c.tanh(), c


class Scene(nn.Module):
    """What both cores do with camera and representation."""

    def __init__(self, r, side):
        super().__init__()
        self.upsample_v = nn.ConvTranspose2d(7, 7, side, side, bias=False)
        self.upsample_r = nn.ConvTranspose2d(r, r, side, side, bias=False)

    def scene(self, v, r):
        v = self.upsample_v(v.view(-1, 7, 1, 1))
        return torch.cat([v, r if r.shape[2] > 1 else self.upsample_r(r)], 1)


class InferenceCore(Scene):
    def __init__(self, r, h, u, side):
        super().__init__(r, side)
        self.downsample_x = nn.Conv2d(3, 3, 4, 4, bias=False)
        self.downsample_u = nn.Conv2d(u, u, 4, 4, bias=False)
        self.core = Cell(3 + 7 + r + h + u, h)

    def forward(self, x, v, r, h_g, u, h, c):
        scene = self.scene(v, r)
        return self.core(torch.cat([self.downsample_x(x), scene, h_g, self.downsample_u(u)], 1), h, c)


class GenerationCore(Scene):
    def __init__(self, r, z, h, u, side):
        super().__init__(r, side)
        self.upsample_h = nn.ConvTranspose2d(h, u, 4, 4, bias=False)
        self.core = Cell(7 + r + z, h)

    def forward(self, v, r, z, u, h, c):
        h, c = self.core(torch.cat([self.scene(v, r), z], 1), h, c)
        return u + self.upsample_h(h), h, c


class Pyramid(nn.Module):
    def __init__(self, r, side):
        super().__init__()
        sizes = [(10, r // 8, 2), (r // 8, r // 4, 2), (r // 4, r // 2, 2), (r // 2, r, side // 8)]
        self.net = nn.Sequential(*[layer for i, o, k in sizes for layer in (nn.Conv2d(i, o, k, k), nn.ReLU())])

    def forward(self, x, v):
        return self.net(torch.cat([v.view(-1, 7, 1, 1).expand(-1, -1, *x.shape[2:]), x], 1))


class Tower(nn.Module):
    def __init__(self, r, pool):
        super().__init__()
        self.pool = pool
        sizes = [(3, r, 2, 2), (r, r, 2, 2), (r, r // 2, 3, 1), (r // 2, r, 2, 2)]
        sizes += [(r + 7, r, 3, 1), (r + 7, r // 2, 3, 1), (r // 2, r, 3, 1), (r, r, 1, 1)]
        for index, (i, o, k, stride) in enumerate(sizes):
            setattr(self, f"conv{index + 1}", nn.Conv2d(i, o, k, stride, padding=k // 2 if stride == 1 else 0))

    def forward(self, x, v):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv4(F.relu(self.conv3(x)))) + F.relu(self.conv2(x))
        x = torch.cat([x, v.view(-1, 7, 1, 1).expand(-1, -1, *x.shape[2:])], 1)
        x = F.relu(self.conv7(F.relu(self.conv6(x)))) + F.relu(self.conv5(x))
        x = F.relu(self.conv8(x))
        return x.mean([2, 3], keepdim=True) if self.pool else x


class Gqn(nn.Module):
    def __init__(self, kind, steps, inference_shared, generation_shared, r=256, z=3, h=128, u=128, side=64):
        super().__init__()
        self.steps, self.sizes = steps, (h, u, side)
        self.phi = Pyramid(r, side) if kind == "pyramid" else Tower(r, kind == "pool")
        inference = lambda: InferenceCore(r, h, u, side // 4)
        generation = lambda: GenerationCore(r, z, h, u, side // 4)
        cores = lambda core, shared: core() if shared else nn.ModuleList(core() for _ in range(steps))
        self.inference_core = cores(inference, inference_shared)
        self.generation_core = cores(generation, generation_shared)
        self.eta_pi = nn.Conv2d(h, 2 * z, 5, padding=2)
        self.eta_e = nn.Conv2d(h, 2 * z, 5, padding=2)
        self.eta_g = nn.Conv2d(u, 3, 1)

    def represent(self, x, v):
        batch, views = x.shape[:2]
        r = self.phi(x.flatten(0, 1), v.flatten(0, 1))
        return r.view(batch, views, *r.shape[1:]).sum(1)

    def paint(self, r, v, noise, x=None):
        """The mean of the picture, and the divergences of all steps where x is seen."""
        (h, u, side), batch = self.sizes, v.shape[0]
        zeros = lambda channels, side: torch.zeros(batch, channels, side, side)
        h_e, c_e, h_g, c_g = (zeros(h, side // 4) for _ in range(4))
        canvas, divergence = zeros(u, side), 0
        for step in range(self.steps):
            of = lambda cores: cores[step] if isinstance(cores, nn.ModuleList) else cores
            mean, log_variance = self.eta_pi(h_g).chunk(2, 1)
            if x is not None:
                h_e, c_e = of(self.inference_core)(x, v, r, h_g, canvas, h_e, c_e)
                mean_e, log_variance_e = self.eta_e(h_e).chunk(2, 1)
                ratio = (log_variance_e - log_variance).exp()
                difference = (mean_e - mean) ** 2 / log_variance.exp()
                divergence = divergence + (ratio + difference - 1 + log_variance - log_variance_e).sum([1, 2, 3]) / 2
                mean, log_variance = mean_e, log_variance_e
            z = mean + (log_variance / 2).exp() * noise[:, step]
            canvas, h_g, c_g = of(self.generation_core)(v, r, z, canvas, h_g, c_g)
        return self.eta_g(canvas), divergence


def formula(name, shape, low, high):
    """docs/oracles.md"""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) % 2**64
    count = math.prod(shape)
    with numpy.errstate(over="ignore"):
        s = numpy.uint64(start) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        s = (s ^ s >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        s = (s ^ s >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        s ^= s >> numpy.uint64(31)
    u = (s >> numpy.uint64(40)).astype(numpy.float64) / 2**24
    return torch.from_numpy((low + (high - low) * u).astype(numpy.float32)).view(shape)


def fill(model):
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            bound = 0.1
        elif "upsample" in name:
            bound = math.sqrt(3 / parameter.shape[0])
        else:
            bound = math.sqrt(3 / parameter[0].numel())
        parameter.data = formula(name, tuple(parameter.shape), -bound, bound)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        numbers = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    header = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def fixture(folder, name, kind, steps, shared, save):
    torch.manual_seed(steps)
    side, z, batch, views = 16, 2, 2, 2
    model = Gqn(kind, steps, *shared, r=8, z=z, h=2, u=3, side=side)
    x, x_q = torch.rand(batch, views, 3, side, side), torch.rand(batch, 3, side, side)
    v, v_q = torch.rand(batch, views, 7) * 2 - 1, torch.rand(batch, 7) * 2 - 1
    noise = torch.randn(batch, steps, z, side // 4, side // 4)
    with torch.no_grad():
        r = model.represent(x, v)
        generated, _ = model.paint(r, v_q, noise)
        reconstructed, kl = model.paint(r, v_q, noise, x_q)
    names = dict(x=x, v=v, x_q=x_q, v_q=v_q, noise=noise, r=r, generated=generated, reconstructed=reconstructed, kl=kl)
    write_safetensors(folder / f"{name}.safetensors", names)
    save(model, folder / f"{name}.pt")


def main():
    if len(sys.argv) > 1:
        model = Gqn("pool", 3, True, True)
        fill(model)
        torch.save(model.state_dict(), sys.argv[1])
        return
    folder = pathlib.Path(__file__).parent
    # As the reference's training script writes it.
    state = lambda model, path: torch.save(model.state_dict(), path)
    fixture(folder, "pool", "pool", 3, (True, True), state)
    fixture(folder, "inference-shared", "pyramid", 2, (True, False), state)
    fixture(folder, "generation-shared", "pyramid", 2, (False, True), state)
    # As PyTorch wrote files before 1.6, with what training scripts wrap around a state.
    wrapped = lambda model: {"step": 7, "state_dict": nn.DataParallel(model).state_dict(), "args": ("--L", 2)}
    old = lambda model, path: torch.save(wrapped(model), path, _use_new_zipfile_serialization=False)
    fixture(folder, "tower", "tower", 2, (False, False), old)
    # A list of parameters proper, under a newer protocol of pickle.
    parameters = lambda model: dict(model.named_parameters())
    newer = lambda model, path: torch.save(parameters(model), path, pickle_protocol=4)
    fixture(folder, "pyramid", "pyramid", 1, (False, False), newer)


main()
