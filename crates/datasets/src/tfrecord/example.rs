//! `tf.train.Example`: named lists of bytes, floats or integers, as a protocol buffer.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::{Message, Oneof};

/// The whole message.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Example {
    #[prost(message, optional, tag = "1")]
    features: Option<Features>,
}

#[derive(Clone, PartialEq, Message)]
struct Features {
    #[prost(btree_map = "string, message", tag = "1")]
    feature: BTreeMap<String, Feature>,
}

#[derive(Clone, PartialEq, Message)]
struct Feature {
    #[prost(oneof = "List", tags = "1, 2, 3")]
    list: Option<List>,
}

#[derive(Clone, PartialEq, Oneof)]
enum List {
    #[prost(message, tag = "1")]
    Bytes(BytesList),
    #[prost(message, tag = "2")]
    Floats(FloatList),
    #[prost(message, tag = "3")]
    Integers(IntegerList),
}

#[derive(Clone, PartialEq, Message)]
struct BytesList {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    value: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct FloatList {
    #[prost(float, repeated, tag = "1")]
    value: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct IntegerList {
    #[prost(int64, repeated, tag = "1")]
    value: Vec<i64>,
}

impl Example {
    /// A message with a list of byte strings and a list of numbers.
    pub(crate) fn new(bytes: (&str, Vec<Bytes>), floats: (&str, Vec<f32>)) -> Self {
        let bytes = (bytes.0.to_owned(), List::Bytes(BytesList { value: bytes.1 }));
        let floats = (floats.0.to_owned(), List::Floats(FloatList { value: floats.1 }));
        let feature = [bytes, floats].map(|(name, list)| (name, Feature { list: Some(list) }));
        Self { features: Some(Features { feature: feature.into() }) }
    }

    /// The byte strings of that name, if there are such.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[Bytes]> {
        match self.list(name)? {
            List::Bytes(list) => Some(&list.value),
            _ => None,
        }
    }

    /// The numbers of that name, if there are such.
    pub(crate) fn floats(&self, name: &str) -> Option<&[f32]> {
        match self.list(name)? {
            List::Floats(list) => Some(&list.value),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Option<&List> {
        self.features.as_ref()?.feature.get(name)?.list.as_ref()
    }
}
