//! A model repository before Triton's own description of `config.pbtxt`, which its client brings.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::programs::{program, python, run};

/// Parses every `config.pbtxt` below a folder and prints what it says.
const SCRIPT: &str = r#"
import importlib.util, json, pathlib, sys, sysconfig
from google.protobuf import json_format, text_format
source = pathlib.Path(sysconfig.get_path("purelib")) / "tritonclient/grpc/model_config_pb2.py"
spec = importlib.util.spec_from_file_location("model_config_pb2", source)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/config.pbtxt")):
    config = text_format.Parse(path.read_text(), module.ModelConfig())
    found[path.parent.name] = json_format.MessageToDict(config, preserving_proto_field_name=True)
print(json.dumps(found))
"#;

#[test]
fn triton_understands_what_is_written() {
    let package =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/models/rooms-ring-camera-tiny");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("repository");
    let triton = || {
        let mut command = program("gqn-export");
        command
            .arg("triton")
            .arg(&package)
            .arg("--out")
            .arg(&out)
            .args(["--tensorrt-cache", "/cache"]);
        run(&mut command)
    };
    assert_eq!(triton().succeeded().stdout, "gqn_representation\ngqn_generator\n");
    triton().failed_with_hint(&["repository exists", "remove this one yourself"]);
    let outcome = run(python().args(["-c", SCRIPT]).arg(&out)).succeeded();
    let found: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let generator = &found["gqn_generator"];
    let poses = json!({ "name": "poses", "data_type": "TYPE_FP32", "dims": ["-1", "7"] });
    assert_eq!(generator["input"][1], poses);
    assert_eq!(generator["platform"], "onnxruntime_onnx");
    assert_eq!(generator["model_warmup"][0]["inputs"]["poses"]["dims"], json!(["1", "7"]));
    assert!(
        generator.get("dynamic_batching").is_none() && generator.get("max_batch_size").is_none()
    );
    let accelerator =
        &generator["optimization"]["execution_accelerators"]["gpu_execution_accelerator"][0];
    assert_eq!(accelerator["parameters"]["trt_engine_cache_path"], "/cache/gqn_generator");
    assert_eq!(found["gqn_representation"]["input"][0]["dims"], json!(["-1", "3", "32", "32"]));
    let graph = fs::read(package.join("generator.onnx")).expect("a graph");
    assert_eq!(fs::read(out.join("gqn_generator/1/model.onnx")).expect("a graph"), graph);
    let service = fs::read_to_string(out.join("kserve.yaml")).expect("a file");
    assert!(service.contains("kind: InferenceService\n"), "{service}");
}
