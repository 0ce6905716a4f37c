//! Where a graph says that numbers of it lie outside: `TensorProto.external_data` of an ONNX file, found without an ONNX
//! library, so that it can be refused before an engine reads any such file. And what a graph says about itself.

use std::collections::{BTreeMap, BTreeSet};

/// Graphs in attributes of nodes in graphs …: no exporter nests deeper than a few.
const DEEPEST: usize = 64;
/// The longest location, and the most of them: names of files in one folder.
const LONGEST: usize = 4096;
const MOST: usize = 10_000;
/// Fields of all messages: each takes some hundred bytes where it is read, and large graphs have some ten thousand.
const MOST_FIELDS: usize = 1 << 19;
/// Of a model its metadata, of an entry its key and its value.
const METADATA: u32 = 14;
const KEY: u32 = 1;
const VALUE: u32 = 2;
/// Of a node its operator, and the one whose attribute is code that a provider of ONNX Runtime compiled and runs unchecked.
const OPERATOR: u32 = 4;
const COMPILED: &[u8] = b"EPContext";

/// The messages of `onnx.proto` in which a tensor may lie, and those of ports.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    Sparse,
    Tensor,
    Entry,
    Port,
    PortType,
    TensorType,
    Shape,
}

impl Kind {
    /// The message in a field; `None` where neither a tensor can be nor a part of a port.
    fn field(self, number: u32) -> Option<Self> {
        match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => {
                Some(Self::Graph)
            }
            (Self::Model, 20) => Some(Self::Training),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Function, 7) | (Self::Graph, 1) => Some(Self::Node),
            (Self::Function, 11) | (Self::Node, 5) => Some(Self::Attribute),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => {
                Some(Self::Tensor)
            }
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::Sparse),
            (Self::Tensor, 13) => Some(Self::Entry),
            (Self::Graph, 11..=13) => Some(Self::Port),
            (Self::Port, 2) => Some(Self::PortType),
            (Self::PortType, 1) => Some(Self::TensorType),
            (Self::TensorType, 2) => Some(Self::Shape),
            _ => None,
        }
    }
}

/// The part of a message that was not walked yet.
#[derive(Debug)]
struct Cursor<'a> {
    kind: Kind,
    rest: &'a [u8],
    /// Of an entry, whether its key is `location`, and its value.
    is_location: bool,
    value: &'a [u8],
}

/// The files that a model names as those in which numbers of it lie, in the order of their names.
///
/// One pass over the headers of the fields, without recursion; the numbers themselves are not looked at. What passes has no
/// more parts than a parser has room for.
///
/// # Errors
/// The text says why these bytes are no ONNX model that this reads, or that one of its nodes holds compiled code (`EPContext`).
pub fn external_locations(model: &[u8]) -> Result<BTreeSet<String>, &'static str> {
    let open = |kind, rest| Cursor { kind, rest, is_location: false, value: &[] };
    let mut found = BTreeSet::new();
    let mut stack = vec![open(Kind::Model, model)];
    let mut fields = 0;
    while let Some(top) = stack.last_mut() {
        if top.rest.is_empty() {
            if top.is_location {
                if top.value.len() > LONGEST || found.len() == MOST {
                    return Err("it names too many or too long files of numbers");
                }
                found.insert(String::from_utf8_lossy(top.value).into_owned());
            }
            stack.pop();
            continue;
        }
        let (number, content) = field(&mut top.rest)?;
        fields += 1;
        if fields > MOST_FIELDS {
            return Err("its graphs have too many parts");
        }
        let Some(content) = content else { continue };
        if matches!(top.kind, Kind::Node) && number == OPERATOR && content == COMPILED {
            return Err(
                "it holds compiled code (a node EPContext), which is run as it is; only a graph is read",
            );
        }
        if let Some(kind) = top.kind.field(number) {
            if stack.len() == DEEPEST {
                return Err("its graphs are nested too deeply");
            }
            stack.push(open(kind, content));
        } else if matches!(top.kind, Kind::Entry) {
            match number {
                KEY => top.is_location = content == b"location",
                VALUE => top.value = content,
                _ => {}
            }
        }
    }
    Ok(found)
}

/// What a model says about itself (`metadata_props`), by key. Its graphs are not looked at.
///
/// # Errors
/// The text says why these bytes are no ONNX model that this reads.
pub fn onnx_metadata(model: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    let mut found = BTreeMap::new();
    let mut rest = model;
    while !rest.is_empty() {
        let (METADATA, Some(mut entry)) = field(&mut rest)? else { continue };
        let (mut key, mut value) = (String::new(), String::new());
        while !entry.is_empty() {
            match field(&mut entry)? {
                (KEY, Some(content)) => key = String::from_utf8_lossy(content).into_owned(),
                (VALUE, Some(content)) => value = String::from_utf8_lossy(content).into_owned(),
                _ => {}
            }
        }
        if found.len() == MOST {
            return Err("it says too much about itself");
        }
        found.insert(key, value);
    }
    Ok(found)
}

/// Takes one field: its number, and its content if that is bytes.
fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Option<&'a [u8]>), &'static str> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number != 0);
    let number = number.ok_or("a field has no number")?;
    let length = match tag & 7 {
        0 => {
            varint(rest)?;
            return Ok((number, None));
        }
        1 => 8,
        2 => varint(rest)?,
        5 => 4,
        _ => return Err("a field has an unknown kind"),
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= rest.len());
    let (content, behind) = rest.split_at(length.ok_or("it is cut short")?);
    *rest = behind;
    Ok((number, (tag & 7 == 2).then_some(content)))
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or("it is cut short")?;
        *rest = behind;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut value in [u64::from(number << 3 | 2), content.len() as u64] {
            while value > 0x7F {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
        }
        bytes.extend(content);
        bytes
    }

    /// A tensor whose numbers lie in that file.
    fn tensor(location: &str) -> Vec<u8> {
        let entry = |key: &str, value: &str| {
            message(13, &[message(1, key.as_bytes()), message(2, value.as_bytes())].concat())
        };
        [entry("offset", "location"), entry("location", location), vec![14 << 3, 1]].concat()
    }

    #[track_caller]
    fn check(model: &[u8], locations: &[&str]) {
        let found = external_locations(model).expect("a model");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), locations);
    }

    #[test]
    fn tensors_are_found_wherever_they_may_be() {
        check(&[], &[]);
        let initializer = message(5, &tensor("a"));
        let sparse = message(15, &message(2, &tensor("b")));
        let constant = message(1, &message(5, &message(5, &tensor("../c"))));
        let branch = message(1, &message(5, &message(6, &message(5, &tensor("/etc/d")))));
        let graph = [initializer, sparse, constant.clone(), branch].concat();
        let function = message(7, &message(5, &message(10, &tensor("e"))));
        let training = message(2, &message(5, &tensor("f")));
        let model = [
            vec![8, 8],
            message(7, &graph),
            // A field that comes twice is merged by a parser.
            message(7, &message(5, &tensor("g"))),
            message(25, &function),
            message(20, &training),
        ];
        check(&model.concat(), &["../c", "/etc/d", "a", "b", "e", "f", "g"]);
        // What looks like one in the numbers of a tensor is none.
        check(&message(7, &message(5, &message(9, &tensor("x")))), &[]);
    }

    #[test]
    fn what_a_model_says_about_itself_is_read() {
        let entry = |key: &str, value: &str| {
            message(14, &[message(1, key.as_bytes()), message(2, value.as_bytes())].concat())
        };
        // A graph of nested groups, which no reader of metadata has to look at.
        let graph = message(7, &vec![0x0B; 100_000]);
        let model = [vec![8, 8], entry("a", "1"), graph, entry("b", "2"), entry("a", "3")].concat();
        let found = onnx_metadata(&model).expect("a model");
        let expected = [("a", "3"), ("b", "2")].map(|(key, value)| (key.into(), value.into()));
        assert_eq!(found, BTreeMap::from(expected));
        assert!(onnx_metadata(&vec![0x0B; 100_000]).is_err());
        for length in 1..40 {
            drop(onnx_metadata(&model[..length]));
        }
    }

    #[test]
    fn compiled_code_is_refused_wherever_it_may_be() {
        let node = |operator: &str| message(1, &message(4, operator.as_bytes()));
        let branch = message(1, &message(5, &message(6, &node("EPContext"))));
        let function = message(25, &message(7, &message(4, b"EPContext")));
        // The last one counts for a parser.
        let twice = message(1, &[message(4, b"Relu"), message(4, b"EPContext")].concat());
        let models =
            [message(7, &node("EPContext")), message(7, &branch), function, message(7, &twice)];
        for model in models {
            let reason = external_locations(&model).expect_err("compiled code");
            assert!(reason.contains("EPContext"), "{reason}");
        }
        // Names of other things.
        let named = message(1, &[message(3, b"EPContext"), message(4, b"Relu")].concat());
        check(&message(7, &named), &[]);
    }

    #[test]
    fn graphs_of_too_many_parts_are_refused() {
        // Empty nodes take two bytes in a file, and a hundred times as much where they are read.
        let nodes = message(1, &[]).repeat(MOST_FIELDS);
        assert_eq!(external_locations(&message(7, &nodes)), Err("its graphs have too many parts"));
        external_locations(&message(7, &nodes[2..])).expect("as many as there may be");
        let axes = message(2, &message(1, &message(2, &message(1, &[]).repeat(MOST_FIELDS))));
        let port = message(7, &message(11, &axes));
        assert_eq!(external_locations(&port), Err("its graphs have too many parts"));
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let mut nested = tensor("x");
        for _ in 0..100 {
            nested = message(6, &message(1, &message(5, &nested)));
        }
        let deep = message(7, &message(1, &message(5, &nested)));
        assert_eq!(external_locations(&deep), Err("its graphs are nested too deeply"));
        // Nested unknown groups, which overflow the stack of some parsers.
        assert!(external_locations(&vec![0x0B; 100_000]).is_err());
        let whole = message(7, &message(5, &tensor("weights")));
        for length in 1..whole.len() {
            assert!(external_locations(&whole[..length]).is_err(), "{length} bytes");
        }
        for at in 0..whole.len() {
            for value in 0..=255 {
                let mut bytes = whole.clone();
                bytes[at] = value;
                drop(external_locations(&bytes));
            }
        }
    }
}
