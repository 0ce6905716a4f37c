//! The tests' virtual environment: Python's `onnx`, whose checker judges what the exporter writes, and the readers that
//! judge data sets and curves, `tfrecord`, `h5py` and `tensorboard`; and Triton's client, which judges `gqn-run serve`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xtask_workspace::wheels::Stamp;
use xtask_workspace::{Workspace, console, python, remove};

use super::machine;

/// Ranges where the newest release depends on the version of Python.
const REQUIREMENTS: [&str; 20] = [
    "onnx==1.23.2",
    "tfrecord==1.14.6",
    "crc32c>=2.7,<3",
    "h5py>=3.12,<4",
    "tensorboard==2.20.0",
    "absl-py>=2.1,<3",
    "numpy>=1.26,<3",
    "protobuf>=6.31.1,<8",
    "ml_dtypes>=0.5.4,<1",
    "typing_extensions>=4.12,<5",
    "tritonclient==2.73.0",
    "geventhttpclient==2.6.1",
    "gevent>=24.11,<27",
    "greenlet>=3.1,<4",
    "zope.event>=5,<7",
    "zope.interface>=7,<9",
    "brotli>=1.1,<2",
    "certifi",
    "urllib3>=2.2,<3",
    "python-rapidjson>=1.20,<2",
];
const SPACE: u64 = 300_000_000;

/// Makes `target/venv`, unless it is there.
pub(super) fn set_up(workspace: &Workspace) -> Result<()> {
    let folder = workspace.venv();
    let source: Vec<String> =
        REQUIREMENTS.iter().map(|&requirement| requirement.to_owned()).collect();
    if Stamp::holds(&folder, &source) {
        return Ok(());
    }
    console::line("setting up the tests' Python: onnx, tfrecord, h5py, tensorboard, tritonclient");
    machine::require_space(&workspace.downloads(), SPACE)?;
    remove(&folder)?;
    install(&folder, &workspace.downloads())?;
    Stamp { source, files: essential_files(&folder)? }.write(&folder)
}

fn install(folder: &Path, downloads: &Path) -> Result<()> {
    let temporary = downloads.join("venv.temporary");
    // The newest `tfrecord` comes as source, of Python alone. All that is used is named; `tensorboard` would bring a server.
    let mut arguments = vec!["--no-deps", "--only-binary=:all:", "--no-binary=tfrecord"];
    arguments.extend(REQUIREMENTS);
    python::make_environment(folder, &arguments, &temporary)
}

/// The interpreter and the checker's own library: without either the environment is of no use.
fn essential_files(folder: &Path) -> Result<Vec<(std::path::PathBuf, u64)>> {
    let checker = Path::new(&python::site_packages(folder)?).join("onnx/checker.py");
    [folder.join("bin/python"), checker]
        .into_iter()
        .map(|path| {
            let bytes = fs::metadata(&path)
                .with_context(|| format!("pip left no {}", path.display()))?
                .len();
            Ok((path.strip_prefix(folder).map_or(path.clone(), Path::to_owned), bytes))
        })
        .collect()
}
