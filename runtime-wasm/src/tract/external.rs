//! Weights in files beside a graph, put back into it for tract.

use anyhow::{Context, Result};
use tract_onnx::pb::{ModelProto, tensor_proto::DataLocation};

use gqn_portable::{Files, part};

/// Puts weights that stand in files of their own back into the graph: tract itself would look for them on a disk.
pub(super) fn inline_external(proto: &mut ModelProto, files: &Files<'_>) -> Result<()> {
    let Some(graph) = &mut proto.graph else { return Ok(()) };
    for tensor in &mut graph.initializer {
        if tensor.data_location == Some(DataLocation::External as i32) {
            let entry = |key: &str| {
                tensor
                    .external_data
                    .iter()
                    .find(|entry| entry.key == key)
                    .map(|entry| &*entry.value)
            };
            let raw = part(entry, files).with_context(|| format!("constant `{}`", tensor.name))?;
            tensor.raw_data = raw.to_vec();
            tensor.data_location = None;
            tensor.external_data.clear();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tract_onnx::pb::{GraphProto, StringStringEntryProto, TensorProto};

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
        assert!(format!("{message:#}").contains("a.data"));
    }
}
