//! A folder on a local port, for looking at it.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow};
use tiny_http::{Header, Request, Response, Server, StatusCode};
use xtask_workspace::{console, failure};

/// Serves a folder on 127.0.0.1 until it is interrupted.
pub(crate) fn serve(folder: &Path, port: u16) -> Result<()> {
    let server = listen(port)?;
    if let Some(address) = server.server_addr().to_ip() {
        console::line(&format!("http://{address}/  (Ctrl-C ends)"));
    }
    answer(&server, folder);
    Ok(())
}

/// Opens the port; 0 is any that is free.
pub(crate) fn listen(port: u16) -> Result<Server> {
    Server::http(("127.0.0.1", port)).map_err(|error| {
        failure(
            format!("cannot listen on 127.0.0.1:{port}: {error}"),
            "another program may have the port; choose one with --port N",
        )
    })
}

/// Answers requests as long as there are any.
pub(crate) fn answer(server: &Server, folder: &Path) {
    for request in server.incoming_requests() {
        // Someone who hangs up in the middle is no error of ours.
        let _ = respond(request, folder);
    }
}

fn respond(request: Request, folder: &Path) -> Result<()> {
    let found = place(request.url()).map(|path| folder.join(path)).and_then(|path| {
        let path = if path.is_dir() { path.join("index.html") } else { path };
        File::open(&path).ok().map(|file| (path, file))
    });
    let Some((path, file)) = found else {
        return Ok(request
            .respond(Response::from_string("not found").with_status_code(StatusCode(404)))?);
    };
    let header = |name: &str, value: &str| {
        Header::from_bytes(name, value).map_err(|()| anyhow!("{name}: {value} is no header"))
    };
    let response = Response::from_file(file)
        .with_header(header("Content-Type", mime_type(&path))?)
        .with_header(header("Cache-Control", "no-cache")?)
        // What a page needs for threads that share memory, and no harm without.
        .with_header(header("Cross-Origin-Opener-Policy", "same-origin")?)
        .with_header(header("Cross-Origin-Embedder-Policy", "require-corp")?);
    Ok(request.respond(response)?)
}

/// The path below the folder that a URL names; none if it would lead out of it.
fn place(url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.trim_start_matches('/');
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| path.to_owned())
}

fn mime_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("ico") => "image/x-icon",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread;

    use super::*;

    #[test]
    fn files_are_served_with_their_types_and_nothing_outside() {
        let folder = tempfile::tempdir().unwrap();
        let dist = folder.path().join("dist");
        std::fs::create_dir(&dist).unwrap();
        std::fs::write(folder.path().join("secret.js"), "secret").unwrap();
        std::fs::write(dist.join("index.html"), "hello").unwrap();
        std::fs::write(dist.join("a.wasm"), "module").unwrap();
        let server = listen(0).unwrap();
        let address = server.server_addr().to_ip().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| answer(&server, &dist));
            let get = |path: &str| {
                let mut stream = TcpStream::connect(address).unwrap();
                write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    .unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                text
            };
            let index = get("/?a=b");
            assert!(index.contains("text/html") && index.ends_with("hello"), "{index}");
            assert!(get("/a.wasm").contains("application/wasm"));
            for outside in ["/../secret.js", "//../secret.js", "/none"] {
                let text = get(outside);
                assert!(text.contains("404") && !text.contains("secret"), "{text}");
            }
            server.unblock();
        });
    }
}
