//! Whether a graph was made for the cameras of its manifest.

use crate::error::FormatError;
use crate::manifest::Manifest;
use crate::ports::names;
use crate::voxel::VoxelConfig;

impl Manifest {
    /// Refuses a graph that was made for other cameras than the manifest says. The manifest has no checksum of its own,
    /// but the graphs say what they take for a pose, and those of voxel models for which geometry they are.
    ///
    /// `entry` gives the graph's metadata by key.
    ///
    /// # Errors
    /// [`FormatError::PoseEncoding`] or [`FormatError::GraphGeometry`] if they differ, and the latter too if the graph of a
    /// voxel model has no [`names::GRAPH_VOXEL`]; [`FormatError::MetadataValue`] if that cannot be read.
    pub fn check_graph(
        &self,
        graph: &'static str,
        entry: impl Fn(&str) -> Option<String>,
    ) -> Result<(), FormatError> {
        let found = self.pose_encoding.to_string();
        if let Some(expected) = entry(names::GRAPH_POSE_ENCODING).filter(|own| *own != found) {
            let what = names::MANIFEST_FILE.to_owned();
            return Err(FormatError::PoseEncoding { what, found, expected });
        }
        let (what, key) = (graph.to_owned(), names::GRAPH_VOXEL);
        let own = entry(key).map(|json| serde_json::from_str::<VoxelConfig>(&json));
        let own =
            own.transpose().map_err(|source| FormatError::MetadataValue { what, key, source })?;
        match (&own, &self.config.voxel) {
            (None, None) => Ok(()),
            (Some(own), Some(config)) if is_same(own, config) => Ok(()),
            (own, config) => {
                let text = |voxel: &Option<VoxelConfig>| voxel.as_ref().map(json);
                let (found, expected) = (text(own), text(config));
                Err(FormatError::GraphGeometry { graph, found, expected })
            }
        }
    }
}

fn json(voxel: &VoxelConfig) -> String {
    serde_json::to_string(voxel).expect("plain data is JSON")
}

/// Whether a geometry that was read from JSON is that one. A number that goes to JSON and back may change in its last bit.
fn is_same(read: &VoxelConfig, voxel: &VoxelConfig) -> bool {
    read == voxel
        || serde_json::from_str(&json(voxel)).is_ok_and(|again: VoxelConfig| *read == again)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::tests::manifest;
    use crate::{GraphPorts, Preset};

    fn voxel_manifest() -> Manifest {
        let config = Preset::Tiny.config();
        let scene = config.scene_shape();
        Manifest {
            representation: GraphPorts::representation(&config, &scene),
            generator: GraphPorts::generator(&config, &scene),
            drawing: None,
            config,
            ..manifest(BTreeMap::new())
        }
    }

    #[track_caller]
    fn check(manifest: &Manifest, entries: &[(&str, &str)], parts: &[&str]) {
        let entry = |key: &str| {
            let found = entries.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        };
        let result = manifest.check_graph("generator.onnx", entry);
        if parts.is_empty() {
            return result.expect("a graph of this manifest");
        }
        let error = result.expect_err("another graph").to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }

    #[test]
    fn a_graph_is_held_against_the_manifest() {
        let (tower, voxel) = (manifest(BTreeMap::new()), voxel_manifest());
        let geometry = json(voxel.config.voxel.as_ref().expect("a voxel model"));
        check(&tower, &[], &[]);
        check(&tower, &[("gqn_pose_encoding", "xyz-cos-sin")], &[]);
        check(&tower, &[("gqn_pose_encoding", "xyz-sin-cos")], &["xyz-sin-cos", "hint:"]);
        check(&voxel, &[("gqn_voxel", &geometry)], &[]);
        check(&voxel, &[], &["generator.onnx", "has no `gqn_voxel`", "hint:"]);
        check(&tower, &[("gqn_voxel", &geometry)], &["manifest.json has none", "hint:"]);
        check(&voxel, &[("gqn_voxel", "{\"low\":1}")], &["generator.onnx", "gqn_voxel"]);
    }

    #[test]
    fn another_geometry_is_refused() {
        let voxel = voxel_manifest();
        let mut other = voxel.config.voxel.clone().expect("a voxel model");
        other.field_of_view = 1.0;
        let found = json(&other);
        check(&voxel, &[("gqn_voxel", &found)], &["\"field_of_view\":1.0", "0.872665", "hint:"]);
        other.field_of_view = 0.872_665;
        other.cells = [8, 8, 4];
        check(&voxel, &[("gqn_voxel", &json(&other))], &["[8,8,4]", "hint:"]);
    }

    #[test]
    fn the_last_bit_of_a_number_is_no_difference() {
        let mut voxel = voxel_manifest();
        let geometry = voxel.config.voxel.as_mut().expect("a voxel model");
        for step in 1..2000 {
            geometry.low[0] = -1.0 - f64::from(step) / 7919.0;
            let text = json(geometry);
            let read: VoxelConfig = serde_json::from_str(&text).expect("a geometry");
            assert!(is_same(&read, geometry), "{text}");
        }
    }
}
