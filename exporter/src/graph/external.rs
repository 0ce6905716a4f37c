use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::{StringStringEntryProto, TensorProto};

/// Weights start at multiples of a memory page, so that a runtime can map them instead of reading them.
const ALIGNMENT: usize = 4096;

/// Where the numbers of the weights stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage<'a> {
    /// In the model's own file.
    Inline,
    /// In a file of that name beside it: a protobuf message ends at 2 GB.
    Beside(&'a str),
}

/// The content of the file beside a model.
#[derive(Debug, Default)]
pub(super) struct ExternalData(Vec<u8>);

impl ExternalData {
    /// Appends a weight's numbers and points the tensor at them.
    pub(super) fn store(&mut self, tensor: &mut TensorProto, location: &str, bytes: &[u8]) {
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        let offset = self.0.len();
        self.0.extend_from_slice(bytes);
        let entry = |key: &str, value: String| StringStringEntryProto {
            key: key.to_owned(),
            value,
            ..Default::default()
        };
        tensor.data_location = DataLocation::EXTERNAL.into();
        tensor.external_data = vec![
            entry("location", location.to_owned()),
            entry("offset", offset.to_string()),
            entry("length", bytes.len().to_string()),
        ];
    }

    /// The file, if anything was stored.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then_some(self.0)
    }
}
