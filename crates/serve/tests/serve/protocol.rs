//! The Open Inference Protocol, by a client of our own and by `tritonclient`.

use std::path::Path;
use std::process::Command;

use gqn_formats::{Package, TensorFile};
use serde_json::{Value, json};

use crate::server::{Server, package, view_path};

/// The package's weights are in half precision, its sample is not: a quarter of the smallest step of an 8-bit picture.
const TOLERANCE: f32 = 1e-3;

fn sample() -> TensorFile {
    let package = Package::open(&package()).expect("a package");
    TensorFile::from_bytes("sample", package.file("sample.safetensors").expect("a file"))
        .expect("tensors")
}

fn input(name: &str, tensor: &gqn_formats::Tensor) -> Value {
    let data: Vec<f32> = tensor.iter().copied().collect();
    json!({ "name": name, "datatype": "FP32", "shape": tensor.shape(), "data": data })
}

fn distance(found: &[f32], expected: &gqn_formats::Tensor) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_sample_by_json_and_by_bytes() {
    let (server, sample) = (Server::start(&[]), sample());
    let metadata = server.call("GET", "/v2/models/generator", b"").expect(200).json();
    assert_eq!(
        metadata["inputs"][1],
        json!({ "name": "poses", "datatype": "FP32", "shape": [-1, 7] })
    );
    assert_eq!(server.call("GET", "/v2", b"").json()["extensions"], json!(["binary_tensor_data"]));
    let inputs = [("frames", "context_frames"), ("poses", "context_poses")];
    let inputs: Vec<Value> =
        inputs.iter().map(|(name, key)| input(name, &sample.tensors[*key])).collect();
    let answer = server
        .post("/v2/models/representation/infer", &json!({ "id": "7", "inputs": inputs }))
        .expect(200);
    let answer = answer.json();
    assert_eq!((&answer["id"], &answer["model_name"]), (&json!("7"), &json!("representation")));
    let mut scene = answer["outputs"][0].clone();
    scene["name"] = "scene".into();
    // The rest in bytes, but for the scene, as the protocol allows.
    let (mut binary, mut inputs) = (Vec::new(), vec![scene]);
    for (name, key) in [("poses", "query_poses"), ("noise", "noise")] {
        let tensor = &sample.tensors[key];
        let bytes: Vec<u8> = tensor.iter().flat_map(|value| value.to_le_bytes()).collect();
        inputs.push(json!({
            "name": name, "datatype": "FP32", "shape": tensor.shape(),
            "parameters": { "binary_data_size": bytes.len() }
        }));
        binary.extend(bytes);
    }
    let text = json!({ "inputs": inputs, "outputs": [{ "name": "frames", "parameters": { "binary_data": true } }] });
    let text = text.to_string();
    let mut connection = server.connect();
    let length = text.len().to_string();
    let body = [text.as_bytes(), &binary].concat();
    connection.send(
        "POST",
        "/v2/models/generator/infer",
        &[("Inference-Header-Content-Length", &length)],
        &body,
    );
    let answer = connection.receive().expect("an answer").expect(200);
    let length: usize = answer
        .header("inference-header-content-length")
        .expect("a length")
        .parse()
        .expect("a length");
    let head: Value = serde_json::from_slice(&answer.body[..length]).expect("JSON");
    let size = head["outputs"][0]["parameters"]["binary_data_size"].as_u64().expect("a size");
    let bytes = &answer.body[length..];
    assert_eq!(bytes.len() as u64, size);
    let found: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let distance = distance(&found, &sample.tensors["frames"]);
    assert!(distance <= TOLERANCE, "{distance}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let server = Server::start(&["--body", "1"]);
    let infer = |body: &Value| server.post("/v2/models/representation/infer", body);
    let one = |name: &str, shape: Value, data: Value| json!({ "name": name, "datatype": "FP32", "shape": shape, "data": data });
    let poses = one("poses", json!([1, 7]), json!([0, 0, 0, 1, 0, 1, 0]));
    infer(&json!([])).refused(400, "no inference request");
    infer(&json!({ "inputs": [poses] })).refused(400, "`frames` is missing");
    infer(&json!({ "inputs": [one("odd", json!([1]), json!([1]))] }))
        .refused(400, "no input `odd`");
    infer(&json!({ "inputs": [one("poses", json!([1, 8]), json!([1]))] }))
        .refused(400, "has shape [1, 8]");
    infer(&json!({ "inputs": [one("poses", json!([1, 7]), json!([1]))] }))
        .refused(400, "1 numbers, expected 7");
    infer(&json!({ "inputs": [one("poses", json!([u64::MAX, 7]), json!([1]))] }))
        .refused(400, "has shape");
    infer(&json!({ "inputs": [one("poses", json!([1, 7]), json!(["x"]))] }))
        .refused(400, "no number");
    infer(&json!({ "inputs": [{ "name": "poses", "datatype": "INT8", "shape": [1, 7], "data": [] }] })).refused(400, "INT8");
    let binary = json!({ "name": "poses", "datatype": "FP32", "shape": [1, 7], "parameters": { "binary_data_size": 28 } });
    infer(&json!({ "inputs": [binary] })).refused(400, "says 28 bytes of 0");
    server.post("/v2/models/other/infer", &json!({})).refused(404, "no such model");
    let mut large = server.connect();
    large.send("POST", "/v2/models/generator/infer", &[("Content-Length", "2000000")], b"");
    large.receive().expect("an answer").refused(413, "has 2000000 bytes, expected at most 1048576");
    server.call("GET", "/nothing", b"").refused(404, "/openapi.json");
    server.call("PATCH", "/scenes", b"").refused(405, "no such method");
}

/// Metadata, JSON and bytes by the client that Triton's users have.
#[test]
fn tritonclient_is_served() {
    const SCRIPT: &str = r#"
import sys, numpy as np, tritonclient.http as http
address, sample = sys.argv[1:]
client = http.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("generator")
ports = client.get_model_metadata("representation")
assert [port["name"] for port in ports["inputs"]] == ["frames", "poses"], ports
def run(model, output, binary, **tensors):
    inputs = []
    for name, value in tensors.items():
        tensor = http.InferInput(name, value.shape, "FP32")
        tensor.set_data_from_numpy(value, binary_data=binary)
        inputs.append(tensor)
    wish = [http.InferRequestedOutput(output, binary_data=binary)]
    return client.infer(model, inputs, outputs=wish).as_numpy(output)
file = np.load(sample)
pictures = []
for binary in (False, True):
    scene = run("representation", "scene", binary, frames=file["context_frames"], poses=file["context_poses"])
    pictures.append(run("generator", "frames", binary, scene=scene, poses=file["query_poses"], noise=file["noise"]))
    distance = np.abs(pictures[-1] - file["frames"]).max()
    assert distance < 1e-3, distance
assert np.abs(pictures[0] - pictures[1]).max() < 1e-6
print("served")
"#;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/python");
    let has_client = |python: &Path| {
        let output = Command::new(python).args(["-c", "import tritonclient.http"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    assert!(
        has_client(&python),
        "no tritonclient in target/venv: `cargo xtask setup --python` installs it"
    );
    let (server, sample) = (Server::start(&[]), sample());
    let folder = tempfile::tempdir().expect("a folder");
    // NumPy's zip of arrays, one stored file each.
    let path = folder.path().join("sample.npz");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    for (name, tensor) in &sample.tensors {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}.npy"), options).expect("an entry");
        std::io::Write::write_all(&mut zip, &npy(tensor)).expect("an entry");
    }
    zip.finish().expect("a file");
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(server.address.to_string())
        .arg(&path)
        .output();
    let output = output.expect("python");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout.starts_with(b"served"), "{stderr}");
}

/// A tensor as a file of `NumPy`'s, version 1.0.
fn npy(tensor: &gqn_formats::Tensor) -> Vec<u8> {
    let lengths: Vec<String> = tensor.shape().iter().map(|length| format!("{length},")).collect();
    let mut head =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", lengths.concat());
    while (10 + head.len() + 1) % 64 != 0 {
        head.push(' ');
    }
    head.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.into_bytes());
    bytes.extend(tensor.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[test]
fn pages_of_named_origins_may_use_it_and_no_others() {
    let page = "https://page.example";
    let server = Server::start(&["--allow-origin", page]);
    let ask = |method: &str, path: &str, origin: &str, more: &[(&str, &str)]| {
        let mut connection = server.connect();
        connection.send(method, path, &[&[("Origin", origin)], more].concat(), b"");
        connection.receive().expect("an answer")
    };
    let wish = [("Access-Control-Request-Method", "DELETE")];
    let allowed = ask("OPTIONS", "/scenes/a", page, &wish).expect(204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some(page));
    assert!(allowed.header("access-control-allow-methods").expect("methods").contains("DELETE"));
    assert!(
        allowed.header("access-control-allow-headers").expect("some").contains("authorization")
    );
    let read = ask("GET", "/v2", page, &[]).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), Some(page));
    assert_eq!(read.header("vary"), Some("origin"));
    // A refusal is read too, and says when to try again.
    let missing = ask("GET", "/scenes/a", page, &[]).expect(404);
    assert_eq!(missing.header("access-control-allow-origin"), Some(page));
    for other in ["https://page.example.evil.example", "http://page.example", "null"] {
        let answer = ask("GET", "/v2", other, &[]).expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{other}");
        assert_eq!(ask("OPTIONS", "/scenes", other, &wish).status, 405, "{other}");
    }
    let closed = Server::start(&[]);
    let mut connection = closed.connect();
    connection.send("GET", "/v2", &[("Origin", page)], b"");
    let answer = connection.receive().expect("an answer").expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), None, "off by default");
}

#[test]
fn foreign_pages_change_nothing() {
    let page = "https://page.example";
    let server = Server::start(&["--allow-origin", page]);
    let id = server.scene(1);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut connection = server.connect();
        connection.send(method, path, headers, b"{}");
        connection.receive().expect("an answer")
    };
    let json = ("Content-Type", "application/json");
    let own = format!("http://{}", server.address);
    let host = ("Host", own.strip_prefix("http://").expect("a scheme"));
    let writing = [
        ("POST", "/scenes".to_owned()),
        ("POST", "/reload".to_owned()),
        ("POST", "/v2/models/generator/infer".to_owned()),
        ("PUT", format!("/scenes/{id}/camera")),
        ("DELETE", format!("/scenes/{id}")),
    ];
    for (method, path) in &writing {
        for foreign in ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"] {
            ask(method, path, &[json, host, ("Origin", foreign)]).refused(403, foreign);
        }
        let headers = [json, host, ("Sec-Fetch-Site", "cross-site")];
        ask(method, path, &headers).refused(403, "another site");
    }
    // A form needs no preflight.
    let form = ("Content-Type", "multipart/form-data; boundary=a");
    ask("POST", "/scenes", &[form, ("Origin", "https://evil.example")])
        .refused(403, "--allow-origin");
    let scenes = ask("GET", "/scenes", &[]).expect(200).json();
    assert_eq!(scenes["scenes"].as_array().expect("a list").len(), 1, "{scenes}");
    // Its own origin, an allowed page, and programs that are no browsers.
    ask("POST", "/scenes", &[json, host, ("Origin", &own)]).expect(201);
    ask("POST", "/scenes", &[json, ("Origin", page), ("Sec-Fetch-Site", "cross-site")]).expect(201);
    ask("POST", "/scenes", &[json]).expect(201);
    // `<img>` of an allowed page sends no origin.
    ask("GET", &view_path(&id, ""), &[("Sec-Fetch-Site", "cross-site")]).expect(200);
}

#[test]
fn names_of_others_do_not_lead_to_it() {
    let server = Server::start(&["--allow-host", "robot.example"]);
    let ask = |server: &Server, method: &str, path: &str, host: &str| {
        let mut connection = server.connect();
        let headers = [("Host", host), ("Content-Type", "application/json")];
        connection.send(method, path, &headers, b"{}");
        connection.receive().expect("an answer")
    };
    for path in ["/v2", "/scenes", "/metrics", "/openapi.json", "/nothing"] {
        ask(&server, "GET", path, "evil.example:8080").refused(403, "evil.example:8080");
    }
    // A page whose name was rebound is of the same origin.
    let mut rebound = server.connect();
    let headers = [("Host", "evil.example"), ("Origin", "http://evil.example")];
    rebound.send("POST", "/scenes", &headers, b"");
    rebound.receive().expect("an answer").refused(403, "--allow-host");
    for host in ["localhost:8080", "127.0.0.1", "192.168.1.7:8080", "[::1]:1", "robot.example"] {
        ask(&server, "POST", "/scenes", host).expect(201);
    }
    ask(&server, "GET", "/v2/health/live", "gqn.svc").expect(200);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "secret").expect("a file");
    let guarded = Server::start(&["--token-file", file.to_str().expect("a path")]);
    ask(&guarded, "GET", "/v2", "proxy.example").refused(401, "token");
}
