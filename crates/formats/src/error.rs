//! Why a file of the pipeline is refused.

use std::path::PathBuf;

use gqn_messages::printable;
use gqn_scenes::Camera;
use gqn_system::SystemError;
use thiserror::Error;

/// Why a config, a checkpoint, a manifest or a package was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum FormatError {
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(
        "model.{name} is {found}, expected {}from {smallest} to {largest}",
        multiple_of(*multiple)
    )]
    Size { name: &'static str, found: usize, multiple: usize, smallest: usize, largest: usize },
    #[error("model.voxel: {name} is {found}, expected {expected}")]
    Geometry { name: &'static str, found: String, expected: &'static str },
    #[error(
        "model.voxel is {}, and model.representation is `{representation}`\nhint: the table [model.voxel] belongs to representation = \"voxel\", and to no other",
        if *is_there { "there" } else { "missing" }
    )]
    VoxelTable { representation: &'static str, is_there: bool },
    #[error(
        "{what}: the cameras' field of view is {found:.4} radians ({:.1}°), the model's is {expected:.4} ({:.1}°)\nhint: {}",
        found.to_degrees(), expected.to_degrees(), field_of_view_hint(*share)
    )]
    FieldOfView { what: String, found: f64, expected: f64, share: f64 },
    #[error(
        "rendered scenes have a field of view of {:.0}°, the model's is {expected:.4} radians ({:.1}°)\n\
         hint: leave out --field-of-view; rendered worlds have 50 degrees. Show a model of other cameras their own pictures",
        crate::voxel::world_field_of_view().to_degrees(), expected.to_degrees()
    )]
    RenderedFieldOfView { expected: f64 },
    #[error(
        "unknown preset `{found}`, expected one of: paper, edge, tiny, edge-tower, tiny-tower\nhint: other sizes go into the [model] table of a --config file"
    )]
    Preset { found: String },
    #[error("{what} is {found}, expected {expected}\nhint: {hint}")]
    Foreign { what: String, found: &'static str, expected: &'static str, hint: &'static str },
    #[error("{what} is not a readable safetensors file\nhint: {}", tensors_hint(source))]
    Tensors { what: String, source: safetensors::SafeTensorError },
    #[error(
        "manifest.json: opset is {found}, expected the version of an ONNX operator set, such as 17"
    )]
    Opset { found: u64 },
    #[error(
        "the zip holds two packages, in `{}` and in `{}`\nhint: expected one; unpack it and name a folder",
        printable(one),
        printable(other)
    )]
    TwoPackages { one: String, other: String },
    #[error("{what} is no {expected}: its metadata has no `{key}`")]
    Metadata { what: String, expected: &'static str, key: &'static str },
    #[error("{what}: metadata `{key}` cannot be read")]
    MetadataValue { what: String, key: &'static str, source: serde_json::Error },
    #[error(
        "{what} has format version {}, expected {expected}\nhint: write it again with this version of the tools",
        printable(found)
    )]
    Version { what: String, found: String, expected: u64 },
    #[error(
        "{what}: tensor `{name}` is missing, expected shape {expected:?}\nhint: the file is of another model, or incomplete"
    )]
    MissingTensor { what: String, name: String, expected: Vec<usize> },
    #[error(
        "{what}: unknown tensor `{}` of shape {found:?}\nhint: the file is of another model, or a training state",
        printable(name)
    )]
    UnknownTensor { what: String, name: String, found: Vec<usize> },
    #[error(
        "{what}: tensor `{name}` has shape {found:?}, expected {expected:?}\nhint: the file is of another model than its config says"
    )]
    Shape { what: String, name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error(
        "{what}: tensor `{}` has element type {found}, expected F32, F16 or BF16\nhint: save the weights as floats",
        printable(name)
    )]
    ElementType { what: String, name: String, found: String },
    #[error(
        "{what}: tensor `{name}` holds {found}, which is too large for half precision (65504 at most)\nhint: store it in 32 bits"
    )]
    NotHalf { what: String, name: String, found: f32 },
    #[error("{what}: tensor `{name}` holds a number that is not finite")]
    NotFinite { what: String, name: String },
    #[error("{what} belongs to the model {found}, expected {expected}")]
    OtherModel { what: String, found: String, expected: String },
    #[error(
        "{what}: pose encoding is `{}`, expected `{}`\nhint: cameras would be misread; export the checkpoint again",
        printable(found),
        printable(expected)
    )]
    PoseEncoding { what: String, found: String, expected: String },
    #[error(
        "{graph} {}, manifest.json {}\nhint: the graphs are of another model than the manifest; export the checkpoint again",
        geometry_text(found.as_ref(), "has no `gqn_voxel`"), geometry_text(expected.as_ref(), "has none")
    )]
    GraphGeometry { graph: &'static str, found: Option<String>, expected: Option<String> },
    #[error("{what} is not valid JSON for this format\nhint: docs/formats.md shows the form")]
    Json { what: String, source: serde_json::Error },
    #[error("{} is no package: it has no manifest.json\nhint: make one with `gqn-export export`", path.display())]
    NotAPackage { path: PathBuf },
    #[error("the package is no readable zip\nhint: {}", zip_hint(source))]
    Zip { source: zip::result::ZipError },
    #[error(
        "the package's zip holds several files of the same name\nhint: only one of them can be meant; zip the folder again"
    )]
    ZipNames,
    #[error(
        "the package's {} is larger than its manifest says, {expected} bytes\nhint: the file was changed; copy or export it again",
        printable(name)
    )]
    TooLarge { name: String, expected: u64 },
    #[error(
        "the package's {} has {found} bytes, expected {expected} by its manifest\nhint: the file was changed or cut short; copy or export it again",
        printable(name)
    )]
    Length { name: String, found: u64, expected: u64 },
    #[error(
        "the manifest says that {} has {found} bytes, more than the {most} that a model of its sizes, or a zip of its length, can hold\nhint: the manifest was changed; copy or export the package again",
        printable(name)
    )]
    Implausible { name: String, found: u64, most: u64 },
    #[error(
        "the package's {} is {found}, expected a file of its folder\nhint: copy the package with what its links lead to: `cp -rL`",
        printable(name)
    )]
    NotInFolder { name: String, found: &'static str },
    #[error(
        "{graph} keeps numbers in a file `{}`, which its manifest does not list\nhint: only the package's own files are read; export it again",
        printable(location)
    )]
    ExternalData { graph: String, location: String },
    #[error(
        "{} is no readable ONNX graph: {reason}\nhint: the file was changed or damaged; copy or export it again",
        printable(graph)
    )]
    Graph { graph: String, reason: &'static str },
    #[error("the package lacks {}\nhint: copy or export it again", printable(name))]
    MissingFile { name: String },
    #[error(
        "{} has sha256 {found}, expected {}\nhint: the file was changed or damaged; copy or export it again",
        printable(name),
        printable(expected)
    )]
    Checksum { name: String, found: String, expected: String },
    #[error(
        "file name `{}` in the {what} is not a plain name\nhint: name files beside it, without a folder",
        printable(name)
    )]
    FileName { what: &'static str, name: String },
    #[error("manifest.json: port `{name}` of the {graph} has shape {found}, expected {expected}")]
    Port { graph: &'static str, name: &'static str, found: String, expected: String },
    #[error(
        "views.json names no views\nhint: docs/formats.md shows the form; `gqn-data scene` writes one"
    )]
    NoViews,
    #[error(
        "views.json: field_of_view is {found}, expected more than 0 and less than π\nhint: it is in radians; 50 degrees are 0.8727"
    )]
    NoFieldOfView { found: f64 },
    #[error("views.json: the camera of view {index} is out of range, expected {}", Camera::RANGE)]
    Camera { index: usize },
}

impl FormatError {
    pub(crate) fn geometry(
        name: &'static str,
        found: impl std::fmt::Display,
        expected: &'static str,
    ) -> Self {
        Self::Geometry { name, found: found.to_string(), expected }
    }
}

/// A geometry as JSON, or the words for there being none.
fn geometry_text(json: Option<&String>, none: &str) -> String {
    json.map_or_else(|| none.to_owned(), |json| format!("says {json}"))
}

/// `share` is the part of the picture's width that the model's cameras would see.
fn multiple_of(multiple: usize) -> String {
    if multiple == 1 { String::new() } else { format!("a multiple of {multiple} ") }
}

fn field_of_view_hint(share: f64) -> String {
    if share < 1.0 {
        format!("crop the pictures to the middle {:.1} % of their width and height", 100.0 * share)
    } else {
        "the pictures show less than the model expects; take them with a wider lens".to_owned()
    }
}

fn tensors_hint(error: &safetensors::SafeTensorError) -> &'static str {
    use safetensors::SafeTensorError as Cause;
    match error {
        Cause::HeaderTooSmall | Cause::InvalidHeaderLength | Cause::MetadataIncompleteBuffer => {
            "the file may be cut short; copy or write it again"
        }
        _ => "it is another kind of file, or was changed; write it again",
    }
}

fn zip_hint(error: &zip::result::ZipError) -> &'static str {
    use zip::result::ZipError as Cause;
    match error {
        Cause::InvalidPassword => "it is encrypted; zip it again without a password",
        Cause::UnsupportedArchive(text) if *text == Cause::PASSWORD_REQUIRED => {
            "it is encrypted; zip it again without a password"
        }
        Cause::CompressionMethodNotSupported(_) | Cause::UnsupportedArchive(_) => {
            "zip it again, stored or deflated"
        }
        Cause::InvalidArchive(_) => "the file may be cut short; copy or zip it again",
        _ => "the file was changed or damaged; copy or zip it again",
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use gqn_messages::error_report;

    use super::*;

    #[test]
    fn hints_are_of_the_kind_of_the_error() {
        let encrypted = zip::result::ZipError::InvalidPassword;
        assert!(zip_hint(&encrypted).contains("password") && !zip_hint(&encrypted).contains("cut"));
        let wrong = safetensors::SafeTensorError::TensorInvalidInfo;
        assert!(!tensors_hint(&wrong).contains("cut short"));
    }

    #[test]
    fn a_cause_is_told_once() {
        let source = std::io::Error::new(ErrorKind::InvalidData, "bad block");
        let report = error_report(&FormatError::Zip { source: zip::result::ZipError::Io(source) });
        assert_eq!(report.matches("bad block").count(), 1, "{report}");
    }

    #[test]
    fn names_of_files_bring_no_remedies() {
        let name = "a\u{1b}]0;title\u{7}\nhint: run this".to_owned();
        let report = error_report(&FormatError::FileName { what: "zip", name });
        assert!(!report.contains(['\u{1b}', '\u{7}']), "{report:?}");
        assert!(report.lines().all(|line| !line.starts_with("hint: run this")), "{report:?}");
    }
}
