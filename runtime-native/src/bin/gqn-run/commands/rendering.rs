//! Rendering many cameras, and how far the pictures are from the true ones.

use gqn_command_line::progress_bar;
use gqn_runtime::{Engine, Noise, Session, SessionError};
use gqn_scenes::{Camera, Frame};
use gqn_system::Overwrite;

use crate::cli;

/// Pictures rendered in one run of the graph: enough to keep the cores busy, few enough for progress and memory.
pub(super) const BATCH: usize = 8;

/// Renders many cameras, with progress.
pub(super) fn render_views(
    session: &mut Session<impl Engine>,
    cameras: &[Camera],
    noise: &Noise,
) -> Result<Vec<Frame>, SessionError> {
    let bar = progress_bar("rendering", cameras.len());
    let mut frames = Vec::with_capacity(cameras.len());
    for batch in cameras.chunks(BATCH) {
        frames.extend(session.query(batch, noise)?);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(frames)
}

/// Mean squared error of pictures, and their signal-to-noise ratio, for people.
pub(super) fn errors(rendered: &[Frame], truth: &[Frame]) -> String {
    error_in_words(mse(rendered, truth))
}

pub(super) fn error_in_words(mse: f64) -> String {
    format!("MSE {mse:.4}, PSNR {:.1} dB", gqn_pictures::psnr(mse))
}

/// Mean squared error of pictures.
pub(super) fn mse(rendered: &[Frame], truth: &[Frame]) -> f64 {
    let planar = |frame: &Frame| {
        let mut values = vec![0.0; 3 * frame.side() * frame.side()];
        frame.write_planar(&mut values);
        values
    };
    let error = |(a, b): (&Frame, &Frame)| gqn_pictures::mse(&planar(a), &planar(b));
    rendered.iter().zip(truth).map(error).sum::<f64>() / rendered.len().max(1) as f64
}

pub(super) fn noise(flags: &cli::RenderFlags) -> Noise {
    Noise::new(flags.noise_seed, flags.temperature)
}

pub(super) fn overwrite(flags: &cli::RenderFlags) -> Overwrite {
    Overwrite::forced(flags.force)
}
