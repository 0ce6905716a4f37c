//! A training run of seconds and its package, made once by the programs and copied into each test's own folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::programs::{program, run};

/// The smallest run that goes through everything: 16×16 pictures, two steps of DRAW, six of training.
pub(crate) const CONFIG: &str = r#"
preset = "tiny-tower"
world = "rooms-ring-camera"
scenes = 8
test_scenes = 2
steps = 6
batch = 2
seed = 7
checkpoint_every = 4
log_every = 1

[model]
image_size = 16
representation_channels = 16
latent_channels = 2
hidden_channels = 8
canvas_channels = 8
steps = 2
"#;

/// The side of its pictures.
pub(crate) const SIDE: u32 = 16;
/// Its training steps.
pub(crate) const STEPS: u64 = 6;
/// Its seed.
pub(crate) const SEED: &str = "7";

/// Contents of a folder's files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A run folder, its package, and what the training printed.
#[derive(Debug)]
pub(crate) struct Micro {
    pub(crate) run: Files,
    pub(crate) package: Files,
    pub(crate) stdout: String,
}

/// The run, trained and exported by the first test that asks for it.
pub(crate) fn micro() -> &'static Micro {
    static MICRO: OnceLock<Micro> = OnceLock::new();
    MICRO.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let [run_folder, package] = ["run", "package"].map(|name| folder.path().join(name));
        let config = config_in(folder.path());
        let training = run(program("gqn-train")
            .args(["train", "--device", "cpu", "--config"])
            .arg(config)
            .arg("--out")
            .arg(&run_folder))
        .succeeded();
        run(program("gqn-export").arg("export").arg(&run_folder).arg("--out").arg(&package))
            .succeeded();
        Micro {
            run: read_files(&run_folder),
            package: read_files(&package),
            stdout: training.stdout,
        }
    })
}

impl Micro {
    /// The run as a folder below `folder`.
    pub(crate) fn run_in(&self, folder: &Path) -> PathBuf {
        written(&folder.join("run"), &self.run)
    }

    /// The package as a folder below `folder`.
    pub(crate) fn package_in(&self, folder: &Path) -> PathBuf {
        written(&folder.join("package"), &self.package)
    }
}

/// The configuration as a file.
pub(crate) fn config_in(folder: &Path) -> PathBuf {
    let path = folder.join("micro.toml");
    fs::write(&path, CONFIG).expect("a file");
    path
}

/// Every file of a folder and of those in it, by its path in the folder.
pub(crate) fn read_files(folder: &Path) -> Files {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Files::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = read_files(&path).into_iter();
            files.extend(inner.map(|(file, content)| (format!("{name}/{file}"), content)));
        } else {
            let content = fs::read(&path);
            let content = content.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.insert(name, content);
        }
    }
    files
}

fn written(folder: &Path, files: &Files) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder.to_owned()
}
