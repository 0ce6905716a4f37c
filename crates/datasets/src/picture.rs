//! JPEG files to pixels and back.

use gqn_pictures::{Limits, Resize, Resizer, Rgb8, decode_rgb8};
use gqn_scenes::Frame;

use crate::damage::Damage;
use crate::error::DataError;

/// Brings the frames of a data set to one size. Keeps the weights of the size that it met last.
#[derive(Debug)]
pub struct Decoder {
    side: usize,
    way: Resize,
    resizer: Option<(usize, Resizer)>,
}

impl Decoder {
    /// For frames of `side` pixels.
    ///
    /// # Panics
    /// When `side` is 0.
    pub fn new(side: usize, way: Resize) -> Self {
        assert!(side > 0, "a frame has a side");
        Self { side, way, resizer: None }
    }

    /// Writes the frame of a JPEG file: `out [side,side,3]`. `view` is for the error.
    ///
    /// # Errors
    /// [`Damage`]: it is no JPEG file, or no square picture.
    pub fn decode(&mut self, view: usize, jpeg: &[u8], out: &mut [u8]) -> Result<(), Damage> {
        let (from, rgb8) = decode_jpeg(view, jpeg)?;
        if from == self.side {
            out.copy_from_slice(&rgb8);
            return Ok(());
        }
        let resizer = match &mut self.resizer {
            Some((side, resizer)) if *side == from => resizer,
            other => &mut other.insert((from, Resizer::new(self.way, from, self.side))).1,
        };
        resizer.apply(&rgb8, out);
        Ok(())
    }
}

/// The side of a JPEG file's square picture, and its bytes, RGB by turns.
pub(crate) fn decode_jpeg(view: usize, jpeg: &[u8]) -> Result<(usize, Vec<u8>), Damage> {
    let Rgb8 { width, height, pixels } =
        decode_rgb8(jpeg).map_err(|source| Damage::Jpeg { view, source })?;
    if width != height {
        return Err(Damage::Size { view, width, height, most: Limits::FRAME.side as usize });
    }
    Ok((width, pixels))
}

/// Bytes of floats from 0 to 1; the text of the error says which is none.
pub(crate) fn bytes_of_floats(values: &[f32]) -> Result<Vec<u8>, String> {
    if let Some(found) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(format!(
            "a colour is {found}, expected floats from 0 to 1\nhint: divide them, or store bytes (uint8)"
        ));
    }
    Ok(values.iter().map(|value| (value * 255.0).round() as u8).collect())
}

/// A JPEG file of a frame; `quality` runs from 1 to 100.
///
/// # Errors
/// [`DataError::Encode`]: the encoder refused it.
pub fn encode_jpeg(frame: &Frame, quality: u8) -> Result<Vec<u8>, DataError> {
    Ok(gqn_pictures::encode_jpeg(frame.side(), frame.side(), frame.rgb8(), quality)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_colours_from_0_to_1() {
        assert_eq!(bytes_of_floats(&[0.0, 0.5, 1.0]).expect("colours"), [0, 128, 255]);
        for wrong in [-0.1, 1.1, 255.0, f32::NAN] {
            assert!(bytes_of_floats(&[0.0, wrong]).expect_err("no colour").contains("hint:"));
        }
    }
}
