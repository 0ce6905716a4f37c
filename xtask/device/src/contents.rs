//! The files of an archive. It unpacks over `/usr/local`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use xtask_workspace::read;

use crate::archive::{File, Kind};
use crate::compile::Built;
use crate::licences;
use crate::target::Target;

const README: &str = include_str!("../files/README.md");
const SERVICE: &str = include_str!("../files/gqn-run.service");

/// Where each shell looks for completions below `share`.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/gqn-run"),
    ("fish", "fish/vendor_completions.d/gqn-run.fish"),
    ("zsh", "zsh/site-functions/_gqn-run"),
];

/// All files of the archive.
///
/// # Errors
/// If `gqn-run` is not built beside this program: completions and manual are the same on every target.
pub(crate) fn of(root: &Path, built: &Built, target: Target) -> Result<Vec<File>> {
    let own = std::env::current_exe().context("cannot tell where this program lies")?;
    let host = own.with_file_name("gqn-run");
    let mut files = vec![
        program("bin/gqn-run", &built.program)?,
        program("lib/libgqn.so", &built.library)?,
        copy("include/gqn.h", &root.join("crates/capi/include/gqn.h"))?,
        data("lib/pkgconfig/gqn.pc", pkg_config(&text_of(&root.join("crates/capi/gqn.pc.in"))?)),
        data("lib/systemd/system/gqn-run.service", SERVICE),
        data("share/man/man1/gqn-run.1", read(Command::new(&host).arg("manual"))?),
    ];
    for (shell, path) in SHELLS {
        let script = read(Command::new(&host).args(["completions", shell]))?;
        files.push(data(&format!("share/{path}"), script));
    }
    let doc = |name: &str| format!("share/doc/gqn-run/{name}");
    files.push(data(&doc("README.md"), README));
    files.push(copy(&doc("examples/orbit.c"), &root.join("crates/capi/examples/orbit.c"))?);
    for name in ["LICENSE", "LICENSE-MIT", "LICENSE-APACHE"] {
        files.push(copy(&doc(name), &root.join(name))?);
    }
    let licences = licences::text(root, target, &built.zig)?;
    files.push(data(&doc("THIRD-PARTY-LICENSES.txt"), licences));
    Ok(files)
}

fn pkg_config(template: &str) -> String {
    template.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

fn data(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    File { path: path.to_owned(), bytes: bytes.into(), kind: Kind::Data }
}

fn copy(path: &str, from: &Path) -> Result<File> {
    let bytes = fs::read(from).with_context(|| format!("cannot open {}", from.display()))?;
    Ok(data(path, bytes))
}

fn program(path: &str, from: &Path) -> Result<File> {
    Ok(File { kind: Kind::Program, ..copy(path, from)? })
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_confined_and_keeps_its_token_out_of_the_command_line() {
        for line in ["DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"] {
            assert!(SERVICE.lines().any(|found| found == line), "{line}");
        }
        let starts = SERVICE.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        assert!(starts.contains("--token-file ${CREDENTIALS_DIRECTORY}/token"), "{starts}");
        assert!(SERVICE.contains("\nLoadCredential=token:/"));
    }

    #[test]
    fn the_pkg_config_file_has_a_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = pkg_config(&text_of(&root.join("crates/capi/gqn.pc.in")).unwrap());
        assert!(text.contains(concat!("\nVersion: ", env!("CARGO_PKG_VERSION"), "\n")), "{text}");
        assert!(!text.contains('@'), "{text}");
    }
}
