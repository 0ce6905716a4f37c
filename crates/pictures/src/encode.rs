//! Pictures as files: PNG, JPEG, and GIF for those that move.

use gqn_scenes::Frame;
use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{self, resize};
use image::{Delay, DynamicImage, ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use thiserror::Error;

/// What is given for a smaller file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PngSize {
    /// Little time: what is made while somebody waits.
    Quick,
    /// More time: what is kept.
    Small,
}

/// A picture that is not encoded.
#[derive(Debug, Error)]
#[error("the picture cannot be encoded as {kind}")]
pub struct EncodeError {
    /// Of the file.
    kind: &'static str,
    source: Box<ImageError>,
}

impl EncodeError {
    fn of(kind: &'static str) -> impl Fn(ImageError) -> Self {
        move |source| Self { kind, source: Box::new(source) }
    }
}

/// A PNG file of `rgb8`, `height * width * 3` bytes.
///
/// # Errors
/// [`EncodeError`]: it has no pixels, or too many.
///
/// # Panics
/// If there are more or fewer bytes.
pub fn encode_png(
    width: usize,
    height: usize,
    rgb8: &[u8],
    size: PngSize,
) -> Result<Vec<u8>, EncodeError> {
    let mut file = Vec::new();
    let encoder = match size {
        PngSize::Quick => PngEncoder::new(&mut file),
        PngSize::Small => {
            let (packing, filter) = (CompressionType::Best, FilterType::Adaptive);
            PngEncoder::new_with_quality(&mut file, packing, filter)
        }
    };
    let written = encoder.write_image(rgb8, width as u32, height as u32, ExtendedColorType::Rgb8);
    written.map_err(EncodeError::of("PNG"))?;
    Ok(file)
}

/// A JPEG file of `rgb8`, `height * width * 3` bytes; `quality` runs from 1 to 100.
///
/// # Errors
/// [`EncodeError`]: it has no pixels, or more than 65,535 on a side.
///
/// # Panics
/// If there are more or fewer bytes.
pub fn encode_jpeg(
    width: usize,
    height: usize,
    rgb8: &[u8],
    quality: u8,
) -> Result<Vec<u8>, EncodeError> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .write_image(rgb8, width as u32, height as u32, ExtendedColorType::Rgb8)
        .map_err(EncodeError::of("JPEG"))?;
    Ok(file)
}

/// An animated GIF that repeats for ever, each picture of `height * width * 3` bytes with its own 256 colours.
///
/// # Errors
/// [`EncodeError`]: the pictures have no pixels, or more than 65,535 on a side.
///
/// # Panics
/// If a picture has more or fewer bytes.
pub fn encode_gif(
    width: usize,
    height: usize,
    pictures: impl IntoIterator<Item = Vec<u8>>,
    milliseconds: u32,
) -> Result<Vec<u8>, EncodeError> {
    let mut file = Vec::new();
    // 1 of 30: the slowest search for colours, the best palette.
    let mut encoder = GifEncoder::new_with_speed(&mut file, 1);
    encoder.set_repeat(Repeat::Infinite).map_err(EncodeError::of("GIF"))?;
    for rgb8 in pictures {
        let picture = RgbImage::from_raw(width as u32, height as u32, rgb8);
        let picture = DynamicImage::from(picture.expect("a picture has three bytes a pixel"));
        let delay = Delay::from_numer_denom_ms(milliseconds, 1);
        let frame = image::Frame::from_parts(picture.into_rgba8(), 0, 0, delay);
        encoder.encode_frame(frame).map_err(EncodeError::of("GIF"))?;
    }
    drop(encoder);
    Ok(file)
}

/// A frame as `side * side * 3` bytes, made larger or smaller smoothly (Catmull and Rom's spline): for people, not for the
/// network, whose inputs are resized by [`Resizer`](crate::Resizer).
pub fn enlarged(frame: &Frame, side: usize) -> Vec<u8> {
    if side == frame.side() {
        return frame.rgb8().to_vec();
    }
    let from = frame.side() as u32;
    let picture = RgbImage::from_raw(from, from, frame.rgb8().to_vec());
    let picture = picture.expect("a frame has three bytes a pixel");
    resize(&picture, side as u32, side as u32, imageops::FilterType::CatmullRom).into_raw()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::AnimationDecoder;
    use image::codecs::gif::GifDecoder;

    use super::*;

    #[test]
    fn files_are_of_their_kind() {
        let rgb8: Vec<u8> = (0..4 * 2 * 3).collect();
        for size in [PngSize::Quick, PngSize::Small] {
            let file = encode_png(4, 2, &rgb8, size).expect("a PNG");
            let read = image::load_from_memory(&file).expect("a PNG").into_rgb8();
            assert_eq!((read.dimensions(), read.as_raw()), ((4, 2), &rgb8));
        }
        assert!(encode_jpeg(4, 2, &rgb8, 90).expect("a JPEG").starts_with(b"\xff\xd8"));
        let error = encode_jpeg(0, 0, &[], 90).expect_err("nothing to encode").to_string();
        assert_eq!(error, "the picture cannot be encoded as JPEG");
    }

    #[test]
    fn a_gif_has_its_pictures_and_nearly_their_colours() {
        let flat = |colour: [u8; 3]| colour.repeat(64);
        let pictures = [flat([200, 10, 10]), flat([10, 200, 10]), flat([10, 10, 200])];
        let bytes = encode_gif(8, 8, pictures, 80).expect("a GIF");
        let decoder = GifDecoder::new(Cursor::new(&bytes)).expect("a GIF");
        let frames = decoder.into_frames().collect_frames().expect("frames");
        assert_eq!(frames.len(), 3);
        // NeuQuant shifts colours by a few steps of 256.
        let is_near =
            |pixel: &image::Rgba<u8>| pixel[1].abs_diff(200) < 4 && pixel[0].abs_diff(10) < 4;
        assert!(frames[1].buffer().pixels().all(is_near));
        assert_eq!(frames[0].delay().numer_denom_ms(), (80, 1));
        assert!(bytes.windows(11).any(|window| window == b"NETSCAPE2.0"), "it repeats");
    }

    #[test]
    fn a_frame_of_the_size_stays_as_it_is() {
        let frame = Frame::from_rgb8(8, vec![7; 192]).expect("a frame");
        assert_eq!(enlarged(&frame, 8), frame.rgb8());
        assert_eq!(enlarged(&frame, 16), [7; 768]);
    }
}
