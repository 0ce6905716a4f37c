//! Which provider ran which node, out of ONNX Runtime's profile of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// No profile of one run comes near it, in bytes.
pub(crate) const MOST_PROFILE: u64 = 1 << 28;

/// Where the nodes of a graph ran. A provider that compiles parts of a graph (`OpenVINO`, `TensorRT`) counts each part as one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The graph's file.
    pub graph: &'static str,
    /// Nodes that ran, by provider, such as `cpu`.
    pub nodes: BTreeMap<String, usize>,
    /// Those that ran elsewhere than on the provider that was to run them, as `name (operator)`.
    pub fallback: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    args: Args,
}

#[derive(Debug, Default, Deserialize)]
struct Args {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    op_name: String,
}

impl Placement {
    /// Reads a profile.
    ///
    /// # Errors
    /// A line that says why it cannot be read.
    pub(crate) fn from_profile(
        graph: &'static str,
        profile: &[u8],
        expected: Provider,
    ) -> Result<Self, String> {
        let events: Vec<Event> =
            serde_json::from_slice(profile).map_err(|error| format!("profile: {error}"))?;
        let mut seen = BTreeMap::new();
        for event in events {
            if event.cat == "Node" && !event.args.provider.is_empty() {
                let name = event.name.trim_end_matches("_kernel_time").to_owned();
                seen.insert(name, event.args);
            }
        }
        if seen.is_empty() {
            return Err("profile: it has no nodes".to_owned());
        }
        let mut placement = Self { graph, nodes: BTreeMap::new(), fallback: Vec::new() };
        for (name, args) in seen {
            let provider = short_name(&args.provider);
            if provider != expected.name() {
                placement.fallback.push(format!("{name} ({})", args.op_name));
            }
            *placement.nodes.entry(provider).or_default() += 1;
        }
        Ok(placement)
    }
}

/// `cuda` for `CUDAExecutionProvider`; the names of others in lower case.
fn short_name(provider: &str) -> String {
    let name = provider.trim_end_matches("ExecutionProvider");
    match name {
        "Tensorrt" => Provider::TensorRt.name().to_owned(),
        name => name.to_lowercase(),
    }
}

/// Such as `webgpu 161, cpu 3`: all graphs together, most first.
pub(crate) fn summary(placements: &[Placement]) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for (provider, count) in placements.iter().flat_map(|placement| &placement.nodes) {
        *sums.entry(provider).or_default() += count;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    let texts: Vec<String> =
        sums.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"[
        {"cat":"Session","name":"model_run","args":{}},
        {"cat":"Node","name":"a_kernel_time","args":{"op_name":"Conv","provider":"WebGpuExecutionProvider"}},
        {"cat":"Node","name":"a_kernel_time","args":{"op_name":"Conv","provider":"WebGpuExecutionProvider"}},
        {"cat":"Node","name":"b_kernel_time","args":{"op_name":"Shape","provider":"CPUExecutionProvider"}},
        {"cat":"Node","name":"c_fence_before","args":{"op_name":"Relu"}},
        {"cat":"Node","name":"c_kernel_time","args":{"op_name":"Relu","provider":"WebGpuExecutionProvider"}}
    ]"#;

    #[test]
    fn nodes_are_counted_once_and_those_elsewhere_are_named() {
        let read = |expected| Placement::from_profile("g", PROFILE.as_bytes(), expected);
        let placement = read(Provider::WebGpu).expect("a profile");
        assert_eq!(placement.fallback, ["b (Shape)"]);
        assert_eq!(summary(&[placement.clone(), placement]), "webgpu 4, cpu 2");
        assert_eq!(read(Provider::Cpu).expect("a profile").fallback.len(), 2);
        assert_eq!(short_name("TensorrtExecutionProvider"), "tensorrt");
        assert_eq!(short_name("OpenVINOExecutionProvider"), "openvino");
        for profile in ["", "[]", "[{\"cat\":\"Node\"", "{}"] {
            let error = Placement::from_profile("g", profile.as_bytes(), Provider::Cpu);
            assert!(error.expect_err(profile).starts_with("profile: "));
        }
    }
}
