//! Where the numbers of weights are stored: in the model, in a file beside it, or shared.

use memchr::memmem::Finder;
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
    /// Where that file of another graph holds the same bytes; in the model's own file where it does not.
    Shared { location: &'a str, content: &'a [u8] },
}

/// Puts the numbers of one weight after the other where they belong.
#[derive(Debug)]
pub(super) struct Store<'a> {
    storage: Storage<'a>,
    beside: Vec<u8>,
    /// Where the search in a shared file goes on: graphs mostly hold their weights in the same order.
    next: usize,
}

impl<'a> Store<'a> {
    pub(super) fn new(storage: Storage<'a>) -> Self {
        Self { storage, beside: Vec::new(), next: 0 }
    }

    /// Gives the tensor its numbers, or points it at them.
    pub(super) fn store(&mut self, tensor: &mut TensorProto, bytes: Vec<u8>) {
        match self.storage {
            Storage::Inline => tensor.raw_data = bytes,
            Storage::Beside(location) => {
                self.beside.resize(self.beside.len().next_multiple_of(ALIGNMENT), 0);
                point(tensor, location, self.beside.len(), bytes.len());
                self.beside.extend_from_slice(&bytes);
            }
            Storage::Shared { location, content } => {
                // Any place with these bytes will do: equal bytes are equal numbers.
                let weight = Finder::new(&bytes);
                let found = weight.find(&content[self.next..]).map(|offset| self.next + offset);
                match found.or_else(|| weight.find(content)) {
                    Some(offset) => {
                        point(tensor, location, offset, bytes.len());
                        self.next = offset + bytes.len();
                    }
                    None => tensor.raw_data = bytes,
                }
            }
        }
    }

    /// The file beside the model, if anything was stored in one.
    pub(super) fn into_beside(self) -> Option<Vec<u8>> {
        (!self.beside.is_empty()).then_some(self.beside)
    }
}

fn point(tensor: &mut TensorProto, location: &str, offset: usize, length: usize) {
    let entry = |key: &str, value: String| StringStringEntryProto {
        key: key.to_owned(),
        value,
        ..Default::default()
    };
    tensor.data_location = DataLocation::EXTERNAL.into();
    tensor.external_data = vec![
        entry("location", location.to_owned()),
        entry("offset", offset.to_string()),
        entry("length", length.to_string()),
    ];
}
