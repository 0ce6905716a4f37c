//! Scenes: opened, observed, painted, forgotten, streamed.

use std::fs;

use gqn_formats::{View, Views};
use serde_json::json;

use crate::server::{SIDE, Server, gqn_run, package, view, view_path};

#[test]
fn a_scene_from_its_opening_to_its_end() {
    let server = Server::start(&[]);
    let id = server.scene(2);
    let picture = server.call("GET", &view_path(&id, ""), b"").expect(200);
    assert_eq!(picture.header("content-type"), Some("image/png"));
    let two = image::load_from_memory(&picture.body).expect("a picture").into_rgb8();
    assert_eq!((two.width(), two.height()), (SIDE, SIDE));
    for (format, start) in [("jpeg", &b"\xff\xd8"[..]), ("webp", b"RIFF")] {
        let path = view_path(&id, &format!("&format={format}&scale=2"));
        assert!(server.call("GET", &path, b"").expect(200).body.starts_with(start));
    }
    let added =
        server.post(&format!("/scenes/{id}/views"), &json!({ "views": [view(5)] })).expect(201);
    assert_eq!(added.json()["views"], json!([2]));
    let three = server.call("GET", &view_path(&id, ""), b"").expect(200).body;
    assert_ne!(three, picture.body, "another view, another picture");
    server.call("DELETE", &format!("/scenes/{id}/views/2"), b"").expect(204);
    server.call("DELETE", &format!("/scenes/{id}/views/2"), b"").refused(404, "no such view");
    let again = server.call("GET", &view_path(&id, ""), b"").expect(200).body;
    assert_eq!(again, picture.body, "nothing is left of a forgotten view");
    let listed = server.call("GET", &format!("/scenes/{id}"), b"").expect(200).json();
    assert_eq!(listed["views"].as_array().expect("views").len(), 2);
    assert_eq!(server.call("GET", "/scenes", b"").json(), json!({ "scenes": [id] }));
    server.call("DELETE", &format!("/scenes/{id}"), b"").expect(204);
    server.call("GET", &view_path(&id, ""), b"").refused(404, "no such scene");
    let empty = server.scene(0);
    server.call("GET", &view_path(&empty, ""), b"").refused(409, "has no views");
}

#[test]
fn pictures_are_those_of_render() {
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    // The world's own views, painted by the program and by the server.
    let mut command = gqn_run();
    command.arg("render").arg(package()).args(["--world", "rooms-ring-camera", "--seed", "3"]);
    command.args(["--queries", "2", "--context", "2", "--provider", "cpu", "--threads", "1"]);
    let out = folder.path().join("out");
    assert!(command.arg("--out").arg(&out).output().expect("a program").status.success());
    let scene = gqn_scenes::Scene::generate(gqn_scenes::World::RoomsRingCamera, 3);
    let mut body = Vec::new();
    let mut part = |name: &str, file: &str, content: &[u8]| {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    };
    let cameras = scene.cameras(2);
    let names = ["0.png", "1.png"];
    let list = names.iter().zip(&cameras);
    let list = Views::of_world(
        list.map(|(name, camera)| View::new(Some((*name).to_owned()), camera)).collect(),
    );
    part("views", "views.json", &list.to_json());
    for (name, camera) in names.iter().zip(&cameras) {
        let frame = scene.render(camera, SIDE as usize);
        let image = image::RgbImage::from_raw(SIDE, SIDE, frame.rgb8().to_vec()).expect("an image");
        let file = folder.path().join(name);
        image.save(&file).expect("a file");
        part(name, name, &fs::read(&file).expect("a file"));
    }
    body.extend(b"--b--\r\n");
    let mut connection = server.connect();
    connection.send(
        "POST",
        "/scenes",
        &[("Content-Type", "multipart/form-data; boundary=b")],
        &body,
    );
    let id = connection.receive().expect("an answer").expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for index in 0..2 {
        let camera = scene.camera(2 + index);
        let [x, y, z] = camera.position;
        let path = format!(
            "/scenes/{id}/view?x={x}&y={y}&z={z}&yaw={}&pitch={}",
            camera.yaw, camera.pitch
        );
        let ours = server.call("GET", &path, b"").expect(200).body;
        let ours = image::load_from_memory(&ours).expect("a picture").into_rgb8();
        let theirs = image::open(out.join(format!("prediction_{index:02}.png")))
            .expect("a picture")
            .into_rgb8();
        // Two queries at once are summed in another order than one: a value may be rounded to its neighbour.
        let most = ours.iter().zip(theirs.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(most <= Some(1), "{most:?}");
    }
}

#[test]
fn a_stream_follows_its_camera() {
    let server = Server::start(&[]);
    let id = server.scene(1);
    let mut stream = server.connect();
    stream.send("GET", &format!("/scenes/{id}/stream?frames=2&fps=60"), &[], b"");
    let look = |x: f32| json!({ "position": [x, 0.1, 0.4], "yaw": 3.0, "pitch": -0.2 }).to_string();
    let mover = std::thread::scope(|scope| {
        let reader = scope.spawn(|| stream.receive().expect("an answer"));
        let mut step = 0;
        while !reader.is_finished() {
            step += 1;
            let mut connection = server.connect();
            let body = look(0.5 + 0.01 * (step % 20) as f32);
            connection.send(
                "PUT",
                &format!("/scenes/{id}/camera"),
                &[("Content-Type", "application/json")],
                body.as_bytes(),
            );
            connection.receive().expect("an answer").expect(204);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        reader.join().expect("a stream")
    });
    let kind = mover.header("content-type").expect("a kind").to_owned();
    assert!(kind.starts_with("multipart/x-mixed-replace"), "{kind}");
    let pictures = mover.body.windows(4).filter(|part| *part == b"\xff\xd8\xff\xe0").count();
    assert_eq!(pictures, 2);
}
