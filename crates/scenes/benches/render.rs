//! Frames a second on one core, per world: `cargo bench -p gqn-scenes [-- SIDE]`.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use gqn_scenes::{Scene, World};

const SCENES: u64 = 40;
const ROUNDS: usize = 9;

fn main() -> std::io::Result<()> {
    // Cargo passes `--bench`; a bare number is ours.
    let side = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(64);
    for world in World::ALL {
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| frames_a_second(world, side)).collect();
        rates.sort_by(f64::total_cmp);
        let (low, median, high) = (rates[0], rates[ROUNDS / 2], rates[ROUNDS - 1]);
        writeln!(
            std::io::stdout().lock(),
            "{world:<20} {side}x{side}  {median:6.0} frames/s (median of {ROUNDS} rounds; {low:.0} to {high:.0})"
        )?;
    }
    Ok(())
}

fn frames_a_second(world: World, side: usize) -> f64 {
    let started = Instant::now();
    let mut frames = 0;
    for seed in 0..SCENES {
        let scene = Scene::generate(world, seed);
        for camera in scene.cameras(3) {
            black_box(scene.render(&camera, side));
            frames += 1;
        }
    }
    f64::from(frames) / started.elapsed().as_secs_f64()
}
