//! What a training step sees: the query view is never in the context.

use std::collections::BTreeSet;

use gqn_scenes::World;
use gqn_trainer::config::TrainConfig;
use gqn_trainer::data::batch::choices;

#[test]
fn the_query_view_is_never_in_the_context() {
    for world in World::ALL {
        let mut scenes = TrainConfig::preset(gqn_formats::Preset::TinyTower).scenes();
        (scenes.data.world, scenes.data.scenes, scenes.data.batch) = (world, 50, 7);
        scenes.data.max_context = world.max_context();
        let (mut sizes, mut queries) = (BTreeSet::new(), BTreeSet::new());
        // Each of at most 14 sizes is drawn about 28 times in 400 steps.
        for step in 0..400 {
            let batch = choices(&scenes, step);
            assert_eq!(batch.len(), scenes.data.batch);
            for choice in &batch {
                assert!(!choice.context.contains(&choice.query), "step {step}: {choice:?}");
                let distinct: BTreeSet<_> = choice.context.iter().collect();
                assert_eq!(distinct.len(), choice.context.len(), "step {step}: {choice:?}");
                assert!(distinct.iter().all(|view| **view < world.views_per_scene()));
                sizes.insert(choice.context.len());
                queries.insert(choice.query);
            }
        }
        assert_eq!(sizes, (1..=world.max_context()).collect(), "{world}: sizes of the context");
        assert_eq!(queries, (0..world.views_per_scene()).collect(), "{world}: views to paint");
    }
}
