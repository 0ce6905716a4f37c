//! What the programs say and write, word for word: help texts, `gqn-export inspect`, a model card, a manifest.
//!
//! The expected texts are `snapshots/*.snap`. `CONTRIBUTING.md` says how to accept a change.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::micro::micro;
use crate::programs::{program, run};

/// Holds a text against `snapshots/NAME.snap`.
#[track_caller]
fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What a program prints, without its version.
fn printed(command: &mut Command) -> String {
    let stdout = run(command).succeeded().stdout;
    stdout.replace(env!("CARGO_PKG_VERSION"), "<version>")
}

/// The help texts of a program and of each of its commands.
#[track_caller]
fn check_help(name: &str) {
    let (mut texts, mut next) = (Vec::new(), vec![name.to_owned()]);
    while let Some(command) = next.pop() {
        let words: Vec<&str> = command.split(' ').collect();
        let text = printed(program(words[0]).args(&words[1..]).arg("--help"));
        next.extend(commands(&text).iter().rev().map(|word| format!("{command} {word}")));
        texts.push(format!("$ {command} --help\n{text}"));
    }
    let all = texts.join("\n");
    check(&format!("help-{name}"), &all);
}

/// The commands that a help text lists, but for `help` itself.
fn commands(text: &str) -> Vec<String> {
    let list = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list = list.take_while(|line| !line.is_empty());
    // A line that is indented further goes on with the text of the line before it.
    let names =
        list.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let first = names.filter_map(|line| line.split(' ').next());
    first.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The text of a package without what differs from one training, machine or commit to another.
fn without_measurements(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let before = lines.last().map(String::as_str).unwrap_or_default();
        lines.push(without_measurement(line, before));
    }
    lines.join("\n")
}

/// One line of it. Lengths of the card depend on the numbers in it.
fn without_measurement(line: &str, before: &str) -> String {
    /// What such lines begin with, and what is left of them.
    const VARYING: [(&str, &str); 9] = [
        ("package ", "package <folder>"),
        ("  command ", "  command       <command>"),
        ("  commit ", "  commit        <commit>"),
        ("| time |", "| time | <time> |"),
        ("| source commit |", "| source commit | <commit> |"),
        ("| command |", "| command | <command> |"),
        ("    \"command\":", "    \"command\": <command>,"),
        ("    \"commit\":", "    \"commit\": <commit>,"),
        ("      \"sha256\":", "      \"sha256\": <sha256>"),
    ];
    let is_size_of_card = line.ends_with(" bytes  README.md")
        || (before.trim() == "\"README.md\": {" && line.trim().starts_with("\"bytes\":"));
    if is_size_of_card {
        return "<bytes of the card>".to_owned();
    }
    // The tables of rewrites have rows of that name.
    if line.starts_with("  training ") && line.contains(", seed ") {
        return "  training      <steps, time, seed>".to_owned();
    }
    let varying = VARYING.iter().find(|(start, _)| line.starts_with(start));
    varying.map_or_else(|| without_decimals(line), |(_, left)| (*left).to_owned())
}

/// The line with `<number>` for each number that has decimals, but for percentages: those are of graphs.
fn without_decimals(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || "+-.e".contains(c);
    let mut found = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '-') {
        let (before, from) = rest.split_at(start);
        let (number, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        let number_only = number.trim_end_matches('.');
        let is_measured = number_only.parse::<f64>().is_ok()
            && number_only.contains('.')
            && !after.starts_with('%');
        found.push_str(before);
        if is_measured {
            found.push_str("<number>");
            found.push_str(&number[number_only.len()..]);
        } else {
            found.push_str(number);
        }
        rest = after;
    }
    found + rest
}

/// A file of the package that all tests share.
fn file_of_package(name: &str) -> String {
    let bytes = micro().package.get(name).unwrap_or_else(|| panic!("no {name} in the package"));
    String::from_utf8(bytes.clone()).expect("text")
}

#[test]
fn help_of_the_trainer() {
    check_help("gqn-train");
}

#[test]
fn help_of_the_exporter() {
    check_help("gqn-export");
}

#[test]
fn help_of_the_runtime() {
    check_help("gqn-run");
}

#[test]
fn help_of_data_sets() {
    check_help("gqn-data");
}

#[test]
fn a_package_as_inspect_shows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let text = printed(program("gqn-export").arg("inspect").arg(package));
    check("inspect", &without_measurements(&text));
}

#[test]
fn a_model_card() {
    check("card", &without_measurements(&file_of_package("README.md")));
}

#[test]
fn a_manifest() {
    check("manifest", &without_measurements(&file_of_package("manifest.json")));
}

#[test]
fn every_snapshot_is_of_a_test() {
    // A snapshot that nothing writes any more would stay for ever.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/snapshots");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the snapshots")
        .map(|entry| PathBuf::from(entry.expect("an entry").file_name()))
        .filter(|name| name.extension().is_some_and(|extension| extension == "snap"))
        .collect();
    found.sort();
    let names = ["card", "help-gqn-data", "help-gqn-export", "help-gqn-run", "help-gqn-train"];
    let names = names.into_iter().chain(["inspect", "manifest"]);
    assert_eq!(found, names.map(|name| PathBuf::from(format!("{name}.snap"))).collect::<Vec<_>>());
}

#[test]
fn measured_numbers_are_left_out_and_others_stay() {
    let line = "| 2 | 145.19 | -4.9e-3 | ssim 0.015, 40.9% of 1 234 | F(4×4) |";
    let expected = "| 2 | <number> | <number> | ssim <number>, 40.9% of 1 234 | F(4×4) |";
    assert_eq!(without_decimals(line), expected);
}
