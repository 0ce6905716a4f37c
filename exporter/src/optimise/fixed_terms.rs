//! What does not change over a rollout: the terms of the gates that scene and camera make.

use super::layout::Layout;
use super::pose::pose_term;
use super::renderer::render;
use super::scene::spread_scene;
use crate::graph::{Graph, Value};
use crate::model::{Query, Rendered};

/// What is computed in front of the loop over the DRAW steps.
#[derive(Debug)]
pub(crate) struct FixedTerms {
    /// The terms of every core's gates, as [`Layout::enter`] hands them out.
    pub(crate) of_cores: Vec<Vec<Value>>,
    /// The RGB skip connection of a voxel model, `[B,3,S,S]`.
    pub(crate) skip: Option<Value>,
}

impl FixedTerms {
    /// Scene and camera of a query. `of_inputs` makes the terms of a voxel model's ray map and rendered features.
    pub(crate) fn new(
        graph: &mut Graph,
        layout: &dyn Layout,
        of_inputs: impl FnOnce(&mut Graph, &Value) -> Vec<Vec<Value>>,
        query: &Query<'_>,
    ) -> Self {
        let config = graph.config.clone();
        if config.voxel.is_some() {
            let Rendered { rays, features, skip } = render(graph, query);
            let inputs = graph.concat("fixed_inputs", 1, &[&rays, &features]);
            return Self { of_cores: of_inputs(graph, &inputs), skip: Some(skip) };
        }
        let v = graph.as_picture("pose/as_picture", query.poses);
        let scenes = spread_scene(graph, &config, query.scene);
        let terms = scenes.iter().enumerate().map(|(core, scene)| {
            let pose = pose_term(graph, &config, core, &v);
            let label = if config.shared_core { String::new() } else { format!(".{core}") };
            let fixed = graph.add(&format!("fixed_term{label}"), &pose, scene);
            layout.enter(graph, &format!("fixed{label}"), &fixed)
        });
        Self { of_cores: terms.collect(), skip: None }
    }
}
