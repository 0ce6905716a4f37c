//! Files of pictures to pixels.

use std::io::Cursor;

use gqn_scenes::Frame;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, RgbaImage};

use crate::error::PictureError;
use crate::jpeg::decode_rgb8_within;
use crate::limits::Limits;
use crate::square::Square;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb8 {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// `[height,width,3]`.
    pub pixels: Vec<u8>,
}

impl Rgb8 {
    /// The largest square of the middle, resized to `side` pixels.
    ///
    /// # Panics
    /// When the side is 0 or over [`Frame::MAX_SIDE`].
    pub fn square(&self, side: usize) -> Frame {
        let square = Square::of(self.width, self.height);
        let pixels = square.resized(self.width, &self.pixels, side);
        Frame::from_rgb8(side, pixels).expect("three bytes a pixel")
    }

    /// The picture turned as its camera was held.
    pub(crate) fn upright(self, orientation: Option<Orientation>) -> Self {
        let turn = match orientation {
            None | Some(Orientation::NoTransforms) => return self,
            Some(turn) => turn,
        };
        let Self { width, height, pixels } = self;
        let image = RgbImage::from_raw(width as u32, height as u32, pixels);
        let mut image = DynamicImage::from(image.expect("three bytes a pixel"));
        image.apply_orientation(turn);
        Self::of(image.into_rgb8())
    }

    fn of(image: RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self { width, height, pixels: image.into_raw() }
    }
}

/// Decodes a PNG, JPEG or GIF file: JPEG strictly, of a GIF the first picture, upright as its EXIF orientation says, what shows
/// through on white.
///
/// # Errors
/// [`PictureError`].
pub fn decode_picture(bytes: &[u8], limits: Limits) -> Result<Rgb8, PictureError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| PictureError::image(error.into()))?;
    match reader.format() {
        Some(ImageFormat::Jpeg) => return decode_rgb8_within(bytes, limits),
        Some(ImageFormat::Png | ImageFormat::Gif) => {}
        _ => return Err(PictureError::Unknown),
    }
    // The size is looked at first, and decides how much memory may be taken.
    reader.no_limits();
    let mut decoder = reader.into_decoder().map_err(PictureError::image)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    if !limits.allow(width, height) {
        return Err(PictureError::TooLarge { width, height, limits });
    }
    let orientation = decoder.orientation().ok();
    let image = DynamicImage::from_decoder(decoder).map_err(PictureError::image)?;
    let image =
        if image.color().has_alpha() { on_white(&image.into_rgba8()) } else { image.into_rgb8() };
    Ok(Rgb8::of(image).upright(orientation))
}

/// What a page of paper would show.
fn on_white(image: &RgbaImage) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (to, from) in out.pixels_mut().zip(image.pixels()) {
        let [.., alpha] = from.0;
        let alpha = u32::from(alpha);
        for (to, from) in to.0.iter_mut().zip(from.0) {
            *to = ((u32::from(from) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;

    /// A picture of 24x16 pixels whose quarters are red, green, blue and white, by rows.
    fn quarters() -> Vec<u8> {
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let at = |index: usize| {
            colours[2 * usize::from(index / 24 >= 8) + usize::from(index % 24 >= 12)]
        };
        (0..24 * 16).flat_map(at).collect()
    }

    /// An EXIF segment's content with nothing but an orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
        [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat()
    }

    /// What is in the picture's corners: upper left, upper right, lower left, lower right.
    fn corners(picture: &Rgb8) -> String {
        let name = |row: usize, column: usize| {
            let at = 3 * (row * picture.width + column);
            let bright: [bool; 3] = [0, 1, 2].map(|channel| picture.pixels[at + channel] > 128);
            match bright {
                [true, true, true] => 'w',
                [true, false, false] => 'r',
                [false, true, false] => 'g',
                [false, false, true] => 'b',
                _ => '?',
            }
        };
        let (last, lowest) = (picture.width - 1, picture.height - 1);
        [name(0, 0), name(0, last), name(lowest, 0), name(lowest, last)].iter().collect()
    }

    #[test]
    fn pictures_stand_upright_as_their_camera_was_held() {
        // Of the standard's table: what is at the file's first row and column.
        let expected = [
            (1, "rgbw"),
            (2, "grwb"),
            (3, "wbgr"),
            (4, "bwrg"),
            (5, "rbgw"),
            (6, "brwg"),
            (7, "wgbr"),
            (8, "gwrb"),
            (9, "rgbw"),
        ];
        for (orientation, corners_expected) in expected {
            let mut jpeg = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 100);
            encoder.set_exif_metadata(exif(orientation)).expect("a segment");
            encoder.write_image(&quarters(), 24, 16, ExtendedColorType::Rgb8).expect("a file");
            let mut png = Vec::new();
            let mut encoder = PngEncoder::new(&mut png);
            encoder.set_exif_metadata(exif(orientation)).expect("a chunk");
            encoder.write_image(&quarters(), 24, 16, ExtendedColorType::Rgb8).expect("a file");
            for file in [jpeg, png] {
                let picture = decode_picture(&file, Limits::PHOTOGRAPH).expect("a picture");
                let size = if (5..=8).contains(&orientation) { (16, 24) } else { (24, 16) };
                assert_eq!((picture.width, picture.height), size, "{orientation}");
                assert_eq!(corners(&picture), corners_expected, "{orientation}");
            }
        }
    }

    #[test]
    fn what_shows_through_is_white() {
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&[9, 9, 9, 0, 9, 9, 9, 255], 2, 1, ExtendedColorType::Rgba8)
            .expect("a file");
        let picture = decode_picture(&png, Limits::PHOTOGRAPH).expect("a picture");
        assert_eq!(picture.pixels, [255, 255, 255, 9, 9, 9]);
    }

    #[test]
    fn what_is_too_large_or_no_picture_is_said() {
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&quarters(), 24, 16, ExtendedColorType::Rgb8)
            .expect("a file");
        let limits = Limits { side: 20, pixels: 1000 };
        let error = decode_picture(&png, limits).expect_err("too wide").to_string();
        assert!(error.contains("24x16") && error.contains("at most 20"), "{error}");
        // A header that claims what no memory holds.
        png[16..24].copy_from_slice(&[0x7F; 8]);
        assert!(decode_picture(&png, Limits::PHOTOGRAPH).is_err());
        let text = decode_picture(b"no picture", Limits::PHOTOGRAPH).expect_err("text");
        assert!(text.to_string().contains("PNG, JPEG or GIF"), "{text}");
    }
}
