//! Scenes that stay in a provider's memory between queries.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use gqn_formats::{Tensor, names};
use gqn_runtime::EngineError;
use ort::session::IoBinding;

use crate::graph::OrtGraph;

/// Scenes in the provider's memory, at most; some hundred kilobytes each. The one that was asked for least recently makes room.
const MOST: usize = 16;

/// The scenes that were asked for last, the latest first.
#[derive(Debug, Default)]
pub(crate) struct ResidentScenes(VecDeque<Resident>);

#[derive(Debug)]
struct Resident {
    /// As long as this is here no other tensor has its address, and nobody can change the scene.
    scene: Weak<Tensor>,
    binding: IoBinding,
}

impl ResidentScenes {
    /// A binding of the generator that holds the scene; the scene is copied into it unless it is there. Scenes that
    /// nobody else holds any more are given up.
    ///
    /// # Errors
    /// [`EngineError::Run`] if the provider does not take it.
    pub(crate) fn binding(
        &mut self,
        generator: &OrtGraph,
        scene: &Arc<Tensor>,
    ) -> Result<&mut IoBinding, EngineError> {
        self.0.retain(|resident| resident.scene.strong_count() > 0);
        let is_it = |resident: &Resident| std::ptr::eq(resident.scene.as_ptr(), Arc::as_ptr(scene));
        let found = self.0.iter().position(is_it).and_then(|index| self.0.remove(index));
        let resident = match found {
            Some(resident) => resident,
            None => Resident {
                scene: Arc::downgrade(scene),
                binding: generator.bind(names::SCENE, scene)?,
            },
        };
        self.0.truncate(MOST - 1);
        self.0.push_front(resident);
        Ok(&mut self.0[0].binding)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}
