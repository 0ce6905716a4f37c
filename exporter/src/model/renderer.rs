//! From a voxel grid to the features that a camera sees.

use gqn_formats::{ModelConfig, VoxelConfig};

use super::camera::{Camera, numbers, pixel_plane};
use super::layers::{Conv, Path};
use crate::graph::{Corners, Graph, Value, fixed};

/// What is added to a density before something is divided by it.
pub(crate) const EMPTY: f32 = 0.1;

/// The largest density and visibility (the coverage of a cell by views) that cells tell apart, and the factor that brings them to the size of the rest.
pub(crate) const MOST_COVERAGE: f32 = 5.0;
pub(crate) const COVERAGE_SCALE: f32 = 0.3;

/// Looks along the rays of a query (`docs/voxel.md`, steps 6 to 10).
#[derive(Debug)]
pub(crate) struct Renderer {
    cells1: Conv,
    cells2: Conv,
    opacity: Conv,
    mix: Conv,
    rgb: Conv,
    voxel: VoxelConfig,
    /// R and h.
    sizes: [usize; 2],
}

/// What the generator reads of a voxel scene.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// What the cores read of the camera: its ray map `[N,6,h,h]`.
    pub(crate) rays: Value,
    /// What the cores read of the scene: `[N,C,h,h]`.
    pub(crate) features: Value,
    /// The RGB skip connection `[N,3,S,S]`, which is added to the mean of the observation.
    pub(crate) skip: Value,
}

impl Renderer {
    /// That of a model; none if it is no voxel model.
    pub(crate) fn of(config: &ModelConfig) -> Option<Self> {
        Self::new(&(&Path::root() / "renderer"), config)
    }

    fn new(path: &Path, config: &ModelConfig) -> Option<Self> {
        let conv = |field: &str| Conv::same(path / field);
        Some(Self {
            voxel: config.voxel.clone()?,
            cells1: conv("cells1"),
            cells2: conv("cells2"),
            opacity: conv("opacity"),
            mix: conv("mix"),
            rgb: conv("rgb"),
            sizes: [config.representation_channels, config.hidden_size()],
        })
    }

    /// `scene [1,R+5+K,Z,Y,X], v [N,7] -> what the cores read of it and the RGB skip connection`
    pub(crate) fn forward(&self, graph: &mut Graph, scene: &Value, v: &Value) -> Rendered {
        let ([features, h], q) = (self.sizes, self.voxel.rays);
        let camera = Camera::new(graph, v);
        let plane = pixel_plane(graph, "pixel_plane", h);
        let rays = camera.rays(graph, &plane);
        let ray_map = camera.ray_map(graph, &rays, h);
        graph.scoped("renderer", |graph| {
            let grid = self.cells(graph, scene);
            let plane = pixel_plane(graph, "sample_plane", h * q);
            let rays = camera.rays(graph, &plane);
            let samples = Samples::new(graph, &camera, &rays);
            let g = self.sample(graph, &camera, &grid, &samples);
            let rendered = self.composite(graph, &g);
            let rendered =
                graph.reshape("rendered", &rendered, camera.of([features, h * q, h * q]));
            Rendered {
                rays: ray_map,
                features: self.mixed(graph, &camera, &rendered),
                skip: self.skip(graph, &rendered),
            }
        })
    }

    /// `scene [1,R+5+K,Z,Y,X] -> grid [R,Z,Y,X]` (step 6)
    fn cells(&self, graph: &mut Graph, scene: &Value) -> Value {
        let ([features, _], [columns, rows, layers]) = (self.sizes, self.voxel.cells);
        graph.scoped_in_single("cells", |graph| {
            let shape = fixed([1, scene.fixed(1), layers * rows, columns]);
            let scene = graph.reshape("scene", scene, shape);
            let inputs = cell_inputs(graph, 1, &scene, features);
            let cells = self.cells1.forward_relu(graph, &inputs);
            let cells = self.cells2.forward(graph, &cells);
            let cells = graph.reshape("cells", &cells, fixed([features, layers, rows, columns]));
            let bias = graph.weight("renderer.cell_bias");
            graph.add("with_bias", &cells, &bias)
        })
    }

    /// `grid [R,Z,Y,X], samples -> g [N,R,n·n,D]` (step 7)
    fn sample(&self, graph: &mut Graph, camera: &Camera, grid: &Value, samples: &Samples) -> Value {
        let ([features, _], [columns, rows, layers]) = (self.sizes, self.voxel.cells);
        let depths = self.voxel.depth_samples;
        let (count, rays) = (samples.at.fixed(1), samples.at.fixed(1) / depths);
        let layer = (0..layers).map(|layer| layer as f64).collect();
        let layer = numbers(graph, "layers", vec![layers, 1], layer);
        graph.scoped_in_single("sampled", |graph| {
            let shape = fixed([1, features * layers, rows, columns]);
            let grid = graph.reshape("grid", grid, shape);
            let shape = camera.of([features * layers, rows, columns]);
            let grid = graph.expand("grid/for_every_query", &grid, &shape);
            let [at, z] = graph.split_into(2, &samples.at, [("x_and_y", 2), ("z", 1)]);
            let at = graph.scale("at/twice", &at, 2.0);
            let at = graph.offset("at/shifted", &at, -1.0);
            let at = graph.reshape("at", &at, camera.of([rays, depths, 2]));
            let layers_at = graph.grid_sample("layers", &grid, &at, Corners::Centres);
            let shape = camera.of([features, layers, count]);
            let layers_at = graph.reshape("layers/of_features", &layers_at, shape);
            let z = graph.scale("z/cells", &z, (layers - 1) as f32);
            let z = graph.reshape("z/row", &z, camera.of([1, count]));
            let hat = graph.hat("between_layers", &z, &layer);
            let inside = graph.reshape("inside", &samples.inside, camera.of([1, count]));
            let hat = graph.mul("between_layers/inside", &hat, &inside);
            let hat = graph.reshape("between_layers/rows", &hat, camera.of([1, layers, count]));
            let shares = graph.mul("shares", &layers_at, &hat);
            let g = graph.sum_over("g/rows", 2, &shares);
            graph.reshape("g", &g, camera.of([features, rays, depths]))
        })
    }

    /// `g [N,R,n·n,D] -> rendered features [N,R,n·n]` (step 8)
    fn composite(&self, graph: &mut Graph, g: &Value) -> Value {
        let depths = self.voxel.depth_samples;
        graph.scoped_in_single("compositing", |graph| {
            let read = graph.relu("relu", g);
            let logit = self.opacity.forward(graph, &read);
            let share = visible_shares(graph, &logit, depths);
            let shares = graph.mul("shares", g, &share);
            graph.sum_over("sum", 3, &shares)
        })
    }

    /// `rendered [N,R,n,n] -> [N,C,h,h]` (step 9)
    fn mixed(&self, graph: &mut Graph, camera: &Camera, rendered: &Value) -> Value {
        let ([features, h], q) = (self.sizes, self.voxel.rays);
        let mut blocks = rendered.clone();
        if q > 1 {
            // ONNX's SpaceToDepth puts the channels last within a block; the weight wants them first.
            let apart = camera.of([features, h, q, h, q]);
            blocks = graph.reshape("blocks/apart", &blocks, apart);
            blocks = graph.transpose("blocks/order", &blocks, &[0, 1, 3, 5, 2, 4]);
            blocks = graph.reshape("blocks", &blocks, camera.of([features * q * q, h, h]));
        }
        self.mix.forward_relu(graph, &blocks)
    }

    /// `rendered [N,R,n,n] -> [N,3,S,S]` (step 10)
    fn skip(&self, graph: &mut Graph, rendered: &Value) -> Value {
        let upscale = 4 / self.voxel.rays;
        let read = graph.relu("rendered/relu", rendered);
        let colours = self.rgb.forward(graph, &read);
        if upscale == 1 { colours } else { graph.depth_to_space("skip", &colours, upscale) }
    }
}

/// The points along the rays of some queries.
#[derive(Debug)]
pub(crate) struct Samples {
    /// clamp(u, 0, 1): `[N,rays·D,3]`.
    pub(crate) at: Value,
    /// `[N,rays·D,1]`, 0 to 1.
    pub(crate) inside: Value,
}

impl Samples {
    /// `rays [N,rays,3] -> D points along each of them` (step 7)
    pub(crate) fn new(graph: &mut Graph, camera: &Camera, rays: &Value) -> Self {
        graph.scoped_in_single("samples", |graph| {
            let points = camera.points(graph, rays);
            let at = graph.clip("at", &points, 0.0, 1.0);
            // max(−u, u − 1, 0) is how far u is from its interval.
            let beyond = graph.sub("beyond/signed", &points, &at);
            let beyond = graph.abs("beyond", &beyond);
            let beyond = graph.scale("beyond/scaled", &beyond, -10.0);
            let inside = graph.offset("inside/shifted", &beyond, 1.5);
            let inside = graph.clip("inside/each", &inside, 0.0, 1.0);
            let [x, y, z] = graph.split(2, &inside, ["inside_x", "inside_y", "inside_z"]);
            let inside = graph.mul("inside/x_and_y", &x, &y);
            Self { at, inside: graph.mul("inside", &inside, &z) }
        })
    }
}

/// What `renderer.cells1` reads of a scene; its channels stand along that axis.
pub(crate) fn cell_inputs(graph: &mut Graph, axis: usize, scene: &Value, features: usize) -> Value {
    let (features, density, visible, colours, evidence) = match graph.config.evidence_channels() {
        0 => {
            let parts = [("features", features), ("density", 1), ("visible", 1), ("colours", 3)];
            let [features, density, visible, colours] = graph.split_into(axis, scene, parts);
            (features, density, visible, colours, None)
        }
        count => {
            let parts = [
                ("features", features),
                ("density", 1),
                ("visible", 1),
                ("colours", 3),
                ("evidence", count),
            ];
            let [features, density, visible, colours, evidence] =
                graph.split_into(axis, scene, parts);
            (features, density, visible, colours, Some(evidence))
        }
    };
    let count = graph.relu("count/relu", &density);
    let count = graph.offset("count", &count, EMPTY);
    let [features, colours] = [("features", &features), ("colours", &colours)]
        .map(|(label, sum)| graph.div(&format!("{label}/mean"), sum, &count));
    let coverage = graph.concat("coverage", axis, &[&density, &visible]);
    let coverage = graph.clip("coverage/clipped", &coverage, 0.0, MOST_COVERAGE);
    let coverage = graph.scale("coverage/scaled", &coverage, COVERAGE_SCALE);
    let evidence = evidence.map(|sum| {
        let views = graph.relu("views/relu", &visible);
        let views = graph.offset("views", &views, EMPTY);
        graph.div("evidence/mean", &sum, &views)
    });
    let mut inputs = vec![&features, &coverage, &colours];
    inputs.extend(&evidence);
    graph.concat("inputs", axis, &inputs)
}

/// `opacity's logits a [..,D] -> α·T [..,D]`: what reaches the camera of each sample (step 8)
pub(crate) fn visible_shares(graph: &mut Graph, logit: &Value, depths: usize) -> Value {
    let before = |index: usize| if index / depths < index % depths { -1.0 } else { 0.0 };
    let before = (0..depths * depths).map(before).collect();
    let before = numbers(graph, "minus_before", vec![depths, depths], before);
    let opacity = graph.sigmoid("opacity/sigmoid", logit);
    let absorbed = graph.softplus("absorbed", logit);
    let log_transmittance = graph.matmul("log_transmittance", &absorbed, &before);
    let transmittance = graph.exp("transmittance", &log_transmittance);
    graph.mul("visible_shares", &opacity, &transmittance)
}
