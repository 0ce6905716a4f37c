//! Which libraries are here, which are missing, and which are of no use to this device. Nothing is loaded to find out.
//!
//! | file | holds |
//! |---|---|
//! | `system.rs` | what a device is, from files below its root |
//! | `elf.rs` | what a shared library says of itself, read without loading it |
//! | `fatbin.rs` | which GPUs a library holds code for |
//! | `advice.rs` | what to do about it |

mod advice;
mod elf;
mod fatbin;
mod system;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::elf::{Elf, Version};
use self::fatbin::Architectures;
use crate::cuda::CudaDevice;
use crate::power::power_mode;

/// More libraries needs no provider.
const MOST_LIBRARIES: usize = 500;

/// What is here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The folder that was taken for the system's root.
    pub root: String,
    /// Such as `NVIDIA Jetson Orin Nano`, where the device says so.
    pub device: Option<String>,
    /// A Jetson's release, such as `36.4.0`.
    pub l4t: Option<String>,
    /// The version of its `JetPack`, where that package is installed.
    pub jetpack: Option<String>,
    /// The GPU.
    pub gpu: Option<Gpu>,
    /// Why no GPU is known.
    pub no_gpu: Option<String>,
    /// Such as `nvpmodel 2 (15W)`.
    pub power_mode: Option<String>,
    /// Bytes that programs can still have.
    pub available_memory: Option<u64>,
    /// The system's C library, such as `2.35`.
    pub glibc: Option<String>,
    /// The system's C++ library, such as `3.4.30`.
    pub glibcxx: Option<String>,
    /// ONNX Runtime.
    pub onnxruntime: Option<Library>,
    /// Why there is none.
    pub no_onnxruntime: Option<String>,
    /// What its providers lack.
    pub providers: Vec<ProviderDiagnosis>,
    /// Providers that this ONNX Runtime is without.
    pub not_built: Vec<&'static str>,
    /// What to do, most important first.
    pub advice: Vec<String>,
}

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Its name, where the driver says it.
    pub name: Option<String>,
    /// Compute capability times ten, such as 87.
    pub sm: u32,
    /// Whether it is a Jetson's, which runs machine code made for exactly it.
    pub tegra: bool,
}

/// A library that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Library {
    /// Where.
    pub path: String,
    /// Its version, if its name or its symbols tell.
    pub version: Option<String>,
}

/// What a provider lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderDiagnosis {
    /// Such as `cuda`.
    pub provider: &'static str,
    /// Its own library, if it is here.
    pub library: Option<Library>,
    /// Libraries that it needs, and those that these need, and that are here.
    pub found: Vec<Library>,
    /// Those that are not.
    pub missing: Vec<Missing>,
    /// GPUs that it holds code for.
    pub architectures: Option<Architectures>,
    /// Whether that is code for this device; none where there is no such code or no known GPU.
    pub serves_gpu: Option<bool>,
    /// What else is wrong, in whole lines.
    pub problems: Vec<String>,
}

/// A library that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// The library that needs it.
    pub needed_by: String,
    /// A folder where it lies and where the loader does not look.
    pub beside_path: Option<String>,
}

/// What ONNX Runtime loads before any of [`PROVIDERS`], from its own folder; those of some versions do not say that they
/// need it.
const SHARED: &str = "libonnxruntime_providers_shared.so";

/// Providers with a library of their own, beside ONNX Runtime's.
const PROVIDERS: [(&str, &str); 3] = [
    ("cuda", "libonnxruntime_providers_cuda.so"),
    ("tensorrt", "libonnxruntime_providers_tensorrt.so"),
    ("openvino", "libonnxruntime_providers_openvino.so"),
];
/// What WebGPU's provider, which is part of ONNX Runtime's own library, loads when it starts.
const VULKAN: &str = "libvulkan.so.1";

impl Diagnosis {
    /// Looks at a device below its root; `onnxruntime` is the library, or why there is none. Only of this machine, whose root is
    /// `/`, the driver and the loader's variable are asked.
    pub fn examine(root: &Path, onnxruntime: Result<PathBuf, String>) -> Self {
        let is_here = root == Path::new("/");
        let variable = if is_here { std::env::var("LD_LIBRARY_PATH").ok() } else { None };
        let folders = system::loader_folders(root, variable.as_deref());
        let (gpu, no_gpu) = gpu(root, is_here);
        let versions = |name: &str, symbol: &str| {
            let path = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
            path.and_then(|path| Elf::read(&path).ok()?.highest(symbol))
        };
        let c_library = folders.iter().find_map(|folder| Elf::read(&folder.join("libc.so.6")).ok());
        let machine = c_library.map(|library| library.machine);
        let (glibc, glibcxx) =
            (versions("libc.so.6", "GLIBC"), versions("libstdc++.so.6", "GLIBCXX"));
        let system =
            System { root, folders, machine, glibc: glibc.clone(), glibcxx: glibcxx.clone() };
        let (onnxruntime, no_onnxruntime) = match onnxruntime {
            Ok(path) => (Some(path), None),
            Err(reason) => (None, Some(reason)),
        };
        let library = onnxruntime.as_deref().map(library);
        let mut providers = Vec::new();
        if let Some(path) = &onnxruntime {
            providers.push(system.provider("cpu", path, gpu.as_ref()));
            for (provider, name) in PROVIDERS {
                let path = path.with_file_name(name);
                if path.exists() {
                    providers.push(system.provider(provider, &path, gpu.as_ref()));
                }
            }
            // WebGPU has no library of its own: it is a part of ONNX Runtime's, which then names the loader of Vulkan.
            if system::holds(path, VULKAN.as_bytes()) {
                providers.push(system.webgpu());
            }
        }
        let is_there = |name: &&str| !providers.iter().any(|provider| provider.provider == *name);
        let names = PROVIDERS.map(|(name, _)| name).into_iter().chain(["webgpu"]);
        let not_built: Vec<&'static str> =
            if onnxruntime.is_some() { names.filter(is_there).collect() } else { Vec::new() };
        let mut diagnosis = Self {
            root: root.display().to_string(),
            device: system::text(root, "proc/device-tree/model"),
            l4t: system::l4t(root),
            jetpack: system::package_version(root, "nvidia-jetpack"),
            gpu,
            no_gpu,
            power_mode: power_mode(root),
            available_memory: system::available_memory(root),
            glibc: glibc.map(|version| version.to_string()),
            glibcxx: glibcxx.map(|version| version.to_string()),
            onnxruntime: library,
            no_onnxruntime,
            providers,
            not_built,
            advice: Vec::new(),
        };
        diagnosis.advice = advice::advice(&diagnosis);
        diagnosis
    }
}

fn gpu(root: &Path, is_here: bool) -> (Option<Gpu>, Option<String>) {
    if let Some(sm) = system::tegra_gpu(root) {
        return (Some(Gpu { name: None, sm, tegra: true }), None);
    }
    if !is_here {
        return (None, Some("no Jetson's chip is named below this root".to_owned()));
    }
    match CudaDevice::first() {
        Ok(device) => (Some(Gpu { name: Some(device.name), sm: device.sm, tegra: false }), None),
        Err(reason) => (None, Some(reason)),
    }
}

fn library(path: &Path) -> Library {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let in_name = name.split_once(".so.").and_then(|(_, version)| Version::of(version));
    let own = || Elf::read(path).ok()?.highest("VERS");
    let version = if name.starts_with("libonnxruntime.so") { own().or(in_name) } else { in_name };
    Library {
        path: path.display().to_string(),
        version: version.map(|version| version.to_string()),
    }
}

/// A device's loader and its two system libraries.
struct System<'a> {
    root: &'a Path,
    folders: Vec<PathBuf>,
    /// The processor that its C library is for.
    machine: Option<u16>,
    glibc: Option<Version>,
    glibcxx: Option<Version>,
}

impl System<'_> {
    fn provider(
        &self,
        provider: &'static str,
        path: &Path,
        gpu: Option<&Gpu>,
    ) -> ProviderDiagnosis {
        let mut diagnosis = ProviderDiagnosis {
            provider,
            library: Some(library(path)),
            found: Vec::new(),
            missing: Vec::new(),
            architectures: None,
            serves_gpu: None,
            problems: Vec::new(),
        };
        let own = match Elf::read(path) {
            Ok(own) => own,
            Err(reason) => {
                diagnosis.problems.push(format!("{} {reason}", path.display()));
                return diagnosis;
            }
        };
        if let Some(range) = own.fatbin {
            match Architectures::read(path, range) {
                Ok(found) => {
                    diagnosis.serves_gpu = gpu.map(|gpu| found.serve(gpu.sm, gpu.tegra));
                    diagnosis.architectures = Some(found);
                }
                Err(error) => {
                    let path = path.display();
                    diagnosis
                        .problems
                        .push(format!("the GPU code of {path} cannot be read: {error}"));
                }
            }
        }
        if self.machine.is_some_and(|machine| machine != own.machine) {
            diagnosis.problems.push(format!("{} is for another processor", path.display()));
            return diagnosis;
        }
        self.walk(path, own, &mut diagnosis);
        let has_shared = path.with_file_name(SHARED).is_file();
        let is_told = diagnosis.missing.iter().any(|missing| missing.name == SHARED);
        if PROVIDERS.iter().any(|(name, _)| *name == provider) && !has_shared && !is_told {
            diagnosis.missing.push(self.missing(SHARED, Path::new("ONNX Runtime")));
        }
        diagnosis
    }

    /// Follows what a library needs, to the end.
    fn walk(&self, path: &Path, own: Elf, diagnosis: &mut ProviderDiagnosis) {
        let machine = own.machine;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut next = VecDeque::from([(path.to_owned(), own)]);
        let mut required: BTreeMap<&str, (Version, PathBuf)> = BTreeMap::new();
        while let Some((path, elf)) = next.pop_front() {
            // The system's own libraries need each other's newest symbols.
            for symbol in ["GLIBC", "GLIBCXX"] {
                let is_system = path.starts_with(self.root.join("lib"))
                    || path.starts_with(self.root.join("usr/lib"));
                if let Some(version) = elf.highest(symbol).filter(|_| !is_system) {
                    let entry =
                        required.entry(symbol).or_insert_with(|| (version.clone(), path.clone()));
                    if version > entry.0 {
                        *entry = (version, path.clone());
                    }
                }
            }
            for name in &elf.needed {
                if seen.len() >= MOST_LIBRARIES || !seen.insert(name.clone()) {
                    continue;
                }
                match self.find(name, &path, &elf, machine) {
                    Some((place, found)) => {
                        diagnosis.found.push(library(&place));
                        next.push_back((place, found));
                    }
                    None => diagnosis.missing.push(self.missing(name, &path)),
                }
            }
        }
        let have = [("GLIBC", &self.glibc, "C library"), ("GLIBCXX", &self.glibcxx, "C++ library")];
        for (symbol, have, what) in have {
            if let (Some((version, path)), Some(have)) = (required.get(symbol), have)
                && version > have
            {
                diagnosis.problems.push(format!(
                    "{} needs {symbol} {version}, the system's {what} has {have}",
                    path.display()
                ));
            }
        }
    }

    fn find(
        &self,
        name: &str,
        needed_by: &Path,
        elf: &Elf,
        machine: u16,
    ) -> Option<(PathBuf, Elf)> {
        let origin = needed_by.parent().unwrap_or(Path::new("/"));
        let own = elf.folders.iter().map(|folder| {
            match folder.strip_prefix("$ORIGIN").or_else(|| folder.strip_prefix("${ORIGIN}")) {
                Some(rest) => origin.join(rest.trim_start_matches('/')),
                None => system::below(self.root, folder),
            }
        });
        let mut places: Vec<PathBuf> = own.collect();
        places.extend(self.folders.iter().cloned());
        places.into_iter().find_map(|folder| {
            let place = folder.join(name);
            let found = Elf::read(&place).ok()?;
            // The loader passes over libraries for other processors.
            (found.machine == machine).then_some((place, found))
        })
    }

    fn missing(&self, name: &str, needed_by: &Path) -> Missing {
        let elsewhere = system::other_folders(self.root);
        let beside = elsewhere.into_iter().find(|folder| folder.join(name).is_file());
        let needed_by = needed_by.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside_path = beside.map(|folder| folder.display().to_string());
        Missing { name: name.to_owned(), needed_by, beside_path }
    }

    /// What the WebGPU provider loads.
    fn webgpu(&self) -> ProviderDiagnosis {
        let place =
            self.folders.iter().map(|folder| folder.join(VULKAN)).find(|path| path.is_file());
        let missing = match &place {
            Some(_) => Vec::new(),
            None => vec![self.missing(VULKAN, Path::new("the WebGPU provider"))],
        };
        ProviderDiagnosis {
            provider: "webgpu",
            library: None,
            found: place.as_deref().map(library).into_iter().collect(),
            missing,
            architectures: None,
            serves_gpu: None,
            problems: Vec::new(),
        }
    }
}
