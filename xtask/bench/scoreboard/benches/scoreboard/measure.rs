//! Loading and timing a graph, and the machine's peak by the same engine.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::Result;
use gqn_formats::{Dim, Tensor, names};
use gqn_portable::PortableEngine;
use gqn_runtime::Engine;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use gqn_runtime_wasm::TractEngine;
use onnx_protobuf::{
    GraphProto, Message, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TypeProto,
    ValueInfoProto, tensor_shape_proto, type_proto,
};

use protobuf::MessageField;

use crate::case::Case;
use crate::report::Row;
use crate::rten::RtenEngine;

/// Side of the matrices whose product measures an engine's peak: well beyond the caches, well below a second.
const PEAK_SIDE: usize = 1024;

/// How many of them a run has, so that to hand over matrices counts little.
const PRODUCTS: f64 = 3.0;

/// The engines by name; the first two have threads.
pub(crate) const ONNX_RUNTIME: &str = "ONNX Runtime";
pub(crate) const RTEN: &str = "rten";
pub(crate) const PURE_RUST: [&str; 2] = ["built-in", "tract"];

/// A case on an engine.
pub(crate) struct Measured<'a> {
    case: &'a Case,
    engine_name: &'static str,
    engine: Box<dyn Engine>,
    load_ms: f64,
    scene: Tensor,
}

impl<'a> Measured<'a> {
    /// Every case on an engine, and a row for each that a peer does not run.
    pub(crate) fn load(
        cases: &'a [Case],
        engine_name: &'static str,
        threads: usize,
    ) -> Result<(Vec<Self>, Vec<Row>)> {
        let load = |case: &'a Case| -> Result<Self> {
            let started = Instant::now();
            let engine = engine(engine_name, &case.bytes, threads)?;
            let load_ms = milliseconds(started);
            let scene = &case.generator.ports.inputs[0].shape;
            let length = |dim: &Dim| if let Dim::Fixed(length) = dim { *length } else { 1 };
            let scene: Vec<usize> = scene.iter().map(length).collect();
            Ok(Self { case, engine_name, engine, load_ms, scene: Tensor::from_elem(scene, 0.1) })
        };
        let (mut measured, mut refused) = (Vec::new(), Vec::new());
        for case in cases {
            // What a peer lacks may come out when it runs.
            let loaded = load(case).and_then(|mut loaded| loaded.run(1).map(|_| loaded));
            match loaded {
                Ok(loaded) => measured.push(loaded),
                Err(error) if engine_name == RTEN => {
                    let row = row(case, engine_name, 1, threads);
                    let why = format!("{:#}", error.root_cause()).replace(['|', '\n'], " ");
                    refused.push(Row { refused: Some(why), ..row });
                }
                Err(error) => return Err(error),
            }
        }
        Ok((measured, refused))
    }

    fn run(&mut self, queries: usize) -> Result<f64> {
        let (config, size) = (&self.case.config, self.case.config.hidden_size());
        let noise = [1, config.steps, config.latent_channels, size, size];
        let (poses, noise) =
            (Tensor::from_elem(vec![queries, 7], 0.3), Tensor::from_elem(&noise[..], 0.1));
        let started = Instant::now();
        self.engine.generate(&self.scene, &poses, &noise)?;
        Ok(milliseconds(started))
    }
}

/// An engine for a generator; what stands for its representation is never run.
fn engine(name: &str, generator: &[u8], threads: usize) -> Result<Box<dyn Engine>> {
    let (representation, nothing) = (product_graph(REPRESENTATION), BTreeMap::new());
    Ok(match name {
        "built-in" => Box::new(PortableEngine::from_graphs(&representation, generator, &nothing)?),
        "tract" => Box::new(TractEngine::from_graphs(&representation, generator, &nothing)?),
        RTEN => Box::new(RtenEngine::new(generator, threads)?),
        _ => {
            let provider = Provider::Cpu;
            let options = OrtOptions::on(provider, NonZeroUsize::new(threads));
            let ort = OnnxRuntime::load(None)?;
            Box::new(OrtEngine::from_graphs(ort, &representation, generator, &nothing, &options)?)
        }
    })
}

/// How long a turn lasts at least.
const TURN_MS: f64 = 100.0;

/// Runs for a turn. The first time brings weights and values back to the caches, as any view but the first of a tour
/// finds them, and does not count.
fn turn(mut run: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    run()?;
    let mut times = Vec::new();
    while times.is_empty() || times.iter().sum::<f64>() < TURN_MS {
        times.push(run()?);
    }
    Ok(times)
}

/// Lets all of them take turns, and the peak of each engine with them.
pub(crate) fn run(
    measured: &mut [Measured<'_>],
    engine_names: &[&'static str],
    queries: usize,
    rounds: usize,
    threads: usize,
) -> Result<Vec<Row>> {
    let mut peaks: Vec<(&str, Vec<f64>)> =
        engine_names.iter().map(|name| (*name, Vec::new())).collect();
    let mut engines = Vec::new();
    for (name, _) in &peaks {
        engines.push(engine(name, &product_graph(GENERATOR), threads)?);
    }
    let mut times = vec![Vec::new(); measured.len()];
    for _ in 0..rounds {
        for (engine, (_, times)) in engines.iter_mut().zip(&mut peaks) {
            times.extend(turn(|| product(engine.as_mut()))?);
        }
        for (measured, times) in measured.iter_mut().zip(&mut times) {
            times.extend(turn(|| measured.run(queries))?);
        }
    }
    let flops = 2.0 * PRODUCTS * (PEAK_SIDE as f64).powi(3);
    let peaks: Vec<(&str, f64)> =
        peaks.iter().map(|(name, times)| (*name, flops / median(times) / 1e6)).collect();
    let rows = measured.iter().zip(&times).map(|(measured, times)| {
        let case = measured.case;
        let ms_per_view = median(times) / queries as f64;
        let macs_per_view = case.generator.multiply_adds;
        let peak = peaks.iter().find(|(name, _)| *name == measured.engine_name);
        Row {
            ms_per_view,
            fastest_ms_per_view: times.iter().copied().fold(f64::MAX, f64::min) / queries as f64,
            gflops: 2.0 * macs_per_view as f64 / ms_per_view / 1e6,
            peak_gflops: peak.map(|(_, gflops)| *gflops),
            load_ms: measured.load_ms,
            ..row(case, measured.engine_name, queries, threads)
        }
    });
    Ok(rows.collect())
}

/// The row of a case that was not timed yet.
fn row(case: &Case, engine_name: &str, queries: usize, threads: usize) -> Row {
    Row {
        engine: engine_name.to_owned(),
        preset: case.size.preset(),
        shared_core: case.config.shared_core,
        variant: case.options.variant,
        winograd: case.winograd(),
        precision: case.options.precision.name().to_owned(),
        queries,
        threads: if PURE_RUST.contains(&engine_name) { 1 } else { threads },
        ms_per_view: 0.0,
        fastest_ms_per_view: 0.0,
        gflops: 0.0,
        peak_gflops: None,
        macs_per_view: case.generator.multiply_adds,
        bytes: case.bytes.len(),
        package_bytes: Some(case.package_bytes),
        load_ms: 0.0,
        refused: None,
    }
}

fn product(engine: &mut dyn Engine) -> Result<f64> {
    let matrix = Tensor::from_elem(vec![PEAK_SIDE, PEAK_SIDE], 0.5);
    let started = Instant::now();
    engine.generate(&matrix, &Tensor::zeros(vec![1]), &Tensor::zeros(vec![1]))?;
    Ok(milliseconds(started))
}

/// Ports of a representation graph: the inputs and the output.
const REPRESENTATION: (&[&str], &str) = (&[names::FRAMES, names::POSES], names::SCENE);

/// Those of a generator.
const GENERATOR: (&[&str], &str) = (&[names::SCENE, names::POSES, names::NOISE], names::FRAMES);

/// One of the two by its ports, and [`PRODUCTS`] products of its first input by what it does.
fn product_graph((inputs, output): (&[&str], &str)) -> Vec<u8> {
    let port = |name: &str, side: usize, rank: usize| {
        let dimension = tensor_shape_proto::Dimension {
            value: Some(tensor_shape_proto::dimension::Value::DimValue(side as i64)),
            ..Default::default()
        };
        let shape =
            onnx_protobuf::TensorShapeProto { dim: vec![dimension; rank], ..Default::default() };
        let tensor = type_proto::Tensor {
            elem_type: 1,
            shape: MessageField::some(shape),
            ..Default::default()
        };
        let type_ =
            TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
        ValueInfoProto {
            name: name.to_owned(),
            type_: MessageField::some(type_),
            ..Default::default()
        }
    };
    // Each by the same weight, which engines put in order when they load it.
    let ends = [inputs[0], "once", "twice", output];
    let node = |ends: &[&str]| NodeProto {
        name: ends[1].to_owned(),
        op_type: "MatMul".to_owned(),
        input: vec![ends[0].to_owned(), "weight".to_owned()],
        output: vec![ends[1].to_owned()],
        ..Default::default()
    };
    let weight = TensorProto {
        name: "weight".to_owned(),
        dims: vec![PEAK_SIDE as i64; 2],
        data_type: 1,
        raw_data: (1.0 / PEAK_SIDE as f32).to_le_bytes().repeat(PEAK_SIDE * PEAK_SIDE),
        ..Default::default()
    };
    let graph = GraphProto {
        name: "product".to_owned(),
        node: ends.windows(2).map(node).collect(),
        initializer: vec![weight],
        input: inputs
            .iter()
            .enumerate()
            .map(
                |(index, name)| if index < 1 { port(name, PEAK_SIDE, 2) } else { port(name, 1, 1) },
            )
            .collect(),
        output: vec![port(output, PEAK_SIDE, 2)],
        ..Default::default()
    };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { version: 17, ..Default::default() }],
        graph: MessageField::some(graph),
        ..Default::default()
    };
    model.write_to_bytes().expect("memory does not fail")
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
