//! Calls the built programs as a person does, and judges what they say.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// One of the workspace's programs, on one thread. Backtraces are asked for, so that one that leaks is seen.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(program_path(name));
    command.env("OMP_NUM_THREADS", "1").env("RUST_BACKTRACE", "1").stdin(Stdio::null());
    command
}

/// Where cargo puts a program: one folder above that of the tests.
pub(crate) fn program_path(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/release/deps");
    let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing; `cargo test --release --workspace` builds the programs with the tests",
        path.display()
    );
    path
}

/// The interpreter of the tests' virtual environment.
#[track_caller]
pub(crate) fn python() -> Command {
    let test = env::current_exe().expect("the path of this test");
    let in_target = test.ancestors().nth(3).expect("tests lie in target/release/deps").join("venv");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv");
    let places = [in_target, beside].map(|venv| venv.join("bin/python"));
    let python = places.iter().find(|path| path.exists()).unwrap_or_else(|| {
        panic!("no {}: `cargo xtask setup --python` makes it", places[1].display())
    });
    Command::new(python)
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let output = command.output();
    Outcome::of(output.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("programs write UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Exit code 0.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "stderr: {}", self.stderr);
        self
    }

    /// Exit code 1, and at the end of stderr an error of one line, which may be followed by hints. The error and its
    /// hints hold `parts`.
    #[track_caller]
    pub(crate) fn failed(&self, parts: &[&str]) {
        let is_error = |line: &&str| line.starts_with("error: ");
        let report: Vec<&str> = self.stderr.lines().skip_while(|line| !is_error(line)).collect();
        let hints = report.iter().skip(1);
        assert!(
            !report.is_empty() && hints.into_iter().all(|line| line.starts_with("hint: ")),
            "expected one line `error: …`, then at most lines `hint: …`, found: {}",
            self.stderr
        );
        self.ended(1, &report.join("\n"), parts);
    }

    /// As [`Outcome::failed`], and there is a hint.
    #[track_caller]
    pub(crate) fn failed_with_hint(&self, parts: &[&str]) {
        self.failed(parts);
        assert!(self.stderr.contains("\nhint: "), "no hint: {}", self.stderr);
    }

    /// Exit code 2 and a first line `error: …`; the parser of the command line adds how it is used.
    #[track_caller]
    pub(crate) fn misused(&self, parts: &[&str]) {
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        self.ended(2, &self.stderr, parts);
    }

    #[track_caller]
    fn ended(&self, code: i32, report: &str, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "stderr: {}", self.stderr);
        for part in parts {
            assert!(report.contains(part), "`{part}` is not in: {report}");
        }
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "   0: "] {
            assert!(!self.stderr.contains(word), "`{word}` leaked: {}", self.stderr);
        }
    }
}
