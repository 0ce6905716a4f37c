//! A server that is started for a test and ended with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Connection};

pub(crate) const SIDE: u32 = 32;

pub(crate) fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-demo/models/rooms-ring-camera-tiny")
}

/// A copy of the package that a test may damage.
pub(crate) fn own_package() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(package()).expect("a package") {
        let file = file.expect("a file");
        fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    folder
}

pub(crate) fn gqn_run() -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/release/deps");
    let path = folder.join("gqn-run");
    assert!(
        path.is_file(),
        "{} is missing: `cargo build --release --workspace` builds it",
        path.display()
    );
    let mut command = Command::new(path);
    command.env("RUST_BACKTRACE", "1").env_remove("GQN_TOKEN").stdin(Stdio::null());
    command
}

/// The library of ONNX Runtime that the program finds.
pub(crate) fn engine() -> PathBuf {
    let output = gqn_run().arg("doctor").arg("--json").output().expect("a program");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let path = report["onnxruntime"]["path"].as_str();
    path.unwrap_or_else(|| panic!("no library: {report}")).into()
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server of the shipped package that is ready.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::of(&package(), flags)
    }

    pub(crate) fn of(package: &Path, flags: &[&str]) -> Self {
        let mut command = gqn_run();
        command.arg("serve").arg(package).args(["--listen", "127.0.0.1:0", "--threads", "1"]);
        command.args(["--provider", "cpu"]);
        let mut child = command.args(flags).stderr(Stdio::piped()).spawn().expect("a program");
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut address = None;
        while address.is_none() {
            let line = lines.next().expect("it listens").expect("a line");
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            address = event["address"].as_str().map(|text| text.parse().expect("an address"));
        }
        let writer = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                writer.lock().expect("a log").push(line);
            }
        });
        let server = Self { child, address: address.expect("an address"), log };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while self.call("GET", "/v2/health/ready", b"").status != 200 {
            assert!(start.elapsed() < Duration::from_mins(1), "{:?}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("a log").clone()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.connect().call(method, path, body)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let mut connection = self.connect();
        let headers = [("Content-Type", "application/json")];
        connection.send("POST", path, &headers, body.to_string().as_bytes());
        connection.receive().expect("an answer")
    }

    /// A scene with so many views of one grey picture.
    pub(crate) fn scene(&self, views: usize) -> String {
        let views: Vec<Value> = (0..views).map(view).collect();
        let answer = self.post("/scenes", &json!({ "views": views })).expect(201);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Asks the process to end.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(status.expect("kill").success());
    }

    /// How it ended, and how soon.
    pub(crate) fn ended(&mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return (status.code(), start.elapsed());
            }
            assert!(start.elapsed() < Duration::from_mins(1), "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Bytes of memory that it has now.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        1024 * line.split_whitespace().next().expect("a number").parse::<u64>().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A picture and its camera, as JSON.
pub(crate) fn view(index: usize) -> Value {
    let image = image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
        image::Rgb([(8 * x) as u8, (8 * y) as u8, (40 * index) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    let angle = index as f32;
    json!({
        "picture": base64(&bytes.into_inner()),
        "position": [0.8 * angle.cos(), 0.8 * angle.sin(), 0.4], "yaw": angle + 3.1, "pitch": -0.2
    })
}

/// Base 64, of which the product has a crate and this test its own.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let byte = |index: usize| u32::from(part.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let shown = digit <= part.len();
            let value = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if shown { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

/// The path of a view from a camera.
pub(crate) fn view_path(scene: &str, more: &str) -> String {
    format!("/scenes/{scene}/view?x=0.7&y=0.1&z=0.4&yaw=3.2&pitch=-0.2{more}")
}
