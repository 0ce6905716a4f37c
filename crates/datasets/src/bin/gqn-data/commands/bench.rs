//! How fast scenes are read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use gqn_command_line::print_line;
use gqn_datasets::{DataError, DataSet, Decoder, Prefetch, Shuffle};

use super::data_set::open;
use crate::cli;

/// Batches that are read ahead for each thread.
const AHEAD: usize = 2;

/// `gqn-data bench`: reads shuffled batches as the trainer does.
pub(crate) fn bench(flags: &cli::Bench) -> Result<()> {
    ensure!(
        flags.seconds > 0.0 && flags.seconds < 1e6,
        "the seconds of a round are {}, expected a positive number",
        flags.seconds
    );
    let set = Arc::new(open(&flags.from)?);
    let views = flags.views.map_or(set.views(), |views| (views as usize).min(set.views()));
    let mut rates = vec![Vec::new(); flags.threads.len()];
    for round in 0..flags.rounds {
        for (rates, threads) in rates.iter_mut().zip(&flags.threads) {
            rates.push(scenes_per_sec(&set, flags, views, usize::from(*threads), round)?);
        }
    }
    for (rates, threads) in rates.iter_mut().zip(&flags.threads) {
        rates.sort_by(f64::total_cmp);
        let (low, median, high) = (rates[0], rates[rates.len() / 2], rates[rates.len() - 1]);
        print_line(&format!(
            "{threads} threads: {median:.0} scenes/s of {views} views at {size} pixels, {frames:.0} frames/s \
             (median of {rounds} rounds; {low:.0} to {high:.0} scenes/s)",
            size = flags.size,
            frames = median * views as f64,
            rounds = flags.rounds,
        ))?;
    }
    Ok(())
}

fn scenes_per_sec(
    set: &Arc<DataSet>,
    flags: &cli::Bench,
    views: usize,
    threads: usize,
    round: u32,
) -> Result<f64, DataError> {
    let (side, way, batch) = (flags.size as usize, flags.resize, flags.batch as usize);
    let data = Arc::clone(set);
    let job = move |step: u64| {
        let mut decoder = Decoder::new(side, way);
        let mut pixels = vec![0; batch * views * 3 * side * side];
        for (index, pixels) in pixels.chunks_exact_mut(views * 3 * side * side).enumerate() {
            let place = step as usize * batch + index;
            let order = Shuffle::new(data.len(), u64::from(round), (place / data.len()) as u64);
            let record = data.scene(order.at(place % data.len()))?;
            for (view, out) in pixels.chunks_exact_mut(3 * side * side).enumerate() {
                // Damage is `verify`'s to report; here a frame is a frame.
                let _ = decoder.decode(view, &record.frames[view], out);
            }
        }
        Ok::<_, DataError>(pixels)
    };
    let prefetch = Prefetch::new(0, threads, AHEAD * threads, job);
    // The first results fill the queue.
    prefetch.next_result()?;
    let (started, time) = (Instant::now(), Duration::from_secs_f64(flags.seconds));
    let mut batches = 0;
    while started.elapsed() < time {
        prefetch.next_result()?;
        batches += 1;
    }
    Ok((batches * batch) as f64 / started.elapsed().as_secs_f64())
}
