//! The manifest: the contract of a package.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use gqn_scenes::PoseEncoding;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::checkpoint::Provenance;
use crate::config::ModelConfig;
use crate::error::FormatError;
use crate::foreign::Foreign;
use crate::ports::{Dim, GraphPorts, Port, names};
use crate::text::from_json;

/// The version of the package's format that this crate writes, and reads.
pub const MANIFEST_FORMAT: u64 = 5;

/// The oldest version that is read: versions 3 and 4 only add what a package may leave out, version 5 renames `loss`.
const OLDEST_FORMAT: u64 = 2;
/// Versions of ONNX operator sets, with room for those to come.
const OPSETS: RangeInclusive<u64> = 1..=99;

/// The contract of a package: what is in it, what goes in and out, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`], or an older one that is still read.
    pub format_version: u64,
    /// Sizes of the model.
    pub config: ModelConfig,
    /// How the graphs expect cameras; equal to the config's, and refused when it is not.
    pub pose_encoding: PoseEncoding,
    /// Which graph the exporter wrote.
    pub variant: Variant,
    /// How numbers are stored.
    pub precision: Precision,
    /// The error of the precision, if it was measured; absent for single precision. Called `loss` before version 5.
    #[serde(default, alias = "loss", skip_serializing_if = "Option::is_none")]
    pub precision_error: Option<PrecisionError>,
    /// The steps that were trained, where the graphs have only the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_steps: Option<usize>,
    /// ONNX operator set.
    pub opset: u64,
    /// Ports of `representation.onnx`.
    pub representation: GraphPorts,
    /// Ports of `generator.onnx`.
    pub generator: GraphPorts,
    /// Ports of `drawing.onnx`, in packages that have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<GraphPorts>,
    /// Every other file of the package.
    pub files: BTreeMap<String, FileEntry>,
    /// Training steps behind the weights.
    pub step: u64,
    /// Where the weights come from.
    pub provenance: Provenance,
}

/// Which graph the exporter wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The direct translation of the trained graph.
    Reference,
    /// The same function with less arithmetic.
    Optimised,
}

impl Variant {
    /// The name used in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Optimised => "optimised",
        }
    }
}

/// How a graph's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single precision.
    #[default]
    Fp32,
    /// Weights in half precision.
    Fp16,
    /// The recurrent convolution in eight-bit integers, the other weights in half precision.
    Int8,
}

impl Precision {
    /// Every precision, finest first.
    pub const ALL: [Self; 3] = [Self::Fp32, Self::Fp16, Self::Int8];

    /// The name used in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        }
    }

    /// What pictures should reach against those of single precision, in decibels: root mean square differences of 0.8
    /// and of 4.5 steps of an 8-bit picture. None for single precision, whose pictures differ by rounding alone.
    pub fn goal(self) -> Option<f64> {
        match self {
            Self::Fp32 => None,
            Self::Fp16 => Some(50.0),
            Self::Int8 => Some(35.0),
        }
    }
}

/// The error of a precision: how near its pictures are to those of single precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrecisionError {
    /// Held-out views that were compared, each rendered with a noise of its own.
    pub views: usize,
    /// Peak signal-to-noise ratio of all of them together, in decibels.
    pub psnr: f64,
    /// That of the worst view.
    pub smallest_psnr: f64,
}

/// Size and checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl FileEntry {
    /// The entry of a file with that content.
    pub fn of(content: &[u8]) -> Self {
        Self { bytes: content.len() as u64, sha256: sha256_hex(content) }
    }
}

/// SHA-256 of some bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hash = Sha256::new();
    // In parts: a browser puts better code in a function's place only between two calls of it.
    bytes.chunks(1 << 16).for_each(|part| hash.update(part));
    hash.finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

impl Manifest {
    /// Parses and checks a manifest. The version is looked at first, so that a manifest of another version is
    /// refused as such and not for a field it has or lacks.
    ///
    /// # Errors
    /// [`FormatError`]: not JSON, another version, another pose encoding than the config's or an unknown one, ports
    /// that do not follow from the config, or a file name that is not a plain name.
    pub fn from_json(bytes: &[u8]) -> Result<Self, FormatError> {
        let unreadable =
            |source| FormatError::Json { what: names::MANIFEST_FILE.to_owned(), source };
        let value: serde_json::Value =
            from_json(bytes).map_err(|source| match Foreign::of(bytes) {
                Some(foreign) => foreign.error(names::MANIFEST_FILE, "JSON"),
                None => unreadable(source),
            })?;
        let what = names::MANIFEST_FILE.to_owned();
        let version = &value["format_version"];
        if !version
            .as_u64()
            .is_some_and(|version| (OLDEST_FORMAT..=MANIFEST_FORMAT).contains(&version))
        {
            let found = if version.is_null() { "none".to_owned() } else { version.to_string() };
            return Err(FormatError::Version { what, found, expected: MANIFEST_FORMAT });
        }
        if let Some(found) = value["pose_encoding"].as_str() {
            let expected = value["config"]["pose_encoding"].as_str().unwrap_or("xyz-cos-sin");
            if found != expected
                || serde_json::from_value::<PoseEncoding>(value["pose_encoding"].clone()).is_err()
            {
                let expected =
                    if found == expected { "xyz-cos-sin or xyz-sin-cos" } else { expected };
                let (found, expected) = (found.to_owned(), expected.to_owned());
                return Err(FormatError::PoseEncoding { what, found, expected });
            }
        }
        let manifest: Self = serde_json::from_value(value).map_err(unreadable)?;
        manifest.config.validate()?;
        manifest.check_ports()?;
        if !OPSETS.contains(&manifest.opset) {
            return Err(FormatError::Opset { found: manifest.opset });
        }
        for name in manifest.files.keys() {
            plain_name(names::MANIFEST_FILE, name)?;
        }
        Ok(manifest)
    }

    /// The manifest's file.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("plain data is JSON");
        json.push(b'\n');
        json
    }

    /// Shape of what the representation graph hands to the generator.
    pub fn scene_shape(&self) -> Vec<usize> {
        let fixed = |dim: &Dim| match dim {
            Dim::Fixed(length) => *length,
            Dim::Named(_) => 0,
        };
        self.representation
            .outputs
            .first()
            .map(|port| port.shape.iter().map(fixed).collect())
            .unwrap_or_default()
    }

    fn check_ports(&self) -> Result<(), FormatError> {
        let scene = self.scene_shape();
        let shape_text =
            |ports: &[Port]| ports.iter().map(Port::shape_text).collect::<Vec<_>>().join(" ");
        let expected = [
            (
                "representation",
                &self.representation,
                GraphPorts::representation(&self.config, &scene),
            ),
            ("generator", &self.generator, GraphPorts::generator(&self.config, &scene)),
        ];
        let drawing = GraphPorts::drawing(&self.config, &scene);
        let drawing = self.drawing.iter().map(|found| ("drawing", found, drawing.clone()));
        for (graph, found, expected) in expected.into_iter().chain(drawing) {
            for (name, found, expected) in [
                ("inputs", &found.inputs, &expected.inputs),
                ("outputs", &found.outputs, &expected.outputs),
            ] {
                if found != expected {
                    let (found, expected) = (shape_text(found), shape_text(expected));
                    return Err(FormatError::Port { graph, name, found, expected });
                }
            }
        }
        Ok(())
    }
}

/// Refuses names that could leave the folder: whatever is not exactly one part of a path, on any system.
pub(crate) fn plain_name(what: &'static str, name: &str) -> Result<(), FormatError> {
    use std::path::{Component, Path};
    let mut parts = Path::new(name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && !name.contains(['/', '\\', '\0']);
    if plain { Ok(()) } else { Err(FormatError::FileName { what, name: name.to_owned() }) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Preset;

    pub(crate) fn manifest(files: BTreeMap<String, FileEntry>) -> Manifest {
        let config = Preset::TinyTower.config();
        let scene = config.scene_shape();
        Manifest {
            format_version: MANIFEST_FORMAT,
            pose_encoding: config.pose_encoding,
            variant: Variant::Reference,
            precision: Precision::Fp32,
            precision_error: None,
            trained_steps: None,
            opset: 17,
            representation: GraphPorts::representation(&config, &scene),
            generator: GraphPorts::generator(&config, &scene),
            drawing: Some(GraphPorts::drawing(&config, &scene)),
            config,
            files,
            step: 3,
            provenance: Provenance::default(),
        }
    }

    fn edited(edit: impl Fn(&mut serde_json::Value)) -> Result<Manifest, FormatError> {
        let mut value = serde_json::to_value(manifest(BTreeMap::new())).expect("JSON");
        edit(&mut value);
        Manifest::from_json(&serde_json::to_vec(&value).expect("JSON"))
    }

    #[test]
    fn round_trip() {
        let manifest = manifest(BTreeMap::from([("a.onnx".to_owned(), FileEntry::of(b"x"))]));
        assert_eq!(Manifest::from_json(&manifest.to_json()).expect("a manifest"), manifest);
    }

    #[test]
    fn another_version_is_refused_as_such() {
        let error = edited(|value| value["format_version"] = 1.into()).expect_err("version 1");
        assert!(matches!(&error, FormatError::Version { found, .. } if found == "1"), "{error}");
    }

    #[test]
    fn the_version_before_is_still_read() {
        let manifest = edited(|value| value["format_version"] = 2.into()).expect("version 2");
        assert_eq!((manifest.precision_error, manifest.trained_steps), (None, None));
    }

    #[test]
    fn the_error_of_a_precision_is_read_under_its_old_name_and_written_under_its_new_one() {
        let manifest = edited(|value| {
            value["format_version"] = 4.into();
            value["loss"] = serde_json::json!({ "views": 9, "psnr": 51.5, "smallest_psnr": 48.25 });
        });
        let manifest = manifest.expect("version 4");
        let error = PrecisionError { views: 9, psnr: 51.5, smallest_psnr: 48.25 };
        assert_eq!(manifest.precision_error, Some(error));
        let json: serde_json::Value = serde_json::from_slice(&manifest.to_json()).expect("JSON");
        assert!(json["loss"].is_null(), "{json}");
        assert_eq!(json["precision_error"]["psnr"], 51.5);
    }

    #[test]
    fn names_of_precisions_are_those_of_the_file() {
        for precision in Precision::ALL {
            assert_eq!(serde_json::to_value(precision).expect("JSON"), precision.name());
        }
    }

    #[test]
    fn another_pose_encoding_is_refused_as_such() {
        for name in ["xyz-sin-cos", "xyz-quaternion"] {
            let error =
                edited(|value| value["pose_encoding"] = name.into()).expect_err("another encoding");
            assert!(
                matches!(&error, FormatError::PoseEncoding { found, .. } if found == name),
                "{error}"
            );
        }
        let both = edited(|value| {
            value["pose_encoding"] = "xyz-quaternion".into();
            value["config"]["pose_encoding"] = "xyz-quaternion".into();
        });
        assert!(matches!(both, Err(FormatError::PoseEncoding { .. })));
    }

    #[test]
    fn ports_follow_from_the_config() {
        let error = edited(|value| value["generator"]["inputs"][1]["shape"][1] = 6.into())
            .expect_err("6 numbers");
        assert!(matches!(error, FormatError::Port { graph: "generator", name: "inputs", .. }));
        let error = edited(|value| value["drawing"]["outputs"][0]["shape"][0] = 2.into())
            .expect_err("2 steps");
        assert!(matches!(error, FormatError::Port { graph: "drawing", name: "outputs", .. }));
    }

    #[test]
    fn operator_sets_have_small_numbers() {
        for opset in [0, 100, 1 << 62] {
            let found = edited(|value| value["opset"] = opset.into());
            assert!(matches!(found, Err(FormatError::Opset { found }) if found == opset));
        }
    }

    #[test]
    fn file_names_stay_in_the_folder() {
        let error = edited(|value| {
            value["files"]["../a"] = serde_json::json!({ "bytes": 0, "sha256": "" });
        });
        assert!(matches!(error, Err(FormatError::FileName { .. })));
        for name in ["", ".", "..", "a/b", "/a", "a/", "a\\b", "..\\a", "a\0"] {
            assert!(plain_name("test", name).is_err(), "{name:?}");
        }
        for name in ["my picture 1.png", "Küche.png", "...", ".a", "a:b~$é"] {
            plain_name("test", name).expect(name);
        }
    }

    #[test]
    fn editors_and_servers_are_known() {
        let json = manifest(BTreeMap::new()).to_json();
        let marked = [&b"\xEF\xBB\xBF"[..], &json].concat();
        Manifest::from_json(&marked).expect("a byte order mark");
        let error = Manifest::from_json(b"<!doctype html>").expect_err("a page").to_string();
        assert!(error.contains("an HTML page, expected JSON\nhint: "), "{error}");
    }
}
