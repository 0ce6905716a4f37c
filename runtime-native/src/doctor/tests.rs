//! Small devices and libraries, made here.

use std::fs;
use std::path::{Path, PathBuf};

use super::fatbin::tests::container;
use super::*;

const X86: u16 = 62;
const ARM: u16 = 183;

/// A library: 64-bit ELF with a table of strings, a dynamic section and, perhaps, GPU code.
struct Sample<'a> {
    machine: u16,
    needed: &'a [&'a str],
    versions: &'a [&'a str],
    code: &'a [(u16, u32)],
}

const PLAIN: Sample<'static> = Sample { machine: X86, needed: &[], versions: &[], code: &[] };

impl Sample<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut add = |text: &str| {
            let at = strings.len() as u64;
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            at
        };
        let needed: Vec<u64> = self.needed.iter().map(|name| add(name)).collect();
        let folder = add("$ORIGIN");
        for version in self.versions {
            add(version);
        }
        let (strings_at, names) = (176_u64, b"\0.nv_fatbin\0.shstrtab\0");
        let dynamic_at = strings_at + strings.len() as u64;
        let mut entries: Vec<[u64; 2]> = needed.into_iter().map(|name| [1, name]).collect();
        entries.extend([[29, folder], [5, strings_at], [10, strings.len() as u64], [0, 0]]);
        let code = if self.code.is_empty() { Vec::new() } else { container(self.code) };
        let code_at = dynamic_at + 16 * entries.len() as u64;
        let names_at = code_at + code.len() as u64;
        let table_at = names_at + names.len() as u64;
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let words = |file: &mut Vec<u8>, values: &[u64]| {
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
        half(&mut file, 3);
        half(&mut file, self.machine);
        file.extend(1_u32.to_le_bytes());
        words(&mut file, &[0, 64, table_at]);
        file.extend(0_u32.to_le_bytes());
        for value in [64, 56, 2, 64, 3, 2] {
            half(&mut file, value);
        }
        let end = table_at + 3 * 64;
        for (kind, at, size) in [(1_u32, 0, end), (2, dynamic_at, 16 * entries.len() as u64)] {
            file.extend(kind.to_le_bytes());
            file.extend(4_u32.to_le_bytes());
            words(&mut file, &[at, at, at, size, size, 8]);
        }
        file.extend(strings);
        entries.iter().flatten().for_each(|value| file.extend(value.to_le_bytes()));
        file.extend(&code);
        file.extend(names);
        for (name, kind, at, size) in [
            (0_u32, 0_u32, 0, 0),
            (1, 1, code_at, code.len() as u64),
            (12, 3, names_at, names.len() as u64),
        ] {
            file.extend(name.to_le_bytes());
            file.extend(kind.to_le_bytes());
            words(&mut file, &[0, 0, at, size]);
            file.extend([0; 8]);
            words(&mut file, &[1, 0]);
        }
        assert_eq!(file.len() as u64, end);
        file
    }

    fn write(&self, path: &Path) -> PathBuf {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, self.bytes()).expect("a file");
        path.to_owned()
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// A system with a C library of that version, and ONNX Runtime's wheel unpacked in it.
fn system(machine: u16, glibc: &str) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("a folder");
    let versions = [glibc];
    Sample { machine, versions: &versions, ..PLAIN }.write(&root.path().join("usr/lib/libc.so.6"));
    let wheel = root.path().join("opt/ort");
    let own = Sample { machine, needed: &["libc.so.6"], versions: &["VERS_1.31.1"], code: &[] };
    let library = own.write(&wheel.join("libonnxruntime.so.1.31.1"));
    Sample { machine, ..PLAIN }.write(&wheel.join(SHARED));
    (root, library)
}

fn cuda(diagnosis: &Diagnosis) -> &ProviderDiagnosis {
    let mut providers = diagnosis.providers.iter();
    providers.find(|provider| provider.provider == "cuda").expect("a provider")
}

fn names(provider: &ProviderDiagnosis) -> Vec<&str> {
    provider.missing.iter().map(|missing| missing.name.as_str()).collect()
}

#[test]
fn a_cuda_wheel_without_cuda_lists_all_that_is_missing() {
    let (root, library) = system(X86, "GLIBC_2.36");
    let needed = ["libcublas.so.12", "libcudart.so.12", "libcudnn.so.9", "libc.so.6"];
    let own =
        Sample { needed: &needed, versions: &["GLIBC_2.27"], code: &[(2, 80), (1, 90)], ..PLAIN };
    own.write(&library.with_file_name("libonnxruntime_providers_cuda.so"));
    let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
    assert_eq!(names(cuda(&diagnosis)), needed[..3]);
    assert_eq!(cuda(&diagnosis).problems, [""; 0]);
    assert_eq!(diagnosis.glibc.as_deref(), Some("2.36"));
    let found = diagnosis.onnxruntime.as_ref().expect("a library");
    assert_eq!(found.version.as_deref(), Some("1.31.1"));
    let advice = diagnosis.advice.join("\n");
    assert!(advice.contains("install CUDA 12, cuDNN 9"), "{advice}");
    // Where it lies, and the loader does not look.
    PLAIN.write(&root.path().join("usr/local/cuda/lib64/libcudart.so.12"));
    // For another processor, which the loader passes over.
    Sample { machine: ARM, ..PLAIN }.write(&root.path().join("usr/lib/libcudnn.so.9"));
    let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
    assert_eq!(names(cuda(&diagnosis)), needed[..3]);
    let beside = cuda(&diagnosis).missing[1].beside_path.as_deref().expect("a folder");
    assert!(beside.ends_with("usr/local/cuda/lib64"), "{beside}");
    // With all of it, what these libraries lack is still said.
    write(root.path(), "etc/ld.so.conf.d/cuda.conf", "# CUDA\n/usr/local/cuda/lib64\n");
    for name in &needed[..2] {
        PLAIN.write(&root.path().join("usr/local/cuda/lib64").join(name));
    }
    let dnn = Sample { needed: &["libcudnn_ops.so.9"], ..PLAIN };
    dnn.write(&root.path().join("usr/lib/libcudnn.so.9"));
    let diagnosis = Diagnosis::examine(root.path(), Ok(library));
    assert_eq!(names(cuda(&diagnosis)), ["libcudnn_ops.so.9"]);
    assert_eq!(cuda(&diagnosis).missing[0].needed_by, "libcudnn.so.9");
}

#[test]
fn a_wheel_without_code_for_an_orin_says_so() {
    let (root, library) = system(ARM, "GLIBC_2.35");
    let code = [(2, 89), (2, 90), (2, 120), (2, 121)];
    let own =
        Sample { machine: ARM, needed: &["libc.so.6"], versions: &["GLIBC_2.34"], code: &code };
    own.write(&library.with_file_name("libonnxruntime_providers_cuda.so"));
    write(
        root.path(),
        "etc/nv_tegra_release",
        "# R36 (release), REVISION: 4.0, GCID: 3, BOARD: generic\n",
    );
    write(root.path(), "proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0");
    write(
        root.path(),
        "proc/device-tree/compatible",
        "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0",
    );
    write(root.path(), "proc/meminfo", "MemTotal: 7800000 kB\nMemAvailable: 5242880 kB\n");
    write(
        root.path(),
        "var/lib/dpkg/status",
        "Package: a\nVersion: 1\n\nPackage: nvidia-jetpack\nVersion: 6.2\n",
    );
    write(root.path(), "var/lib/nvpmodel/status", "pmode:0000\n");
    let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
    assert_eq!(diagnosis.gpu, Some(Gpu { name: None, sm: 87, tegra: true }));
    assert_eq!(diagnosis.l4t.as_deref(), Some("36.4.0"));
    assert_eq!(diagnosis.jetpack.as_deref(), Some("6.2"));
    assert_eq!(diagnosis.available_memory, Some(5 << 30));
    assert_eq!(diagnosis.power_mode.as_deref(), Some("nvpmodel 0"));
    assert_eq!(cuda(&diagnosis).serves_gpu, Some(false));
    let advice = diagnosis.advice.join("\n");
    assert!(
        advice.contains("no code for this GPU, sm_87, only for sm_89, sm_90, sm_120, sm_121"),
        "{advice}"
    );
    // The same wheel on an older system.
    let versions = ["GLIBC_2.31", "GLIBC_PRIVATE"];
    Sample { machine: ARM, versions: &versions, ..PLAIN }
        .write(&root.path().join("usr/lib/libc.so.6"));
    let problems = &cuda(&Diagnosis::examine(root.path(), Ok(library))).problems.join("\n");
    assert!(problems.contains("needs GLIBC 2.34, the system's C library has 2.31"), "{problems}");
}

#[test]
fn a_wheel_with_one_library_removed_names_it() {
    let (root, library) = system(X86, "GLIBC_2.36");
    let needed = ["libopenvino.so.2541", "libonnxruntime_providers_shared.so"];
    let provider = library.with_file_name("libonnxruntime_providers_openvino.so");
    Sample { needed: &needed, ..PLAIN }.write(&provider);
    for name in needed {
        PLAIN.write(&library.with_file_name(name));
    }
    let missing = || {
        let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
        let provider = diagnosis.providers.iter().find(|provider| provider.provider == "openvino");
        names(provider.expect("a provider")).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(missing(), [""; 0], "they lie beside it");
    fs::remove_file(library.with_file_name(needed[0])).expect("a file");
    assert_eq!(missing(), [needed[0]]);
    // ONNX Runtime loads it itself, whether or not the provider says that it needs it.
    fs::remove_file(library.with_file_name(needed[1])).expect("a file");
    assert_eq!(missing(), needed);
    Sample { needed: &[], ..PLAIN }.write(&provider);
    assert_eq!(missing(), [needed[1]]);
}

#[test]
fn providers_that_are_not_built_in_are_named_and_a_gpu_that_stays_idle() {
    let (root, library) = system(X86, "GLIBC_2.36");
    let mut diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
    assert_eq!(diagnosis.not_built, ["cuda", "tensorrt", "openvino", "webgpu"]);
    assert!(advice::advice(&diagnosis).is_empty(), "nothing to do without a GPU");
    diagnosis.gpu = Some(Gpu { name: Some("RTX".to_owned()), sm: 89, tegra: false });
    let advice = advice::advice(&diagnosis);
    assert!(advice[0].contains("RTX is not used") && advice[0].contains("onnxruntime-gpu"));
    // WebGPU is a part of ONNX Runtime's own library.
    let parts = Sample { needed: &["libc.so.6"], versions: &[VULKAN], ..PLAIN };
    parts.write(&library);
    let diagnosis = Diagnosis::examine(root.path(), Ok(library));
    assert_eq!(diagnosis.not_built, ["cuda", "tensorrt", "openvino"]);
    assert_eq!(diagnosis.providers[1].missing[0].name, VULKAN);
}

#[test]
fn what_is_no_library_is_said() {
    let (root, library) = system(X86, "GLIBC_2.36");
    let provider = library.with_file_name("libonnxruntime_providers_cuda.so");
    let whole = Sample { code: &[(2, 80)], needed: &["libcudart.so.12"], ..PLAIN }.bytes();
    for content in [&b""[..], b"no library", &whole[..100], &whole[..200], &[0xFF; 4096]] {
        fs::write(&provider, content).expect("a file");
        let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
        assert!(!cuda(&diagnosis).problems.is_empty(), "{} bytes", content.len());
    }
    let other = Sample { machine: ARM, needed: &["libcudart.so.13"], ..PLAIN };
    other.write(&provider);
    let diagnosis = Diagnosis::examine(root.path(), Ok(library.clone()));
    assert!(cuda(&diagnosis).problems[0].ends_with("is for another processor"));
    assert_eq!(names(cuda(&diagnosis)), [""; 0], "its libraries are not looked for here");
    let none = Diagnosis::examine(root.path(), Err("it is gone".to_owned()));
    assert!(none.providers.is_empty() && none.advice[0].contains("get ONNX Runtime"));
}
