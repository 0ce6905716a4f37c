//! What an evaluation renders and measures.

use crate::config::RunScenes;

/// What is painted and measured.
#[derive(Debug, Clone)]
pub struct TestPlan {
    /// How many scenes; `None` for all there are (of a rendered world: what the configuration says).
    pub scenes: Option<u64>,
    /// Numbers of context views, ascending. Views after the largest are painted.
    pub contexts: Vec<usize>,
    /// Views that are painted of each scene, at most; they lie evenly over those left.
    pub queries: usize,
    /// Samples of each picture, at least one.
    pub samples: usize,
    /// σ of the bound.
    pub pixel_std_dev: f64,
    /// Seed of the noise.
    pub seed: u64,
}

impl TestPlan {
    /// Pictures of a scene, at most: a maze has 280 views to paint.
    pub const QUERIES: usize = 16;

    /// What a run measures at its end: one, two, three context views as far as the run trains on so many, and its most.
    pub fn of_run(run: &RunScenes, pixel_std_dev: f64) -> Self {
        let most = run.data.max_context;
        let contexts = (1..=3).filter(|context| *context < most).chain([most]).collect();
        Self {
            scenes: Some(run.data.test_scenes),
            contexts,
            queries: Self::QUERIES,
            samples: 1,
            pixel_std_dev,
            seed: run.seed,
        }
    }

    fn most_context(&self) -> usize {
        self.contexts.last().copied().unwrap_or(0)
    }

    /// The views to paint of a scene of `views`.
    pub(super) fn query_views(&self, views: usize) -> Vec<usize> {
        let left = views.saturating_sub(self.most_context());
        let count = left.min(self.queries);
        (0..count).map(|index| self.most_context() + index * left / count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_to_paint_lie_behind_the_context_and_evenly() {
        let plan = |queries, contexts: &[usize]| {
            let contexts = contexts.to_vec();
            TestPlan { scenes: None, contexts, queries, samples: 1, pixel_std_dev: 1.0, seed: 0 }
        };
        assert_eq!(plan(16, &[1, 2, 5]).query_views(10), [5, 6, 7, 8, 9]);
        assert_eq!(plan(4, &[20]).query_views(300), [20, 90, 160, 230]);
        assert_eq!(plan(4, &[14]).query_views(15), [14]);
    }
}
