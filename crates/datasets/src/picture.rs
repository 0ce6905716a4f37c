//! JPEG files to pixels and back.

use gqn_scenes::Frame;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::damage::Damage;
use crate::error::DataError;
use crate::resize::{Resize, Resizer};

/// The largest side that is decoded, in pixels: no set has larger ones, and a damaged header may ask for anything.
const MOST: usize = 4096;

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
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(MOST)
        .set_max_height(MOST)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let rgb8 = decoder.decode().map_err(|source| Damage::Jpeg { view, source })?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if width != height || width == 0 || rgb8.len() != 3 * width * height {
        return Err(Damage::Size { view, width, height, most: MOST });
    }
    Ok((width, rgb8))
}

/// A JPEG file of a frame; `quality` runs from 1 to 100.
///
/// # Errors
/// [`DataError::Jpeg`]: the encoder refused it.
pub fn encode_jpeg(frame: &Frame, quality: u8) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let side = frame.side() as u32;
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(frame.rgb8(), side, side, ExtendedColorType::Rgb8)
        .map_err(|source| DataError::Jpeg { source })?;
    Ok(bytes)
}
