//! What to do about it.

use super::{Diagnosis, ProviderDiagnosis};

/// Lines for people, most important first.
pub(super) fn advice(diagnosis: &Diagnosis) -> Vec<String> {
    let mut advice = Vec::new();
    if diagnosis.onnxruntime.is_none() {
        let text = "get ONNX Runtime: on x86 and arm64 `pip download onnxruntime` and unpack libonnxruntime.so from the wheel";
        advice.push(format!("{text}; name it with --ort or ORT_DYLIB_PATH"));
    }
    for provider in &diagnosis.providers {
        advice.extend(of_provider(provider, diagnosis));
    }
    let has_cuda = diagnosis.providers.iter().any(|provider| provider.provider == "cuda");
    if diagnosis.gpu.as_ref().is_some_and(|gpu| gpu.tegra) && !has_cuda {
        let release = diagnosis.l4t.as_deref().unwrap_or("its");
        let text = format!(
            "this Jetson (L4T {release}) has no ONNX Runtime with CUDA: docs/jetson.md says where to get one"
        );
        advice.push(text);
    } else if let Some(gpu) = &diagnosis.gpu
        && diagnosis.onnxruntime.is_some()
        && !has_cuda
    {
        let name = gpu.name.as_deref().unwrap_or("the GPU");
        let text = "this ONNX Runtime is without CUDA: get one with it, such as that of `pip download onnxruntime-gpu`, and name its library with --ort";
        advice.push(format!("{name} is not used, because {text}"));
    }
    advice
}

fn of_provider(provider: &ProviderDiagnosis, diagnosis: &Diagnosis) -> Vec<String> {
    let name = provider.provider;
    let mut advice = Vec::new();
    if provider.serves_gpu == Some(false)
        && let (Some(gpu), Some(code)) = (&diagnosis.gpu, &provider.architectures)
    {
        let list: Vec<String> = code.machine_code.iter().map(|sm| format!("sm_{sm}")).collect();
        advice.push(format!(
            "{name}: the library holds no code for this GPU, sm_{}, only for {}; get a build for it (docs/jetson.md)",
            gpu.sm,
            list.join(", ")
        ));
    }
    let mut folders: Vec<&str> =
        provider.missing.iter().filter_map(|missing| missing.beside_path.as_deref()).collect();
    folders.dedup();
    for folder in folders {
        advice.push(format!(
            "{name}: add {folder} to LD_LIBRARY_PATH; libraries that are missing lie there"
        ));
    }
    let nowhere: Vec<&str> = provider
        .missing
        .iter()
        .filter(|missing| missing.beside_path.is_none())
        .map(|missing| missing.name.as_str())
        .collect();
    if !nowhere.is_empty() {
        let packages: Vec<String> = nowhere.iter().filter_map(|library| package(library)).collect();
        let mut packages: Vec<&String> = packages.iter().collect();
        packages.sort();
        packages.dedup();
        // `CUDA 13` says more than `CUDA`.
        let said: Vec<String> = packages.iter().map(|package| format!("{package} ")).collect();
        let all = packages.clone();
        packages = all
            .iter()
            .zip(&said)
            .filter(|(_, said)| !all.iter().any(|other| other.starts_with(said.as_str())))
            .map(|(package, _)| *package)
            .collect();
        let names: Vec<&str> = packages.into_iter().map(String::as_str).collect();
        let install = if names.is_empty() {
            "the packages that hold them".to_owned()
        } else {
            names.join(", ")
        };
        advice.push(format!("{name}: {} missing; install {install}", nowhere.join(", ")));
    }
    advice.extend(provider.problems.iter().map(|problem| format!("{name}: {problem}")));
    advice
}

/// What to install for a library of NVIDIA's.
fn package(library: &str) -> Option<String> {
    let (stem, version) =
        library.split_once(".so").map(|(stem, rest)| (stem, rest.trim_start_matches('.')))?;
    let known = [
        ("libcuda", "NVIDIA's driver"),
        ("libcudnn", "cuDNN"),
        ("libnvinfer", "TensorRT"),
        ("libnvonnxparser", "TensorRT"),
        ("libcudart", "CUDA"),
        ("libcublas", "CUDA"),
        ("libcufft", "CUDA"),
        ("libcurand", "CUDA"),
        ("libnvrtc", "CUDA"),
        ("libcusparse", "CUDA"),
        ("libcusolver", "CUDA"),
        ("libopenvino", "OpenVINO"),
        ("libtbb", "OpenVINO (oneTBB)"),
        ("libonnxruntime", "all of ONNX Runtime's package"),
        ("libvulkan", "a Vulkan loader and driver"),
    ];
    // `libcudart.so.12` must come before `libcuda.so.1` is thought of.
    let (_, name) = known
        .into_iter()
        .filter(|(prefix, _)| stem.starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len())?;
    let numbered = ["cuDNN", "TensorRT", "CUDA"].contains(&name)
        && !["libcurand", "libcufft"].contains(&stem)
        && !version.is_empty();
    Some(if numbered { format!("{name} {version}") } else { name.to_owned() })
}
