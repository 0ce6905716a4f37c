use std::collections::BTreeMap;

use tract_onnx::pb::{ModelProto, TensorProto, tensor_proto::DataLocation};

/// Puts weights that stand in files of their own back into the graph: tract itself would look for them on a disk.
pub(crate) fn inline_external(
    proto: &mut ModelProto,
    files: &BTreeMap<&str, &[u8]>,
) -> Result<(), String> {
    let Some(graph) = &mut proto.graph else { return Ok(()) };
    for tensor in &mut graph.initializer {
        if tensor.data_location == Some(DataLocation::External as i32) {
            tensor.raw_data = content(tensor, files)?.to_vec();
            tensor.data_location = None;
            tensor.external_data.clear();
        }
    }
    Ok(())
}

fn content<'a>(tensor: &TensorProto, files: &BTreeMap<&str, &'a [u8]>) -> Result<&'a [u8], String> {
    let name = &tensor.name;
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    };
    let number = |key: &str| {
        let parse = |value: &str| {
            value.parse::<usize>().map_err(|_| format!("`{name}`: {key} `{value}` is no number"))
        };
        entry(key).map(parse).transpose()
    };
    let location =
        entry("location").ok_or_else(|| format!("`{name}` stands in a file without a name"))?;
    let file = *files
        .get(location)
        .ok_or_else(|| format!("`{name}` stands in {location}, which is missing"))?;
    let offset = number("offset")?.unwrap_or(0);
    let length = number("length")?.unwrap_or(file.len().saturating_sub(offset));
    let end = offset.checked_add(length);
    end.and_then(|end| file.get(offset..end)).ok_or_else(|| {
        format!("{location} has {} bytes, `{name}` expects {length} from {offset}", file.len())
    })
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{GraphProto, StringStringEntryProto};

    use super::*;

    fn proto(offset: &str) -> ModelProto {
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        let tensor = TensorProto {
            name: "w".into(),
            data_location: Some(DataLocation::External as i32),
            external_data: vec![
                entry("location", "a.data"),
                entry("offset", offset),
                entry("length", "2"),
            ],
            ..TensorProto::default()
        };
        ModelProto {
            graph: Some(GraphProto { initializer: vec![tensor], ..GraphProto::default() }),
            ..ModelProto::default()
        }
    }

    #[test]
    fn slices_are_taken_and_wrong_ones_refused() {
        let files = BTreeMap::from([("a.data", &[1, 2, 3, 4][..])]);
        let mut fits = proto("1");
        inline_external(&mut fits, &files).expect("two bytes");
        assert_eq!(fits.graph.expect("a graph").initializer[0].raw_data, [2, 3]);
        for offset in ["3", "18446744073709551615", "x"] {
            assert!(inline_external(&mut proto(offset), &files).is_err());
        }
        let message = inline_external(&mut proto("0"), &BTreeMap::new()).expect_err("no file");
        assert!(message.contains("a.data"));
    }
}
