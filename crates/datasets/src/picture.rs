//! JPEG files to pixels and back.

use gqn_scenes::Frame;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

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

/// The pixels of a JPEG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb8 {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// `[height,width,3]`.
    pub pixels: Vec<u8>,
}

/// Decodes a JPEG file of at most 4096 by 4096 pixels, strictly: a file that was cut short or is damaged is refused, and not
/// painted grey from there on.
///
/// # Errors
/// What the decoder says.
pub fn decode_rgb8(jpeg: &[u8]) -> Result<Rgb8, DecodeErrors> {
    if !has_end(jpeg) {
        return Err(DecodeErrors::FormatStatic("it is cut short, or no JPEG file"));
    }
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(MOST)
        .set_max_height(MOST)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let pixels = decoder.decode()?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if width * height == 0 || pixels.len() != 3 * width * height {
        return Err(DecodeErrors::FormatStatic("its pixels are not as many as its sizes say"));
    }
    Ok(Rgb8 { width, height, pixels })
}

/// Whether a file's markers lead to that of its end. Decoders fill in what is missing of the last rows.
fn has_end(jpeg: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    let Some(mut rest) = jpeg.strip_prefix(&[0xFF, 0xD8]) else { return false };
    loop {
        // Any number of fill bytes may stand before a marker.
        let marker = match rest {
            [0xFF, 0xFF, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xFF, marker, ..] => *marker,
            _ => return false,
        };
        if marker == 0xD9 {
            return true;
        }
        let length = rest.get(2..4).map(|bytes| usize::from(bytes[0]) << 8 | usize::from(bytes[1]));
        let Some(behind) = length.and_then(|length| rest.get(2 + length..)) else { return false };
        rest = behind;
        if marker == START_OF_SCAN {
            // In its data a byte FF is followed by 0, and numbered restarts are no end.
            let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7);
            let Some(at) = rest.windows(2).position(is_marker) else { return false };
            rest = &rest[at..];
        }
    }
}

/// The side of a JPEG file's square picture, and its bytes, RGB by turns.
pub(crate) fn decode_jpeg(view: usize, jpeg: &[u8]) -> Result<(usize, Vec<u8>), Damage> {
    let Rgb8 { width, height, pixels } =
        decode_rgb8(jpeg).map_err(|source| Damage::Jpeg { view, source })?;
    if width != height {
        return Err(Damage::Size { view, width, height, most: MOST });
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
/// [`DataError::Jpeg`]: the encoder refused it.
pub fn encode_jpeg(frame: &Frame, quality: u8) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let side = frame.side() as u32;
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(frame.rgb8(), side, side, ExtendedColorType::Rgb8)
        .map_err(|source| DataError::Jpeg { source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use gqn_scenes::{Scene, World};

    use super::*;

    #[test]
    fn a_cut_file_is_refused_wherever_it_ends() {
        let scene = Scene::generate(World::RoomsRingCamera, 3);
        let jpeg = encode_jpeg(&scene.render(&scene.camera(0), 32), 95).expect("a JPEG file");
        let whole = decode_rgb8(&jpeg).expect("a picture");
        assert_eq!((whole.width, whole.height, whole.pixels.len()), (32, 32, 3 * 32 * 32));
        for length in 0..jpeg.len() {
            assert!(decode_rgb8(&jpeg[..length]).is_err(), "{length} of {} bytes", jpeg.len());
        }
        let padded = [&jpeg[..], &[0; 7]].concat();
        assert_eq!(decode_rgb8(&padded).expect("bytes behind the end"), whole);
    }

    #[test]
    fn floats_are_colours_from_0_to_1() {
        assert_eq!(bytes_of_floats(&[0.0, 0.5, 1.0]).expect("colours"), [0, 128, 255]);
        for wrong in [-0.1, 1.1, 255.0, f32::NAN] {
            assert!(bytes_of_floats(&[0.0, wrong]).expect_err("no colour").contains("hint:"));
        }
    }
}
