//! `gqn-run doctor`: what is installed, what is missing and how to install it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use gqn_command_line::{print, print_json};
use gqn_messages::printable;
use gqn_runtime_native::{Diagnosis, OnnxRuntime, ProviderDiagnosis};

use crate::cli;

/// `gqn-run doctor`.
pub(crate) fn doctor(flags: &cli::Doctor) -> Result<()> {
    let root = &flags.root;
    ensure!(
        root.is_dir(),
        "{} is no folder\nhint: --root names the root of a system",
        root.display()
    );
    let diagnosis = Diagnosis::examine(root, onnxruntime(root, flags.engine.ort.as_deref()));
    if flags.json {
        return print_json(&diagnosis);
    }
    print(&text(&diagnosis))
}

/// The library that would be loaded; below another root only one that is named.
fn onnxruntime(root: &Path, named: Option<&Path>) -> Result<PathBuf, String> {
    if root != Path::new("/") && named.is_none() {
        return Err("--ort names no library below this root".to_owned());
    }
    OnnxRuntime::locate(named)
        .map_err(|error| gqn_messages::error_report(&error).replace('\n', "; "))
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(text, "{name:<13}{}", printable(value)).expect("a string takes any text");
    };
    let unknown = || "not known".to_owned();
    line("device", &diagnosis.device.clone().unwrap_or_else(unknown));
    if let Some(l4t) = &diagnosis.l4t {
        let jetpack = diagnosis.jetpack.as_ref().map(|version| format!(", JetPack {version}"));
        line("L4T", &format!("{l4t}{}", jetpack.unwrap_or_default()));
    }
    match (&diagnosis.gpu, &diagnosis.no_gpu) {
        (Some(gpu), _) => {
            line("GPU", &format!("{} sm_{}", gpu.name.as_deref().unwrap_or("Tegra"), gpu.sm));
        }
        (None, reason) => {
            line("GPU", &format!("none: {}", reason.as_deref().unwrap_or("not known")));
        }
    }
    line("power mode", &diagnosis.power_mode.clone().unwrap_or_else(unknown));
    let memory = diagnosis.available_memory.map(|bytes| format!("{} MB free", bytes >> 20));
    line("memory", &memory.unwrap_or_else(unknown));
    let versions = [&diagnosis.glibc, &diagnosis.glibcxx]
        .map(|version| version.clone().unwrap_or_else(unknown));
    line("glibc", &format!("{}, libstdc++ GLIBCXX {}", versions[0], versions[1]));
    match (&diagnosis.onnxruntime, &diagnosis.no_onnxruntime) {
        (Some(library), _) => {
            let version = library.version.as_deref().unwrap_or("of unknown version");
            line("ONNX Runtime", &format!("{version}, {}", library.path));
        }
        (None, reason) => {
            line("ONNX Runtime", &format!("none: {}", reason.as_deref().unwrap_or("not known")));
        }
    }
    for provider in &diagnosis.providers {
        describe(provider, &mut line);
    }
    if !diagnosis.not_built.is_empty() {
        line("without", &format!("{}: not in this ONNX Runtime", diagnosis.not_built.join(", ")));
    }
    for advice in &diagnosis.advice {
        line("advice", advice);
    }
    text
}

fn describe(provider: &ProviderDiagnosis, line: &mut impl FnMut(&str, &str)) {
    let missing = provider.missing.len();
    let found = provider.found.len();
    let verdict = match (missing, provider.serves_gpu, provider.problems.len()) {
        (0, Some(false), _) => "no code for this GPU".to_owned(),
        (0, _, 0) => format!("all {found} libraries that it needs are here"),
        (0, ..) => "does not fit this system".to_owned(),
        (1, ..) => format!("1 library is missing, {found} are here"),
        _ => format!("{missing} libraries are missing, {found} are here"),
    };
    line(provider.provider, &verdict);
    if let Some(library) = &provider.library {
        line("", &library.path);
    }
    if let Some(code) = &provider.architectures {
        let list = |prefix: &str, set: &std::collections::BTreeSet<u32>| {
            set.iter().map(|sm| format!("{prefix}_{sm}")).collect::<Vec<_>>().join(" ")
        };
        let (machine, ptx) = (list("sm", &code.machine_code), list("compute", &code.ptx));
        line(
            "",
            &format!("code for {machine}{}{ptx}", if ptx.is_empty() { "" } else { ", PTX for " }),
        );
    }
    for missing in &provider.missing {
        let beside = missing.beside_path.as_ref().map(|folder| format!("; it lies in {folder}"));
        let beside = beside.unwrap_or_default();
        line("", &format!("missing {} (needed by {}{beside})", missing.name, missing.needed_by));
    }
    for problem in &provider.problems {
        line("", problem);
    }
    for library in provider.found.iter().filter(|_| provider.provider != "cpu") {
        let version = library.version.as_deref().map(|version| format!(" ({version})"));
        line("", &format!("found {}{}", library.path, version.unwrap_or_default()));
    }
}
