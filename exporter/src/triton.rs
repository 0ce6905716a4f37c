//! A package as a model repository of Triton's, and how `KServe` is told of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use gqn_formats::{Dim, FormatError, GraphPorts, Package, Precision, external_locations, names};

use crate::error::ExportError;
use crate::folder::put_in_place;

/// How a repository is written.
#[derive(Debug, Clone)]
pub struct TritonOptions {
    /// Let TensorRT run what it takes, with its engines cached in this folder of the server.
    pub tensorrt_cache: Option<String>,
    /// Queries of one run that TensorRT's engines are built for, at most.
    pub batch: u32,
    /// Instances of each graph.
    pub instances: u32,
    /// Where `KServe` finds the repository.
    pub storage_uri: String,
}

/// Writes a package (folder or zip) as a repository into the folder `out`; gives the names of its models.
///
/// # Errors
/// [`ExportError`]: the package is refused, the folder is there, or the disk does not take it.
pub fn write_triton(
    package: &Path,
    out: &Path,
    options: &TritonOptions,
) -> Result<Vec<String>, ExportError> {
    let package = Package::open(package)?;
    if std::fs::symlink_metadata(out).is_ok() {
        return Err(ExportError::Occupied { path: out.to_owned() });
    }
    put_in_place(&repository(&package, options)?, out)?;
    Ok(MODELS.iter().map(|(model, _)| (*model).to_owned()).collect())
}

const MODELS: [(&str, &str); 2] =
    [("gqn_representation", names::REPRESENTATION_FILE), ("gqn_generator", names::GENERATOR_FILE)];

/// Files of the repository by their paths in it.
fn repository(
    package: &Package,
    options: &TritonOptions,
) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let mut files = BTreeMap::new();
    for (model, graph) in MODELS {
        let ports = if graph == names::GENERATOR_FILE {
            &package.manifest.generator
        } else {
            &package.manifest.representation
        };
        let bytes = package.file(graph)?;
        let config = config(model, ports, package.manifest.precision, options);
        files.insert(format!("{model}/config.pbtxt"), config.into_bytes());
        files.insert(format!("{model}/1/model.onnx"), bytes.to_vec());
        let unreadable = |reason| FormatError::Graph { graph: graph.to_owned(), reason };
        for location in external_locations(bytes).map_err(unreadable)? {
            let content = package.file(&location)?.to_vec();
            files.insert(format!("{model}/1/{location}"), content);
        }
    }
    files.insert("kserve.yaml".to_owned(), kserve(&options.storage_uri).into_bytes());
    Ok(files)
}

/// A model's `config.pbtxt`. Triton may not join requests: the representation sums over its first axis, and one run of the
/// generator renders one scene. So the models have no batch axis of Triton's, and a request holds as many rows as it likes.
fn config(
    model: &str,
    ports: &GraphPorts,
    precision: Precision,
    options: &TritonOptions,
) -> String {
    let mut text = String::new();
    let mut line = |line: &str| writeln!(text, "{line}").expect("a string takes any text");
    line(&format!("name: \"{model}\""));
    line("platform: \"onnxruntime_onnx\"");
    line(
        "# A request is one scene: its rows are views or queries, and rows of two requests must not be joined.",
    );
    line("max_batch_size: 0");
    for (kind, list) in [("input", &ports.inputs), ("output", &ports.outputs)] {
        for port in list {
            let dims = dims(&port.shape, "-1");
            line(&format!(
                "{kind} {{ name: \"{}\" data_type: TYPE_FP32 dims: [ {dims} ] }}",
                port.name
            ));
        }
    }
    line(&format!("instance_group {{ kind: KIND_AUTO count: {} }}", options.instances));
    line("model_warmup {");
    line("  name: \"one row of zeros\"");
    line("  batch_size: 1");
    for port in &ports.inputs {
        let dims = dims(&port.shape, "1");
        let value = format!("data_type: TYPE_FP32 dims: [ {dims} ] zero_data: true");
        line(&format!("  inputs {{ key: \"{}\" value {{ {value} }} }}", port.name));
    }
    line("}");
    if let Some(cache) = &options.tensorrt_cache {
        let shapes = |rows: u32| {
            let dynamic = ports
                .inputs
                .iter()
                .filter(|port| port.shape.iter().any(|dim| matches!(dim, Dim::Named(_))));
            let shape = |port: &gqn_formats::Port| {
                format!("{}:{}", port.name, dims(&port.shape, &rows.to_string()).replace(", ", "x"))
            };
            dynamic.map(shape).collect::<Vec<_>>().join(",")
        };
        let half = if precision == Precision::Fp16 { "FP16" } else { "FP32" };
        let folder = format!("{}/{model}", cache.trim_end_matches('/'));
        line("optimization { execution_accelerators { gpu_execution_accelerator {");
        line("  name: \"tensorrt\"");
        for (key, value) in [
            ("precision_mode", half.to_owned()),
            ("trt_engine_cache_enable", "true".to_owned()),
            ("trt_engine_cache_path", folder.clone()),
            ("trt_timing_cache_enable", "true".to_owned()),
            ("trt_timing_cache_path", folder),
            ("trt_profile_min_shapes", shapes(1)),
            ("trt_profile_opt_shapes", shapes(options.batch)),
            ("trt_profile_max_shapes", shapes(options.batch)),
        ] {
            line(&format!("  parameters {{ key: \"{key}\" value: {value:?} }}"));
        }
        line("} } }");
    }
    text
}

fn dims(shape: &[Dim], named: &str) -> String {
    let length = |dim: &Dim| match dim {
        Dim::Fixed(length) => length.to_string(),
        Dim::Named(_) => named.to_owned(),
    };
    shape.iter().map(length).collect::<Vec<_>>().join(", ")
}

fn kserve(storage_uri: &str) -> String {
    // JSON's strings are YAML's.
    let uri = serde_json::Value::from(storage_uri);
    format!(
        "# The model repository beside this file, put where the URI points.\n\
         apiVersion: serving.kserve.io/v1beta1\n\
         kind: InferenceService\n\
         metadata:\n  name: gqn\n\
         spec:\n  predictor:\n    model:\n      modelFormat:\n        name: triton\n      \
         protocolVersion: v2\n      storageUri: {uri}\n      resources:\n        limits:\n          \
         cpu: \"2\"\n          memory: 2Gi\n"
    )
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;
    use saphyr::{LoadableYamlNode, Yaml};

    use super::*;

    #[test]
    fn requests_are_not_joined_and_profiles_name_every_dynamic_input() {
        let model = Preset::TinyTower.config();
        let ports = GraphPorts::generator(&model, &model.scene_shape());
        let options = TritonOptions {
            tensorrt_cache: Some("/cache/".to_owned()),
            batch: 8,
            instances: 2,
            storage_uri: String::new(),
        };
        let text = config("gqn_generator", &ports, Precision::Fp16, &options);
        let noise = format!("{}x{}x8x8", model.steps, model.latent_channels);
        for part in [
            "max_batch_size: 0\n".to_owned(),
            "name: \"poses\" data_type: TYPE_FP32 dims: [ -1, 7 ]".to_owned(),
            "value { data_type: TYPE_FP32 dims: [ 1, 7 ] zero_data: true }".to_owned(),
            format!("\"trt_profile_max_shapes\" value: \"poses:8x7,noise:8x{noise}\""),
            "\"trt_engine_cache_path\" value: \"/cache/gqn_generator\"".to_owned(),
            "\"precision_mode\" value: \"FP16\"".to_owned(),
            "kind: KIND_AUTO count: 2".to_owned(),
        ] {
            assert!(text.contains(&part), "`{part}` is not in:\n{text}");
        }
        assert!(!text.contains("dynamic_batching"), "{text}");
    }

    #[test]
    fn the_service_is_yaml_whatever_the_uri() {
        for uri in ["pvc://models/gqn", "s3://a: \"b\" # c\n- d\te", "{x}: 'y' \u{7f}\u{2028}", ""]
        {
            let text = kserve(uri);
            let documents = Yaml::load_from_str(&text).expect("YAML");
            assert_eq!(documents.len(), 1, "{text}");
            let service = &documents[0];
            assert_eq!(service["apiVersion"].as_str(), Some("serving.kserve.io/v1beta1"));
            assert_eq!(service["kind"].as_str(), Some("InferenceService"));
            assert_eq!(service["metadata"]["name"].as_str(), Some("gqn"));
            let model = &service["spec"]["predictor"]["model"];
            assert_eq!(model["modelFormat"]["name"].as_str(), Some("triton"));
            assert_eq!(model["protocolVersion"].as_str(), Some("v2"));
            assert_eq!(model["storageUri"].as_str(), Some(uri), "{text}");
            assert_eq!(model["resources"]["limits"]["cpu"].as_str(), Some("2"));
            assert_eq!(model["resources"]["limits"]["memory"].as_str(), Some("2Gi"));
        }
    }
}
