//! The network of `docs/voxel.md`, read from the page and computed number by number in double precision: an independent
//! check of what the graphs compute. Slow, and for small models only.

use gqn_formats::{Checkpoint, ModelConfig, Tensor, VoxelConfig};
use gqn_scenes::PoseEncoding;

use crate::voxel_map::Map;

/// A voxel model with its weights.
#[derive(Debug)]
pub(crate) struct Oracle<'a> {
    checkpoint: &'a Checkpoint,
}

struct Camera {
    position: [f64; 3],
    forward: [f64; 3],
    right: [f64; 3],
    up: [f64; 3],
}

impl Camera {
    fn new(encoding: PoseEncoding, pose: &[f64]) -> Self {
        let [x, y, z, a, b, c, d] = pose[..] else { panic!("a pose has seven numbers") };
        let [cos_yaw, sin_yaw, cos_pitch, sin_pitch] = match encoding {
            PoseEncoding::CosSin => [a, b, c, d],
            PoseEncoding::SinCos => [b, a, d, c],
        };
        Self {
            position: [x, y, z],
            forward: [cos_pitch * cos_yaw, cos_pitch * sin_yaw, sin_pitch],
            right: [sin_yaw, -cos_yaw, 0.0],
            up: [-sin_pitch * cos_yaw, -sin_pitch * sin_yaw, cos_pitch],
        }
    }

    fn ray(&self, voxel: &VoxelConfig, side: usize, row: usize, column: usize) -> [f64; 3] {
        let half_width = (voxel.field_of_view / 2.0).tan();
        let a = |index: usize| ((index as f64 + 0.5) * 2.0 / side as f64 - 1.0) * half_width;
        let ray = [0, 1, 2]
            .map(|axis| self.forward[axis] + a(column) * self.right[axis] - a(row) * self.up[axis]);
        let length = dot(&ray, &ray).sqrt();
        ray.map(|number| number / length)
    }

    fn ray_map(&self, voxel: &VoxelConfig, side: usize) -> Map {
        Map::new(6, side, |channel, row, column| match channel {
            0..3 => {
                let (low, high) = (voxel.low[channel], voxel.high[channel]);
                (self.position[channel] - low) / (high - low) * 2.0 - 1.0
            }
            _ => self.ray(voxel, side, row, column)[channel - 3],
        })
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn softmax(logits: impl Iterator<Item = f64>) -> Vec<f64> {
    let exp: Vec<f64> = logits.map(f64::exp).collect();
    let sum: f64 = exp.iter().sum();
    exp.into_iter().map(|share| share / sum).collect()
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(checkpoint: &'a Checkpoint) -> Self {
        Self { checkpoint }
    }

    fn config(&self) -> &ModelConfig {
        &self.checkpoint.config
    }

    fn voxel(&self) -> &VoxelConfig {
        self.config().voxel.as_ref().expect("a voxel model")
    }

    fn weight(&self, name: &str) -> &Tensor {
        &self.checkpoint.tensors[name]
    }

    fn conv(&self, path: &str, x: &Map, stride: usize) -> Map {
        let (weight, bias) =
            (self.weight(&format!("{path}.weight")), self.weight(&format!("{path}.bias")));
        let (outputs, kernel) = (weight.shape()[0], weight.shape()[2]);
        let padding = if stride == 1 { kernel / 2 } else { 0 } as isize;
        assert_eq!(weight.shape()[1], x.channels, "{path}");
        Map::new(outputs, x.side / stride, |output, row, column| {
            let mut sum = f64::from(bias[[output]]);
            for (input, dy, dx) in (0..x.channels)
                .flat_map(|i| (0..kernel).flat_map(move |y| (0..kernel).map(move |x| (i, y, x))))
            {
                let [row, column] = [(row, dy), (column, dx)]
                    .map(|(place, tap)| (place * stride + tap) as isize - padding);
                sum += f64::from(weight[[output, input, dy, dx]]) * x.padded(input, row, column);
            }
            sum
        })
    }

    /// Steps 1 to 5: what views say of the cells, `[R+5+K,Z,Y,X]`, summed up.
    pub(crate) fn scene(&self, frames: &Tensor, poses: &Tensor) -> Vec<f64> {
        let views = (0..poses.shape()[0]).map(|view| {
            let side = self.config().image_size;
            let picture = Map::new(3, side, |channel, row, column| {
                f64::from(frames[[view, channel, row, column]])
            });
            self.contribution(&picture, &self.camera(poses, view))
        });
        views
            .reduce(|sum, view| sum.iter().zip(view).map(|(a, b)| a + b).collect())
            .expect("a view")
    }

    fn camera(&self, poses: &Tensor, index: usize) -> Camera {
        let pose: Vec<f64> = (0..7).map(|number| f64::from(poses[[index, number]])).collect();
        Camera::new(self.config().pose_encoding, &pose)
    }

    fn contribution(&self, picture: &Map, camera: &Camera) -> Vec<f64> {
        let (voxel, features) = (self.voxel(), self.config().representation_channels);
        let maps = self.maps(picture, camera);
        let half = Map::new(3, picture.side / 2, |channel, row, column| {
            let pixel = |dy, dx| picture.at(channel, 2 * row + dy, 2 * column + dx);
            (pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1)) / 4.0
        });
        let [columns, rows, layers] = voxel.cells;
        let (cells, depths) = (columns * rows * layers, voxel.depth_samples as f64);
        let evidence = (voxel.evidence_channels > 0).then(|| self.evidence(picture));
        let probabilities = evidence.as_ref().map(|_| {
            Map::new(voxel.depth_samples, maps.side, |bin, row, column| {
                let logit = |bin: usize| maps.at(features + bin, row, column);
                softmax((0..voxel.depth_samples).map(logit))[bin]
            })
        });
        let mut scene = vec![0.0; (features + 5 + voxel.evidence_channels) * cells];
        for cell in 0..cells {
            let index = [cell % columns, cell / columns % rows, cell / columns / rows];
            let v = [0, 1, 2].map(|axis| {
                let spacing = (voxel.high[axis] - voxel.low[axis]) / (voxel.cells[axis] - 1) as f64;
                voxel.low[axis] + spacing * index[axis] as f64 - camera.position[axis]
            });
            let ahead = dot(&v, &camera.forward);
            let s = ahead.max(voxel.near / 2.0) * (voxel.field_of_view / 2.0).tan();
            let (x, y) = (dot(&v, &camera.right) / s, -dot(&v, &camera.up) / s);
            let visible =
                [10.0 * (1.05 - x.abs()), 10.0 * (1.05 - y.abs()), 2.0 * ahead / voxel.near - 1.0]
                    .map(|number| number.clamp(0.0, 1.0))
                    .iter()
                    .product::<f64>();
            let distance = dot(&v, &v).sqrt();
            let k = (distance - voxel.near) / (voxel.far - voxel.near) * depths - 0.5;
            let k = k.clamp(0.0, depths - 1.0);
            let shares: Vec<f64> = match &probabilities {
                Some(map) => (0..voxel.depth_samples).map(|bin| map.sample(bin, x, y)).collect(),
                None => {
                    softmax((0..voxel.depth_samples).map(|bin| maps.sample(features + bin, x, y)))
                }
            };
            let below = (k.floor() as usize).min(voxel.depth_samples - 2);
            let between = k - below as f64;
            let share = shares[below] * (1.0 - between) + shares[below + 1] * between;
            let density = share * visible * depths / 4.0;
            let mut put = |channel: usize, number: f64| scene[channel * cells + cell] = number;
            for channel in 0..features {
                put(channel, maps.sample(channel, x, y) * density);
            }
            put(features, density);
            put(features + 1, visible);
            for channel in 0..3 {
                put(features + 2 + channel, half.sample(channel, x, y) * density);
            }
            for channel in 0..voxel.evidence_channels {
                let map = evidence.as_ref().expect("a map of evidence");
                put(features + 5 + channel, map.sample(channel, x, y) * visible);
            }
        }
        scene
    }

    /// Step 1.
    fn maps(&self, picture: &Map, camera: &Camera) -> Map {
        let conv = |layer: usize, x: &Map, stride| {
            self.conv(&format!("representation.conv{layer}"), x, stride)
        };
        let first = conv(1, picture, 2).relu();
        let skip = conv(2, &first, 2).relu();
        let r = conv(4, &conv(3, &first, 1).relu(), 2).relu().plus(&skip);
        let joined = r.over(&camera.ray_map(self.voxel(), self.config().hidden_size()));
        let skip = conv(5, &joined, 1).relu();
        let r = conv(7, &conv(6, &joined, 1).relu(), 1).relu().plus(&skip);
        conv(8, &r, 1)
    }

    /// The map of evidence of step 3.
    fn evidence(&self, picture: &Map) -> Map {
        let hidden = self.conv("representation.evidence1", picture, 2).relu();
        self.conv("representation.evidence2", &hidden, 1).relu()
    }

    /// Step 6: `[R,Z,Y,X]`.
    fn grid(&self, scene: &[f64]) -> Vec<f64> {
        let features = self.config().representation_channels;
        let cells = self.voxel().cell_count();
        let bias: Vec<f64> =
            self.weight("renderer.cell_bias").iter().map(|number| f64::from(*number)).collect();
        let layer = |name: &str, x: &[f64]| -> Vec<f64> {
            let weight = self.weight(&format!("renderer.{name}.weight"));
            let bias = self.weight(&format!("renderer.{name}.bias"));
            let row = |output: usize| {
                let terms = x.iter().enumerate();
                let terms = terms.map(|(input, x)| x * f64::from(weight[[output, input, 0, 0]]));
                f64::from(bias[[output]]) + terms.sum::<f64>()
            };
            (0..weight.shape()[0]).map(row).collect()
        };
        let mut grid = vec![0.0; features * cells];
        for cell in 0..cells {
            let at = |channel: usize| scene[channel * cells + cell];
            let count = at(features).max(0.0) + 0.1;
            let views = at(features + 1).max(0.0) + 0.1;
            let inputs: Vec<f64> = (0..features + 5 + self.voxel().evidence_channels)
                .map(|channel| {
                    if channel == features || channel == features + 1 {
                        0.3 * at(channel).clamp(0.0, 5.0)
                    } else if channel >= features + 5 {
                        at(channel) / views
                    } else {
                        at(channel) / count
                    }
                })
                .collect();
            let hidden: Vec<f64> =
                layer("cells1", &inputs).into_iter().map(|number| number.max(0.0)).collect();
            for (channel, number) in layer("cells2", &hidden).into_iter().enumerate() {
                grid[channel * cells + cell] = number + bias[channel * cells + cell];
            }
        }
        grid
    }

    /// Steps 7 and 8: the rendered features of a query, side h·q.
    fn rendered(&self, scene: &[f64], camera: &Camera) -> Map {
        let (voxel, features) = (self.voxel(), self.config().representation_channels);
        let side = self.config().hidden_size() * voxel.rays;
        let grid = self.grid(scene);
        let opacity: Vec<f64> =
            self.weight("renderer.opacity.weight").iter().map(|w| f64::from(*w)).collect();
        let opacity_bias = f64::from(self.weight("renderer.opacity.bias")[[0]]);
        let mut numbers = vec![0.0; features * side * side];
        for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
            let ray = camera.ray(voxel, side, row, column);
            let mut transmittance = 1.0;
            for sample in 0..voxel.depth_samples {
                let bin = (voxel.far - voxel.near) / voxel.depth_samples as f64;
                let distance = voxel.near + bin * (sample as f64 + 0.5);
                let g = self.sampled(&grid, |axis| camera.position[axis] + ray[axis] * distance);
                let logit =
                    opacity_bias + g.iter().zip(&opacity).map(|(g, w)| g.max(0.0) * w).sum::<f64>();
                let alpha = sigmoid(logit);
                for (channel, g) in g.iter().enumerate() {
                    numbers[(channel * side + row) * side + column] += alpha * transmittance * g;
                }
                transmittance *= 1.0 - alpha;
            }
        }
        Map { channels: features, side, numbers }
    }

    /// The grid at a point of the world, times how much that is inside of the box.
    fn sampled(&self, grid: &[f64], point: impl Fn(usize) -> f64) -> Vec<f64> {
        let voxel = self.voxel();
        let [columns, rows, layers] = voxel.cells;
        let u = [0, 1, 2]
            .map(|axis| (point(axis) - voxel.low[axis]) / (voxel.high[axis] - voxel.low[axis]));
        let inside: f64 =
            u.iter().map(|u| (1.5 - 10.0 * (-u).max(u - 1.0).max(0.0)).clamp(0.0, 1.0)).product();
        let at = [0, 1, 2].map(|axis| u[axis].clamp(0.0, 1.0) * (voxel.cells[axis] - 1) as f64);
        let share = |axis: usize, index: usize| (1.0 - (at[axis] - index as f64).abs()).max(0.0);
        let cells = columns * rows * layers;
        let mut sum = vec![0.0; self.config().representation_channels];
        for cell in 0..cells {
            let share = share(0, cell % columns)
                * share(1, cell / columns % rows)
                * share(2, cell / columns / rows);
            if share > 0.0 {
                for (channel, sum) in sum.iter_mut().enumerate() {
                    *sum += inside * share * grid[channel * cells + cell];
                }
            }
        }
        sum
    }

    /// The picture of one query, clamped: steps 6 to 10, and the L DRAW steps of `ARCHITECTURE.md`.
    pub(crate) fn picture(
        &self,
        scene: &[f64],
        poses: &Tensor,
        noise: &Tensor,
        query: usize,
    ) -> Vec<f64> {
        let (voxel, config) = (self.voxel(), self.config());
        let (side, q) = (config.hidden_size(), voxel.rays);
        let camera = self.camera(poses, query);
        let rendered = self.rendered(scene, &camera);
        let blocks = Map::new(rendered.channels * q * q, side, |channel, row, column| {
            let (ray_row, ray_column) = (channel % (q * q) / q, channel % q);
            rendered.at(channel / (q * q), row * q + ray_row, column * q + ray_column)
        });
        let features = self.conv("renderer.mix", &blocks, 1).relu();
        let colours = self.conv("renderer.rgb", &rendered.relu(), 1);
        let fixed = camera.ray_map(voxel, side).over(&features);
        let mean = self.drawn(&fixed, noise, query);
        let up = 4 / q;
        let picture = Map::new(3, config.image_size, |channel, row, column| {
            let of_block = (channel * up + row % up) * up + column % up;
            mean.at(channel, row, column) + colours.at(of_block, row / up, column / up)
        });
        picture.numbers.into_iter().map(|number| number.clamp(0.0, 1.0)).collect()
    }

    /// The mean of the observation after L steps: what the cores read of camera and scene, noise -> `[3,S,S]`.
    fn drawn(&self, fixed: &Map, noise: &Tensor, query: usize) -> Map {
        let config = self.config();
        let (side, hidden_channels) = (config.hidden_size(), config.hidden_channels);
        let zeros = |channels, side| Map::new(channels, side, |_, _, _| 0.0);
        let (mut hidden, mut cell) = (zeros(hidden_channels, side), zeros(hidden_channels, side));
        let mut canvas = zeros(config.canvas_channels, config.image_size);
        for step in 0..config.steps {
            let core = if config.shared_core {
                "generation_core".to_owned()
            } else {
                format!("generation_core.{step}")
            };
            let prior = self.conv("prior", &hidden, 1);
            let z = Map::new(config.latent_channels, side, |channel, row, column| {
                let std_dev = (prior.at(config.latent_channels + channel, row, column) / 2.0).exp();
                let noise = f64::from(noise[[query, step, channel, row, column]]);
                prior.at(channel, row, column) + std_dev * noise
            });
            let gates =
                self.conv(&format!("{core}.gates"), &hidden.clone().over(&z).over(fixed), 1);
            let gate = |index: usize, channel, row, column| {
                gates.at(index * hidden_channels + channel, row, column)
            };
            cell = Map::new(hidden_channels, side, |c, i, j| {
                sigmoid(gate(0, c, i, j)) * cell.at(c, i, j)
                    + sigmoid(gate(1, c, i, j)) * gate(3, c, i, j).tanh()
            });
            hidden = Map::new(hidden_channels, side, |c, i, j| {
                sigmoid(gate(2, c, i, j)) * cell.at(c, i, j).tanh()
            });
            let up = self.weight(&format!("{core}.upsample_h.weight"));
            canvas =
                canvas.plus(&Map::new(config.canvas_channels, config.image_size, |u, i, j| {
                    let term =
                        |c: usize| f64::from(up[[c, u, i % 4, j % 4]]) * hidden.at(c, i / 4, j / 4);
                    (0..hidden_channels).map(term).sum()
                }));
        }
        self.conv("observation", &canvas, 1)
    }
}
