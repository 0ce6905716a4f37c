//! The header is that of the sources, and a program in C works with it, also in a locale with decimal commas.
//!
//! Needs ONNX Runtime (`cargo xtask setup`) and a C compiler.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `target/release/deps`, where cargo puts the library beside this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    test.parent().expect("a folder").to_owned()
}

#[test]
fn the_header_is_that_of_the_sources() {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        include_guard: Some("GQN_H".to_owned()),
        documentation_style: cbindgen::DocumentationStyle::C99,
        usize_is_size_t: true,
        header: Some("/* The C interface of GQN for the edge. Written by cbindgen: crates/capi/tests/capi.rs compares it. */".to_owned()),
        style: cbindgen::Style::Type,
        ..cbindgen::Config::default()
    };
    let bindings = cbindgen::Builder::new()
        .with_src(crate_folder().join("src/interface.rs"))
        .with_config(config)
        .generate()
        .expect("bindings");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).expect("text");
    let path = crate_folder().join("include/gqn.h");
    if std::env::var_os("GQN_WRITE_HEADER").is_some() {
        fs::write(&path, &header).expect("a file");
    }
    let found = fs::read_to_string(&path).expect("a header");
    assert!(found == header, "GQN_WRITE_HEADER=1 writes it anew:\n{header}");
}

/// The example, compiled.
fn example(folder: &Path) -> PathBuf {
    let program = folder.join("orbit");
    let mut compile = Command::new("cc");
    compile.args(["-std=c99", "-Wall", "-Wextra", "-Werror"]).arg("-o").arg(&program);
    compile.arg(crate_folder().join("examples/orbit.c"));
    compile.arg("-I").arg(crate_folder().join("include")).arg("-L").arg(built()).arg("-lgqn");
    compile.arg(format!("-Wl,-rpath,{}", built().display()));
    let output = compile.output().expect("a compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

#[test]
fn a_program_in_c_paints_in_every_locale() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = example(folder.path());
    let package = crate_folder().join("../../web-demo/models/rooms-ring-camera-tiny");
    let run = |out: &str, locale: Option<&str>, package: &Path| {
        let mut command = Command::new(&program);
        command.arg(package).arg(folder.path().join(out)).args(locale);
        command
            .env("LOCPATH", folder.path())
            .env("ORT_DYLIB_PATH", built().join("../../onnxruntime"));
        command.output().expect("a program")
    };
    let first = run("first.ppm", None, &package);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(first.stdout, b"0.5\n");
    let picture = fs::read(folder.path().join("first.ppm")).expect("a picture");
    assert_eq!(picture.len(), b"P6 32 64 255\n".len() + 2 * 3 * 32 * 32);
    // What cannot be opened is said.
    let none = run("none.ppm", None, Path::new("/nonexistent"));
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("gqn_open: "), "{none:?}");
    // A locale with commas, where the system can make one.
    let made = Command::new("localedef")
        .args(["-i", "de_DE", "-f", "UTF-8"])
        .arg(folder.path().join("de_DE.UTF-8"))
        .output();
    if made.is_ok_and(|made| made.status.success()) {
        let second = run("second.ppm", Some("de_DE.UTF-8"), &package);
        assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
        assert_eq!(second.stdout, b"0,5\n", "the program keeps its locale");
        assert_eq!(fs::read(folder.path().join("second.ppm")).expect("a picture"), picture);
    } else {
        // The plainest one that all systems have.
        assert!(run("second.ppm", Some("C.UTF-8"), &package).status.success());
    }
}
