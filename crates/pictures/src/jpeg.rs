//! JPEG files to pixels.

use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::error::PictureError;
use crate::file::Rgb8;
use crate::header::has_end;
use crate::limits::Limits;

/// Decodes a JPEG file of at most 4096 by 4096 pixels, strictly: a file that was cut short or is damaged is refused, and not
/// painted grey from there on. It stands upright, as its EXIF orientation says.
///
/// # Errors
/// [`PictureError`].
pub fn decode_rgb8(jpeg: &[u8]) -> Result<Rgb8, PictureError> {
    decode_rgb8_within(jpeg, Limits::FRAME)
}

/// The same within other limits.
///
/// # Errors
/// [`PictureError`].
pub fn decode_rgb8_within(jpeg: &[u8], limits: Limits) -> Result<Rgb8, PictureError> {
    if !has_end(jpeg) {
        return Err(PictureError::CutShort);
    }
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode_headers().map_err(PictureError::jpeg)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if !limits.allow(width, height) {
        return Err(PictureError::TooLarge { width, height, limits });
    }
    let pixels = decoder.decode().map_err(PictureError::jpeg)?;
    if pixels.len() != 3 * width * height {
        let why = "its pixels are not as many as its sizes say";
        return Err(PictureError::jpeg(DecodeErrors::FormatStatic(why)));
    }
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    Ok(Rgb8 { width, height, pixels }.upright(orientation))
}

#[cfg(test)]
mod tests {
    use gqn_scenes::{Scene, World};
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;

    fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95)
            .write_image(pixels, width, height, ExtendedColorType::Rgb8)
            .expect("a JPEG file");
        bytes
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_ends() {
        let scene = Scene::generate(World::RoomsRingCamera, 3);
        let jpeg = encode(scene.render(&scene.camera(0), 32).rgb8(), 32, 32);
        let whole = decode_rgb8(&jpeg).expect("a picture");
        assert_eq!((whole.width, whole.height, whole.pixels.len()), (32, 32, 3 * 32 * 32));
        for length in 0..jpeg.len() {
            assert!(decode_rgb8(&jpeg[..length]).is_err(), "{length} of {} bytes", jpeg.len());
        }
        let padded = [&jpeg[..], &[0; 7]].concat();
        assert_eq!(decode_rgb8(&padded).expect("bytes behind the end"), whole);
    }

    #[test]
    fn a_header_takes_no_memory() {
        let mut jpeg = encode(&[0; 48], 4, 4);
        let at = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame header");
        jpeg[at + 5..at + 9].copy_from_slice(&[0xFF; 4]);
        let error = decode_rgb8(&jpeg).expect_err("65535x65535").to_string();
        assert!(error.contains("65535x65535") && error.contains("at most 4096"), "{error}");
        assert!(decode_rgb8_within(&jpeg, Limits::PHOTOGRAPH).is_err());
    }

    #[test]
    fn other_colours_than_rgb_are_read() {
        let mut grey = Vec::new();
        JpegEncoder::new_with_quality(&mut grey, 95)
            .write_image(&[100; 64], 8, 8, ExtendedColorType::L8)
            .expect("a JPEG file");
        assert!(
            decode_rgb8(&grey).expect("grey").pixels.iter().all(|value| value.abs_diff(100) < 2)
        );
    }
}
