//! Where does the model make things up? Pictures rendered with several noises differ there.

use gqn_scenes::Camera;

use crate::engine::Engine;
use crate::error::SessionError;
use crate::noise::Noise;
use crate::session::Session;

/// The standard deviation that maps of uncertainty show as white, of values in \[0, 1\].
pub const FULL_STD_DEV: f32 = 0.25;

/// Several samples of one view, summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// Mean of the samples, `[3,S,S]`.
    pub mean_frame: Vec<f32>,
    /// Standard deviation of every pixel over the samples, `[S,S]`: the root of the mean variance of its channels.
    pub std_dev: Vec<f32>,
    /// The mean over the pixels of that.
    pub mean_std_dev: f32,
}

impl<E: Engine> Session<E> {
    /// Renders the view `samples` times, with the noises of seeds `seed`, `seed + 1`, and so on.
    ///
    /// # Errors
    /// As [`Session::query_planar`], and [`SessionError::Samples`] for less than two samples.
    pub fn uncertainty(
        &mut self,
        camera: &Camera,
        seed: u64,
        samples: usize,
    ) -> Result<Uncertainty, SessionError> {
        if samples < 2 {
            return Err(SessionError::Samples { found: samples });
        }
        let pixels = self.config().image_size.pow(2);
        let (mut sums, mut squares) = (vec![0.0_f64; 3 * pixels], vec![0.0_f64; 3 * pixels]);
        for sample in 0..samples as u64 {
            let frame =
                self.query_planar(&[*camera], &Noise::new(seed.wrapping_add(sample), 1.0))?;
            for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(&frame) {
                *sum += f64::from(*value);
                *square += f64::from(*value).powi(2);
            }
        }
        let count = samples as f64;
        // What can be known of the variance from few samples: divided by one less than their number.
        let variance = |index: usize| {
            ((squares[index] - sums[index].powi(2) / count) / (count - 1.0)).max(0.0)
        };
        let std_dev: Vec<f32> = (0..pixels)
            .map(|pixel| {
                let channels = (0..3).map(|channel| variance(channel * pixels + pixel));
                (channels.sum::<f64>() / 3.0).sqrt() as f32
            })
            .collect();
        Ok(Uncertainty {
            mean_frame: sums.iter().map(|sum| (sum / count) as f32).collect(),
            mean_std_dev: std_dev.iter().sum::<f32>() / pixels as f32,
            std_dev,
        })
    }
}
