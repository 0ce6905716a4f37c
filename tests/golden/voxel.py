"""The parts of a GQN that only a voxel model has, written from docs/voxel.md alone, in JAX; oracle.py has the others.

Interpolation is a product with hat functions and transmittance a product of (1 − α), where the trainer gathers
neighbours and sums softplus: two ways to the same numbers.
"""

import math

import jax
import jax.numpy as jnp
import numpy


class Geometry:
    """Sizes and box of the world of a small model. The cameras stand inside of the box and out of it."""

    def __init__(self, side, rays, encoding, evidence=0):
        self.evidence_channels = evidence
        self.side, self.rays, self.encoding = side // 4, rays, encoding
        self.features, self.rendered, self.depths = 8, 11, 5
        self.cells = [6, 5, 4]
        self.low, self.high = [-0.9, -0.8, -0.1], [0.8, 0.9, 0.7]
        self.near, self.far, self.field_of_view = 0.3, 2.9, 1.1
        self.half_width = math.tan(self.field_of_view / 2)

    def table(self):
        """The table `voxel` of the model's config."""
        extra = dict(evidence_channels=self.evidence_channels) if self.evidence_channels else {}
        return dict(
            low=self.low, high=self.high, cells=self.cells, depth_samples=self.depths, near=self.near, far=self.far,
            rays=self.rays, rendered_channels=self.rendered, field_of_view=self.field_of_view, **extra,
        )  # fmt: skip

    def weights(self, conv, grid):
        """Layers by the names of the trainer's; those of the representation are called `phi` as in torch-gqn."""
        r, q, upscale = self.features, self.rays, 4 // self.rays
        tower = [(3, r, 2), (r, r, 2), (r, r // 2, 3), (r // 2, r, 2), (r + 6, r, 3), (r + 6, r // 2, 3), (r // 2, r, 3)]
        for index, sizes in enumerate([*tower, (r, r + self.depths, 1)]):
            conv(f"phi.conv{index + 1}", *sizes)
        if k := self.evidence_channels:
            conv("phi.evidence1", 3, 2 * k, 2)
            conv("phi.evidence2", 2 * k, k, 1)
        conv("renderer.cells1", r + 5 + k, 2 * r, 1)
        conv("renderer.cells2", 2 * r, r, 1)
        grid("renderer.cell_bias", (r, *self.cells[::-1]))
        conv("renderer.opacity", r, 1, 1)
        conv("renderer.mix", r * q * q, self.rendered, 1)
        conv("renderer.rgb", r, 3 * upscale * upscale, 3)

    def poses(self, numbers):
        """`[…,5]` in ±1 -> poses `[…,7]` of cameras that look past the middle of the box."""
        a, b, c, d, e = numpy.moveaxis(numbers, -1, 0)
        angle, radius, height = math.pi * a, 0.8 + 0.5 * b, 0.3 + 0.4 * c
        yaw, pitch = angle + math.pi + 0.6 * d, 0.4 * e - 0.1
        turns = [numpy.cos(yaw), numpy.sin(yaw), numpy.cos(pitch), numpy.sin(pitch)]
        if self.encoding == "xyz-sin-cos":
            turns = [turns[1], turns[0], turns[3], turns[2]]
        pose = numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle), height, *turns], -1)
        return pose.astype(numpy.float32).astype(numpy.float64)

    def axes(self, v):
        """Position, forward, right, up, `[N,3]` each."""
        if self.encoding == "xyz-sin-cos":
            sy, cy, sp, cp = v[:, 3:].T
        else:
            cy, sy, cp, sp = v[:, 3:].T
        forward, right, up = [cp * cy, cp * sy, sp], [sy, -cy, 0 * sy], [-sp * cy, -sp * sy, cp]
        return v[:, :3], *(jnp.stack(axis, -1) for axis in (forward, right, up))

    def directions(self, v, n):
        """Unit vectors of the rays of an n×n map, `[N,n,n,3]`."""
        _, forward, right, up = (axis[:, None, None] for axis in self.axes(v))
        a = ((jnp.arange(n) + 0.5) * 2 / n - 1) * self.half_width
        d = forward + a[None, None, :, None] * right - a[None, :, None, None] * up
        return d / jnp.sqrt((d * d).sum(-1, keepdims=True))

    def ray_map(self, v):
        """`[N,6,h,h]`"""
        low, high = jnp.array(self.low), jnp.array(self.high)
        place = jnp.broadcast_to(((v[:, :3] - low) / (high - low) * 2 - 1)[:, None, None], (len(v), self.side, self.side, 3))
        return jnp.concatenate([place, self.directions(v, self.side)], -1).transpose(0, 3, 1, 2)

    def contribution(self, p, conv, x, v):
        """`x [N,3,S,S], v [N,7] -> [N,R+5+K,Z,Y,X]`"""
        relu, r = jax.nn.relu, self.features
        y = relu(conv(p, "phi.conv1", x, 2))
        skip = relu(conv(p, "phi.conv2", y, 2))
        y = relu(conv(p, "phi.conv4", relu(conv(p, "phi.conv3", y, 1, 1)), 2)) + skip
        y = jnp.concatenate([y, self.ray_map(v)], 1)
        skip = relu(conv(p, "phi.conv5", y, 1, 1))
        y = relu(conv(p, "phi.conv7", relu(conv(p, "phi.conv6", y, 1, 1)), 1, 1)) + skip
        y = conv(p, "phi.conv8", y)
        px, py, visible, distance = self.project(v)
        if self.evidence_channels:
            y = jnp.concatenate([y[:, :r], jax.nn.softmax(y[:, r:], 1)], 1)
        y, half = bilinear(y, px, py), x.reshape(len(x), 3, 2 * self.side, 2, 2 * self.side, 2).mean((3, 5))
        k = jnp.clip((distance - self.near) / (self.far - self.near) * self.depths - 0.5, 0, self.depths - 1)
        bins = y[:, r:] if self.evidence_channels else jax.nn.softmax(y[:, r:], 1)
        density = (bins * hat(k, self.depths).transpose(0, 2, 1)).sum(1, keepdims=True)
        density = density * visible[:, None] * self.depths / 4
        parts = [y[:, :r] * density, density, visible[:, None], bilinear(half, px, py) * density]
        if self.evidence_channels:
            evidence = relu(conv(p, "phi.evidence2", relu(conv(p, "phi.evidence1", x, 2))))
            parts.append(bilinear(evidence, px, py) * visible[:, None])
        return jnp.concatenate(parts, 1).reshape(len(x), -1, *self.cells[::-1])

    def project(self, v):
        """Picture coordinates, mask and distance of every cell, `[N,cells]` each, x fastest."""
        lines = [numpy.linspace(*ends) for ends in zip(self.low, self.high, self.cells)]
        z, y, x = numpy.meshgrid(*lines[::-1], indexing="ij")
        position, *axes = self.axes(v)
        offset = jnp.stack([x, y, z], -1).reshape(1, -1, 3) - position[:, None]
        ahead, px, py = ((offset * axis[:, None]).sum(-1) for axis in axes)
        s = jnp.maximum(ahead, self.near / 2) * self.half_width
        px, py = px / s, -py / s
        inside = lambda at: jnp.clip(10 * (1.05 - abs(at)), 0, 1)
        visible = inside(px) * inside(py) * jnp.clip(2 * ahead / self.near - 1, 0, 1)
        return px, py, visible, jnp.sqrt((offset * offset).sum(-1))

    def render(self, p, conv, scene, v):
        """`scene [N,R+5+K,Z,Y,X], v [N,7] -> what the cores read [N,C,h,h], what is added to the picture [N,3,S,S]`"""
        relu, r, n, count = jax.nn.relu, self.features, self.side * self.rays, len(v)
        density, visible = scene[:, r : r + 1], scene[:, r + 1 : r + 2]
        many = jnp.maximum(density, 0) + 0.1
        clipped = [0.3 * jnp.clip(part, 0, 5) for part in (density, visible)]
        means = [scene[:, r + 2 : r + 5] / many, scene[:, r + 5 :] / (jnp.maximum(visible, 0) + 0.1)]
        inputs = jnp.concatenate([scene[:, :r] / many, *clipped, *means], 1)
        flat = inputs.reshape(count, inputs.shape[1], -1, 1)
        grid = conv(p, "renderer.cells2", relu(conv(p, "renderer.cells1", flat)))
        grid = grid.reshape(count, r, *self.cells[::-1]) + p["renderer.cell_bias"]
        far_off = self.near + (self.far - self.near) * (jnp.arange(self.depths) + 0.5) / self.depths
        points = v[:, None, None, None, :3] + self.directions(v, n)[:, :, :, None] * far_off[:, None]
        g = self.samples(grid, points.reshape(count, -1, 3))
        alpha = jax.nn.sigmoid(conv(p, "renderer.opacity", relu(g)[..., None]))
        alpha = alpha.reshape(count, 1, n, n, self.depths)
        passed = jnp.cumprod(1 - alpha, -1)
        passed = jnp.concatenate([jnp.ones_like(alpha[..., :1]), passed[..., :-1]], -1)
        seen = (g.reshape(count, r, n, n, self.depths) * alpha * passed).sum(-1)
        q, upscale = self.rays, 4 // self.rays
        blocks = seen.reshape(count, r, self.side, q, self.side, q).transpose(0, 1, 3, 5, 2, 4)
        mixed = relu(conv(p, "renderer.mix", blocks.reshape(count, r * q * q, self.side, self.side)))
        rgb = conv(p, "renderer.rgb", relu(seen), 1, 1).reshape(count, 3, upscale, upscale, n, n)
        return mixed, rgb.transpose(0, 1, 4, 2, 5, 3).reshape(count, 3, n * upscale, n * upscale)

    def samples(self, grid, points):
        """The grid `[N,R,Z,Y,X]` at points `[N,P,3]`, nothing outside of the box: `[N,R,P]`."""
        u = (points - jnp.array(self.low)) / (jnp.array(self.high) - jnp.array(self.low))
        outside = jnp.maximum(jnp.maximum(-u, u - 1), 0)
        inside = jnp.clip(1.5 - 10 * outside, 0, 1).prod(-1)
        x, y, z = (hat(jnp.clip(u[..., axis], 0, 1) * (n - 1), n) for axis, n in enumerate(self.cells))
        return jnp.einsum("brkji,bpk,bpj,bpi->brp", grid, z, y, x) * inside[:, None]


def hat(at, n):
    """Weights of linear interpolation between n numbers: `[N,P] -> [N,P,n]`."""
    return jax.nn.relu(1 - abs(at[..., None] - jnp.arange(n)))


def bilinear(maps, px, py):
    """Maps `[N,C,n,n]` at picture coordinates `[N,P]`: `[N,C,P]`."""
    n = maps.shape[2]
    column, row = (hat(jnp.clip(((at + 1) * n - 1) / 2, 0, n - 1), n) for at in (px, py))
    return jnp.einsum("bcij,bpi,bpj->bcp", maps, row, column)
