//! What goes wrong: clients that misbehave, limits, signals, damaged packages.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::{Server, engine, gqn_run, own_package, package, view, view_path};

#[test]
fn half_a_body_and_slow_clients_do_not_stay() {
    let server = Server::start(&["--timeout", "1"]);
    let id = server.scene(1);
    // Half a body, then nothing: the limit ends it. Half a body and gone: nobody is answered.
    let mut half = server.connect();
    half.stream()
        .write_all(b"POST /scenes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .expect("a start");
    let mut gone = server.connect();
    gone.stream()
        .write_all(b"POST /scenes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .expect("a start");
    drop(gone);
    let mut slow = server.connect();
    slow.stream().write_all(b"GET /scenes HT").expect("a start");
    let start = Instant::now();
    half.receive().expect("an answer").refused(408, "longer than 1 s");
    assert!(slow.receive().is_none_or(|answer| answer.status == 408), "it is not waited for");
    assert!(start.elapsed() < Duration::from_secs(5));
    server.call("GET", &view_path(&id, ""), b"").expect(200);
}

#[test]
fn a_client_that_does_not_read_does_not_stay() {
    let server = Server::start(&["--timeout", "1", "--connections", "1", "--quiet"]);
    // More than the system's buffers hold, asked for at once: the only connection is stuck in its answers.
    let mut stuck = server.connect();
    for _ in 0..2_000 {
        stuck.send("GET", "/openapi.json", &[], b"");
    }
    let start = Instant::now();
    server.call("GET", "/scenes", b"").expect(200);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn ten_thousand_scenes_are_too_many() {
    let server = Server::start(&["--scenes", "100", "--quiet"]);
    let mut connection = server.connect();
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for _ in 0..10_000 {
        connection.send("POST", "/scenes", &[("Content-Type", "application/json")], b"{}");
        *statuses.entry(connection.receive().expect("an answer").status).or_default() += 1;
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [(201, 100), (429, 9_900)]);
    assert!(server.memory() < 1 << 30, "{} bytes", server.memory());
    let views: Vec<_> = (0..3).map(view).collect();
    let few = Server::start(&["--views", "2"]);
    few.post("/scenes", &json!({ "views": views })).refused(429, "3 views, expected at most 2");
    assert_eq!(
        few.call("GET", "/scenes", b"").json(),
        json!({ "scenes": [] }),
        "nothing is left of it"
    );
}

#[test]
fn bad_requests_are_one_line() {
    let server = Server::start(&[]);
    let id = server.scene(1);
    for (more, part) in [
        ("&format=tiff", "tiff"),
        ("&scale=0", "scale is 0"),
        ("&scale=4000000000", "scale"),
        ("&format=jpeg&quality=0", "quality is 0"),
        ("&temperature=-1", "temperature is -1"),
        ("&odd=1", "odd"),
    ] {
        server.call("GET", &view_path(&id, more), b"").refused(400, part);
    }
    let path = format!("/scenes/{id}/view?x=nan&y=0&z=0&yaw=0&pitch=0");
    server.call("GET", &path, b"").refused(400, "out of range");
    server.call("GET", &format!("/scenes/{id}/view?x=1"), b"").refused(400, "missing field");
    server
        .post(
            "/scenes",
            &json!({ "views": [{ "picture": "?", "position": [0, 0, 0], "yaw": 0, "pitch": 0 }] }),
        )
        .refused(400, "no base 64");
    server.post("/scenes", &json!({ "views": [{ "picture": "AAAA", "position": [0, 0, 0], "yaw": 0, "pitch": 0 }] }))
        .refused(400, "cannot be read");
    server.call("GET", &format!("/scenes/{id}/stream?fps=0"), b"").refused(400, "fps is 0");
    // Names are looked up in a table, never on a disk.
    for name in ["..", "..%2f..%2fetc%2fpasswd", "%00", "%ff", "a%2fb", ".", "%2e%2e"] {
        let status = server.call("GET", &format!("/scenes/{name}"), b"").status;
        assert!([400, 404].contains(&status), "{name}: {status}");
    }
}

#[test]
fn tokens_are_asked_of_all_but_watchers() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "secret\n").expect("a file");
    let server = Server::start(&["--token-file", file.to_str().expect("a path")]);
    let ask = |value: Option<&str>| {
        let mut connection = server.connect();
        let headers: Vec<_> = value.map(|value| ("Authorization", value)).into_iter().collect();
        connection.send("GET", "/scenes", &headers, b"");
        connection.receive().expect("an answer")
    };
    ask(Some("Bearer secret")).expect(200);
    for wrong in
        [None, Some("Bearer secre"), Some("Bearer secret1"), Some("Basic secret"), Some("")]
    {
        let answer = ask(wrong);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answer.refused(401, "token");
    }
    server.call("GET", "/metrics", b"").expect(401);
    server.call("GET", "/v2/health/live", b"").expect(200);
    assert!(server.log().iter().all(|line| !line.contains("secret")), "{:?}", server.log());
    fs::write(&file, "\n").expect("a file");
    let output = gqn_run().arg("serve").arg(package()).arg("--token-file").arg(&file).output();
    assert_eq!(output.expect("a program").status.code(), Some(1));
}

#[test]
fn a_reload_under_load_drops_nothing_and_a_corrupt_package_changes_nothing() {
    let package = own_package();
    let server = Server::of(package.path(), &["--quiet"]);
    let id = server.scene(2);
    let before = server.call("GET", &view_path(&id, ""), b"").expect(200).body;
    let (stop, painted) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut connection = server.connect();
                while !stop.load(Ordering::Relaxed) {
                    let picture = connection.call("GET", &view_path(&id, ""), b"").expect(200).body;
                    assert_eq!(picture.len(), before.len());
                    painted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2 {
            server.call("POST", "/reload", b"").expect(204);
        }
        let graph = package.path().join("generator.onnx");
        let whole = fs::read(&graph).expect("a graph");
        fs::write(&graph, &whole[..whole.len() / 2]).expect("a graph");
        server.call("POST", "/reload", b"").refused(422, "generator.onnx");
        let mark = painted.load(Ordering::Relaxed);
        while painted.load(Ordering::Relaxed) < mark + 5 {
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(server.call("GET", &view_path(&id, ""), b"").expect(200).body, before);
    let metrics =
        String::from_utf8(server.call("GET", "/metrics", b"").expect(200).body).expect("text");
    for line in ["gqn_reloads_total 2", "gqn_failed_reloads_total 1", "gqn_ready 1", "gqn_scenes 1"]
    {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
}

#[test]
fn sigterm_under_load_answers_what_was_asked() {
    let mut server = Server::start(&["--quiet"]);
    let id = server.scene(1);
    let address = server.address;
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = crate::client::Connection::open(address);
                loop {
                    connection.send("GET", &view_path(&id, ""), &[], b"");
                    match connection.receive() {
                        Some(answer) if answer.status == 200 => {
                            if answer.header("connection") == Some("close") {
                                return;
                            }
                        }
                        Some(_) => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        // The connection was closed between two requests.
                        None => return,
                    }
                }
            });
        }
        // One that only listens to a stream.
        scope.spawn(|| {
            let mut connection = crate::client::Connection::open(address);
            connection.send("GET", &format!("/scenes/{id}/stream"), &[], b"");
            assert!(connection.receive().is_some(), "a stream ends whole");
        });
        thread::sleep(Duration::from_millis(300));
        server.terminate();
    });
    assert_eq!(refused.load(Ordering::Relaxed), 0, "nothing else than answers");
    let (code, took) = server.ended();
    assert_eq!(code, Some(0), "{:?}", server.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(server.log().iter().any(|line| line.contains("stopping")));
}

#[test]
fn a_server_without_an_engine_ends_with_one_line() {
    let mut command = gqn_run();
    command.arg("serve").arg(package()).args([
        "--listen",
        "127.0.0.1:0",
        "--ort",
        "/nonexistent/libonnxruntime.so",
    ]);
    let output = command.output().expect("a program");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let error = stderr.lines().find(|line| line.starts_with("error: ")).expect("an error");
    assert!(
        error.contains("/nonexistent/libonnxruntime.so") && stderr.contains("\nhint: "),
        "{stderr}"
    );
    let output = gqn_run().arg("serve").arg(Path::new("/nonexistent")).output().expect("a program");
    assert_eq!(output.status.code(), Some(1));
    // An address that is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = gqn_run().arg("serve").arg(package()).args(["--listen", &address]).output();
    let output = output.expect("a program");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && stderr.contains(&address), "{stderr}");
}

#[test]
fn an_engine_that_is_removed_meanwhile_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = folder.path().join("libonnxruntime.so");
    fs::copy(engine(), &library).expect("a copy");
    let ort = library.to_str().expect("a path");
    let mut server = Server::start(&["--ort", ort, "--quiet"]);
    let id = server.scene(2);
    let before = server.call("GET", &view_path(&id, ""), b"").expect(200).body;
    fs::remove_file(&library).expect("it is removed");
    assert_eq!(server.call("GET", &view_path(&id, ""), b"").expect(200).body, before);
    server.call("POST", "/reload", b"").expect(204);
    assert_eq!(server.call("GET", &view_path(&id, ""), b"").expect(200).body, before);
    server.terminate();
    assert_eq!(server.ended().0, Some(0), "{:?}", server.log());
    // The next start says what is missing.
    let output = gqn_run().arg("serve").arg(package()).args(["--ort", ort]).output();
    let output = output.expect("a program");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && stderr.contains(ort), "{stderr}");
}

#[test]
fn more_than_the_queue_holds_is_refused() {
    let server = Server::start(&["--queue", "1", "--quiet"]);
    let id = server.scene(1);
    let statuses = std::sync::Mutex::new(std::collections::BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                let mut connection = server.connect();
                for seed in 0..8 {
                    let path = view_path(&id, &format!("&temperature=1&seed={seed}&scale=16"));
                    let answer = connection.call("GET", &path, b"");
                    if answer.status == 429 {
                        assert_eq!(answer.header("retry-after"), Some("1"));
                    }
                    statuses.lock().expect("statuses").insert(answer.status);
                }
            });
        }
    });
    let statuses = statuses.into_inner().expect("statuses");
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 429]);
}
