//! `gqn-train` as it is called; what it computes is tested in `src/` and, with the other programs, in the crate `tests`.
//!
//! Cargo builds a package's programs when it has a test like this one, and the crate `tests` calls them.

use std::process::{Command, Output};

fn gqn_train(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-train"));
    command.args(arguments).output().expect("a started program")
}

#[test]
fn help_names_every_command() {
    let output = gqn_train(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for command in ["train", "eval", "golden", "oracle"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in: {help}");
    }
}

#[test]
fn one_of_several_processes_does_not_train_alone() {
    // A launcher's word, without the launcher.
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-train"));
    command.args(["train", "--out"]).arg(folder.path().join("run"));
    let output = command.env("OMPI_COMM_WORLD_SIZE", "2").output().expect("a started program");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(talk.contains("this is one of 2 processes") && talk.contains("hint: "), "{talk}");
    assert!(!folder.path().join("run").exists());
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    assert_eq!(gqn_train(&["tune"]).status.code(), Some(2));
}
