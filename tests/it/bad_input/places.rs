//! Results that are not to be written where they are asked for: onto what is read, onto a run's files, onto nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use gqn_formats::sha256_hex;
use gqn_system::FolderLock;
use serde_json::Value;

use crate::micro::{SIDE, micro, read_files};
use crate::programs::{program, run};

/// A program with words and paths.
fn command(name: &str, words: &[&str], paths: &[(&str, &Path)]) -> Command {
    let mut command = program(name);
    command.args(words);
    for (flag, path) in paths {
        if !flag.is_empty() {
            command.arg(flag);
        }
        command.arg(path);
    }
    command
}

#[test]
fn a_runs_configuration_that_is_not_whole_is_not_filled_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = micro().run_in(folder.path());
    let config = out.join("config.toml");
    let whole = fs::read_to_string(&config).expect("text");
    let cut = &whole[..whole.find("[model]").expect("a table")];
    for left in ["", cut, "seed = 7\n"] {
        fs::write(&config, left).expect("a file");
        for words in [&["train", "--resume", "--steps", "9", "--out"][..], &["eval"]] {
            run(&mut command("gqn-train", words, &[("", &out)]))
                .failed_with_hint(&["config.toml is not the whole configuration of a run"]);
        }
        assert_eq!(fs::read_to_string(&config).expect("text"), left, "it was written over");
    }
}

#[test]
fn files_that_are_read_are_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let views = folder.path().join("views");
    let size = SIDE.to_string();
    let words = ["scene", "--world", "rooms-ring-camera", "--views", "4", "--size", &size, "--out"];
    run(&mut command("gqn-data", &words, &[("", &views)])).succeeded();
    let before = read_files(&views);
    for words in [&["interpolate"][..], &["uncertainty"], &["compare"], &["rotate"]] {
        let words = [words, &["--force"]].concat();
        let paths = [("", &*package), ("--views", &views), ("--out", &views.join("00.png"))];
        run(&mut command("gqn-run", &words, &paths))
            .failed_with_hint(&["00.png would be replaced, and is one of the files that are read"]);
    }
    let gif = views.join("00.gif");
    fs::rename(views.join("00.png"), &gif).expect("a file");
    let list = fs::read_to_string(views.join("views.json")).expect("text");
    fs::write(views.join("views.json"), list.replace("00.png", "00.gif")).expect("a file");
    let paths = [("", &*package), ("--views", &views), ("--out", &gif)];
    run(&mut command("gqn-run", &["orbit", "--force"], &paths))
        .failed_with_hint(&["00.gif would be replaced"]);
    assert!(fs::read(&gif).expect("the picture") == before["00.png"], "the picture is lost");
}

#[test]
fn a_runs_files_are_not_replaced_by_other_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = micro().run_in(folder.path());
    let before = read_files(&out);
    for (words, name) in [
        (&["golden"][..], "checkpoint.safetensors"),
        (&["golden"], "state.safetensors"),
        (&["checkpoint", "--half"], "state.safetensors"),
        (&["checkpoint", "--half"], "checkpoint.safetensors"),
        (&["curves"], "config.toml"),
    ] {
        let words = [words, &["--force"]].concat();
        run(&mut command("gqn-train", &words, &[("", &out), ("--out", &out.join(name))]))
            .failed_with_hint(&[name, "hint: name another"]);
    }
    let words = ["bench", "--force", "--json"];
    run(&mut command("gqn-train", &words, &[("", &out.join("metrics.json"))]))
        .failed_with_hint(&["metrics.json belongs to the run"]);
    assert!(read_files(&out) == before, "a file of the run was replaced");
}

#[test]
fn a_model_repository_has_one_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let out = folder.path().join("triton");
    let triton = || command("gqn-export", &["triton"], &[("", &package), ("--out", &out)]);
    let lock = FolderLock::acquire(folder.path()).expect("a lock");
    run(&mut triton()).failed_with_hint(&["another process is writing"]);
    drop(lock);
    run(&mut triton()).succeeded();
    run(&mut triton()).failed_with_hint(&["triton exists"]);
}

#[test]
fn places_that_cannot_be_written_are_found_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    // Root may write anywhere but there. The noise would fail the command, but only after the place was looked at.
    let world = ["--world", "rooms-ring-camera"];
    for (name, file) in [
        ("orbit", "a.gif"),
        ("rotate", "a.png"),
        ("interpolate", "a.png"),
        ("uncertainty", "a.png"),
        ("compare", "a.png"),
        ("arithmetic", "a.png"),
    ] {
        let out = Path::new("/proc/self").join(file);
        let add: &[&str] = if name == "arithmetic" { &["--add", "1"] } else { &[] };
        let words = [&[name][..], &world, add, &["--ort", "/no/such/library"]].concat();
        run(&mut command("gqn-run", &words, &[("", &package), ("--out", &out)]))
            .failed(&["could not write /proc/self/"]);
    }
    let words = ["sheet", "--world", "mazes", "--scenes", "4"];
    run(&mut command("gqn-data", &words, &[("--out", Path::new("/proc/self/a.png"))]))
        .failed(&["could not write /proc/self/a.png"]);
}

#[test]
fn arguments_without_a_use_are_refused_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, package) = (micro().run_in(folder.path()), folder.path().join("other"));
    let words = ["export", "--scenes", "no-such-world"];
    run(&mut command("gqn-export", &words, &[("", &out), ("--out", &package)]))
        .failed_with_hint(&["no-such-world is neither a world nor a folder"]);
    let words = ["render", "--world", "mazes", "--train", "0", "--test", "0"];
    run(&mut command("gqn-data", &words, &[("--out", &package)]))
        .failed(&["--train and --test are both 0"]);
    assert!(!package.exists(), "a folder was made for nothing");
    let package = micro().package_in(folder.path());
    let chart = out.join("config.toml");
    let paths = [("", &*package), ("--best", &folder.path().join("best")), ("--curves", &chart)];
    run(&mut command("gqn-export", &["keep"], &paths)).failed_with_hint(&["is no chart of a run"]);
}

#[test]
fn another_drawing_graph_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let verify = || run(&mut command("gqn-run", &["verify"], &[("", &package)]));
    assert!(verify().succeeded().stdout.contains("drawing      pass"));
    let list = package.join("manifest.json");
    let replace = |bytes: &[u8]| {
        let read = fs::read(&list).expect("a manifest");
        let mut manifest: Value = serde_json::from_slice(&read).expect("JSON");
        let entry = &mut manifest["files"]["drawing.onnx"];
        *entry = serde_json::json!({ "bytes": bytes.len(), "sha256": sha256_hex(bytes) });
        fs::write(package.join("drawing.onnx"), bytes).expect("a file");
        fs::write(&list, manifest.to_string()).expect("a file");
    };
    let generator = fs::read(package.join("generator.onnx")).expect("a graph");
    for bytes in [&b""[..], &generator] {
        replace(bytes);
        verify().failed(&["drawing.onnx"]);
    }
}
