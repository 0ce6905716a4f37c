"""Writes an oracle of any variant (docs/oracles.md): the public torch-gqn's model in double precision, in JAX, with
gradients by JAX. A second reading of the same sources, beside the PyTorch numbers of oracle-pool-shared-3.

    python oracle.py tower 2 false 1 2 oracle-tower-unshared-2.safetensors --small
    python oracle.py pyramid 2 false 1 2 oracle-pyramid-unshared-2.safetensors --small
    python oracle.py voxel 3 true 1 10 oracle-voxel-shared-3.safetensors --small --side 32
    python oracle.py voxel 2 false 2 2 oracle-voxel-unshared-2.safetensors --small --rays 2
    python oracle.py voxel 2 true 2 1 oracle-voxel-shared-2.safetensors --small --rays 4 --encoding xyz-sin-cos
    python oracle.py voxel 2 true 1 3 oracle-voxel-evidence-2.safetensors --small --rays 2 --evidence 3

Representation, steps, shared core, batch, context, file. `--small` leaves out tensors of more than 4000 numbers. The
voxel representation (voxel.py, after docs/voxel.md) is not torch-gqn's; its models are small, with sizes that all
differ. Needs jax and numpy, on a CPU.
"""

import argparse
import json
import math
import struct

import jax
import jax.numpy as jnp
import numpy

from voxel import Geometry

jax.config.update("jax_enable_x64", True)
flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
flags.add_argument("representation", choices=["pyramid", "tower", "pool", "voxel"])
flags.add_argument("steps", type=int)
flags.add_argument("shared_core", choices=["true", "false"])
flags.add_argument("batch", type=int)
flags.add_argument("context", type=int)
flags.add_argument("file")
flags.add_argument("--small", action="store_true")
flags.add_argument("--side", type=int, default=16, help="of a voxel model's pictures")
flags.add_argument("--rays", type=int, default=1, help="of a voxel model")
flags.add_argument("--encoding", default="xyz-cos-sin", help="of a voxel model's poses")
flags.add_argument("--evidence", type=int, default=0, help="channels of a voxel model")
flags = flags.parse_args()
KIND, L, SHARED, B, M = flags.representation, flags.steps, flags.shared_core == "true", flags.batch, flags.context
VOXEL = Geometry(flags.side, flags.rays, flags.encoding, flags.evidence) if KIND == "voxel" else None
# Sides of pictures and of hidden states; channels of hidden state, canvas, latent, camera and scene.
S, H, U, Z, V, R = (flags.side, 12, 10, 2, 6, VOXEL.rendered) if VOXEL else (64, 128, 128, 3, 7, 256)
SIDE = S // 4
CORES = [""] if SHARED else [f".{step}" for step in range(L)]
GATES = ["forget", "input", "output", "state"]


def formula(name, shape, low, high):
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) % 2**64
    with numpy.errstate(over="ignore"):
        s = numpy.uint64(start) + numpy.arange(1, math.prod(shape) + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        s = (s ^ s >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        s = (s ^ s >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        s ^= s >> numpy.uint64(31)
    u = (s >> numpy.uint64(40)).astype(numpy.float64) / 2**24
    return (low + (high - low) * u).astype(numpy.float32).astype(numpy.float64).reshape(shape)


def weights():
    p = {}

    def conv(name, i, o, k, bias=True):
        bound = math.sqrt(3 / (i * k * k))
        p[name + ".weight"] = formula(name + ".weight", (o, i, k, k), -bound, bound)
        if bias:
            p[name + ".bias"] = formula(name + ".bias", (o,), -0.1, 0.1)

    def transposed(name, i, o, k):
        bound = math.sqrt(3 / i)
        p[name + ".weight"] = formula(name + ".weight", (i, o, k, k), -bound, bound)

    pyramid = [(10, 32, 2), (32, 64, 2), (64, 128, 2), (128, 256, 8)]
    tower = [(3, 256, 2), (256, 256, 2), (256, 128, 3), (128, 256, 2), (263, 256, 3), (263, 128, 3), (128, 256, 3), (256, 256, 1)]
    if VOXEL:
        VOXEL.weights(conv, lambda name, shape: p.update({name: formula(name, shape, -0.5, 0.5)}))
    else:
        for index, sizes in enumerate(pyramid if KIND == "pyramid" else tower):
            conv(f"phi.net.{2 * index}" if KIND == "pyramid" else f"phi.conv{index + 1}", *sizes)
    for step in CORES:
        for core, inputs in [("inference_core", 3 + V + R + H + U), ("generation_core", V + R + Z)]:
            if not VOXEL:
                transposed(f"{core}{step}.upsample_v", 7, 7, 16)
                transposed(f"{core}{step}.upsample_r", 256, 256, 16)
            for gate in GATES:
                conv(f"{core}{step}.core.{gate}", H + inputs, H, 5)
        conv(f"inference_core{step}.downsample_x", 3, 3, 4, bias=False)
        conv(f"inference_core{step}.downsample_u", U, U, 4, bias=False)
        transposed(f"generation_core{step}.upsample_h", H, U, 4)
    for name, inputs, outputs, k in [("eta_pi", H, 2 * Z, 5), ("eta_e", H, 2 * Z, 5), ("eta_g", U, 3, 1)]:
        conv(name, inputs, outputs, k)
    return {name: jnp.asarray(weight) for name, weight in p.items()}


def conv(p, name, x, stride=1, padding=0):
    x = jax.lax.conv_general_dilated(x, p[name + ".weight"], (stride, stride), [(padding, padding)] * 2)
    return x + p[name + ".bias"][:, None, None] if name + ".bias" in p else x


def transposed(p, name, x):
    """Stride and kernel are the same."""
    x = jnp.einsum("bihw,iokl->bohkwl", x, p[name + ".weight"])
    return x.reshape(x.shape[0], x.shape[1], x.shape[2] * x.shape[3], -1)


def phi(p, x, v):
    if VOXEL:
        return VOXEL.contribution(p, conv, x, v)
    relu, tiled = jax.nn.relu, lambda side: jnp.broadcast_to(v[:, :, None, None], (B, 7, side, side))
    if KIND == "pyramid":
        r = jnp.concatenate([tiled(64), x], 1)
        for index, k in enumerate([2, 2, 2, 8]):
            r = relu(conv(p, f"phi.net.{2 * index}", r, k))
        return r
    x = relu(conv(p, "phi.conv1", x, 2))
    skip = relu(conv(p, "phi.conv2", x, 2))
    r = relu(conv(p, "phi.conv4", relu(conv(p, "phi.conv3", x, 1, 1)), 2)) + skip
    x = jnp.concatenate([r, tiled(16)], 1)
    skip = relu(conv(p, "phi.conv5", x, 1, 1))
    r = relu(conv(p, "phi.conv7", relu(conv(p, "phi.conv6", x, 1, 1)), 1, 1)) + skip
    r = relu(conv(p, "phi.conv8", r))
    return r.mean((2, 3), keepdims=True) if KIND == "pool" else r


def cell(p, name, inputs, h, c):
    x = jnp.concatenate([h, *inputs], 1)
    f, i, o, s = (conv(p, f"{name}.core.{gate}", x, 1, 2) for gate in GATES)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(s)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def rollout(p, r, v, noise, x=None):
    h_e = c_e = h_g = c_g = jnp.zeros((B, H, SIDE, SIDE))
    u, steps = jnp.zeros((B, U, S, S)), []
    if VOXEL:
        (rendered, rgb), ray_map = VOXEL.render(p, conv, r, v), VOXEL.ray_map(v)
    for step in range(L):
        core = CORES[step % len(CORES)]
        scene = lambda name: [ray_map, rendered] if VOXEL else [
            transposed(p, name + ".upsample_v", v[:, :, None, None]),
            r if KIND == "tower" else transposed(p, name + ".upsample_r", r),
        ]
        mean, log_variance = prior = jnp.split(conv(p, "eta_pi", h_g, 1, 2), 2, 1)
        if x is not None:
            name = "inference_core" + core
            seen = [h_g, conv(p, name + ".downsample_u", u, 4)]
            h_e, c_e = cell(p, name, [conv(p, name + ".downsample_x", x, 4), *scene(name), *seen], h_e, c_e)
            mean, log_variance = jnp.split(conv(p, "eta_e", h_e, 1, 2), 2, 1)
            ratio = log_variance - prior[1]
            kl = (jnp.exp(ratio) - ratio - 1 + (mean - prior[0]) ** 2 / jnp.exp(prior[1])).sum((1, 2, 3)) / 2
            steps.append((*prior, mean, log_variance, kl))
        name = "generation_core" + core
        z = mean + jnp.exp(log_variance / 2) * noise[:, step]
        h_g, c_g = cell(p, name, [*scene(name), z], h_g, c_g)
        u = u + transposed(p, name + ".upsample_h", h_g)
    return conv(p, "eta_g", u) + (rgb if VOXEL else 0), h_g, steps


def main():
    x, x_q = formula("x", (B, M, 3, S, S), 0, 1), formula("x_q", (B, 3, S, S), 0, 1)
    numbers = 5 if VOXEL else 7
    v, v_q = formula("v", (B, M, numbers), -1, 1), formula("v_q", (B, numbers), -1, 1)
    if VOXEL:
        v, v_q = VOXEL.poses(v), VOXEL.poses(v_q)
    noises = [formula("noise_" + name, (B, L, Z, SIDE, SIDE), -1.7320508, 1.7320508) for name in ["posterior", "prior"]]

    def log_likelihood(mean, sigma):
        return (-(((x_q - mean) / sigma) ** 2) / 2 - math.log(sigma) - math.log(2 * math.pi) / 2).sum((1, 2, 3))

    def loss(p):
        r = sum(phi(p, x[:, view], v[:, view]) for view in range(M))
        mean, h_g, steps = rollout(p, r, v_q, noises[0], x_q)
        steps = [jnp.stack(part, 1) for part in zip(*steps)]
        return (steps[4].sum(1) - log_likelihood(mean, 2.0)).mean(), (r, mean, h_g, steps)

    p = weights()
    (_, (r, mean, h_g, steps)), gradients = jax.value_and_grad(loss, has_aux=True)(p)
    names = ["prior_mean", "prior_log_variance", "posterior_mean", "posterior_log_variance", "kl"]
    found = dict(zip(names, steps), r=r, h_g_last=h_g, reconstruction=jnp.clip(mean, 0, 1))
    for sigma in ["2.0", "0.7"]:
        found["log_likelihood_sigma_" + sigma] = log_likelihood(mean, float(sigma))
        found["elbo_sigma_" + sigma] = log_likelihood(mean, float(sigma)) - steps[4].sum(1)
    for name, noise in [("noise", noises[1]), ("mean", 0 * noises[1])]:
        picture = rollout(p, r, v_q, noise)[0]
        found |= {f"image_prior_{name}_unclamped": picture, f"image_prior_{name}": jnp.clip(picture, 0, 1)}
    for name, gradient in gradients.items():
        found["grad_norm/" + name] = jnp.sqrt((gradient**2).sum())[None]
    if flags.small:
        found = {name: tensor for name, tensor in found.items() if tensor.size <= 4000}
    about = dict(representation=KIND, steps=str(L), shared_core=str(SHARED).lower(), batch=str(B), context=str(M))
    if VOXEL:
        sizes = dict(image_size=S, representation_channels=VOXEL.features, hidden_channels=H, canvas_channels=U)
        sizes |= dict(latent_channels=Z, steps=L, shared_core=SHARED, pose_encoding=VOXEL.encoding, upsample_r="tile")
        about["model"] = json.dumps(dict(representation=KIND, **sizes, voxel=VOXEL.table()))
    header, data = {"__metadata__": about}, b""
    for name in sorted(found):
        numbers = numpy.asarray(found[name], "<f4")
        header[name] = dict(dtype="F32", shape=list(numbers.shape), data_offsets=[len(data), len(data) + numbers.nbytes])
        data += numbers.tobytes()
    header = json.dumps(header).encode()
    with open(flags.file, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + data)


main()
