//! Reading, scaling and writing pictures.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use gqn_formats::Foreign;
use gqn_messages::printable;
use gqn_pictures::{
    EncodeError, Limits, PictureError, PngSize, decode_picture, encode_gif, encode_png,
};
use gqn_scenes::Frame;
use gqn_system::read_regular;
use image::RgbImage;

/// No photograph comes near it, in bytes.
const MOST_BYTES: u64 = 1 << 30;
/// What the pictures of a sheet or an animation may take, in bytes: they are in memory at once, some of them twice.
const MOST_SHEET: u64 = 1 << 29;

/// What to do with a picture of another size than the model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherSize {
    Refuse,
    /// Cut the largest square out of its middle and resize that.
    Resize,
}

/// Reads a picture of the model's size.
pub(crate) fn read(path: &Path, side: usize, other_size: OtherSize) -> Result<Frame> {
    let name = path.display();
    let bytes = read_regular(path, MOST_BYTES)?;
    let picture = decode_picture(&bytes, Limits::PHOTOGRAPH).map_err(|error| {
        let hint = match (Foreign::of(&bytes), &error) {
            (Some(Foreign { found, hint }), _) => {
                return anyhow!("{name} is {found}, expected a picture\nhint: {hint}");
            }
            (None, PictureError::Unknown) => "\nhint: convert it; PNG, JPEG and GIF are known",
            (None, PictureError::TooLarge { .. } | PictureError::Huge) => "\nhint: make it smaller",
            (None, _) => "\nhint: its copy or download may have been cut off; get it again",
        };
        anyhow!("{name} is no picture that can be read: {}{hint}", printable(&error.to_string()))
    })?;
    let (width, height) = (picture.width, picture.height);
    if (width, height) != (side, side) && other_size == OtherSize::Refuse {
        bail!(
            "{name} is {width}x{height} pixels, the model expects {side}x{side}\n\
             hint: --resize cuts pictures to a square and resizes them"
        );
    }
    Ok(picture.square(side))
}

/// Refuses, before the work, a sheet or an animation that would not fit into memory.
pub(crate) fn check_sheet(pictures: usize, side: usize, scale: u32) -> Result<()> {
    let bytes = 3 * pictures as u64 * (side as u64 * u64::from(scale)).pow(2);
    if bytes > MOST_SHEET {
        bail!(
            "{pictures} pictures of {0}x{0} pixels take {bytes} bytes, expected at most {MOST_SHEET}\n\
             hint: fewer pictures, or a smaller --scale than {scale}",
            side as u64 * u64::from(scale)
        );
    }
    Ok(())
}

/// A frame as an image, enlarged smoothly.
pub(crate) fn enlarged(frame: &Frame, scale: u32) -> RgbImage {
    resized(frame, frame.side() as u32 * scale)
}

/// A frame as an image of another size, made so smoothly.
pub(crate) fn resized(frame: &Frame, to: u32) -> RgbImage {
    RgbImage::from_raw(to, to, gqn_pictures::enlarged(frame, to as usize))
        .expect("a frame has three bytes a pixel")
}

/// The content of a PNG file.
pub(crate) fn png(image: &RgbImage) -> Result<Vec<u8>, EncodeError> {
    encode_png(image.width() as usize, image.height() as usize, image, PngSize::Quick)
}

/// The content of an animated GIF of pictures of one size; see [`encode_gif`].
pub(crate) fn gif(
    images: impl IntoIterator<Item = RgbImage>,
    milliseconds: u32,
) -> Result<Vec<u8>, EncodeError> {
    let mut images = images.into_iter().peekable();
    let (width, height) = images.peek().map_or((1, 1), RgbImage::dimensions);
    let pictures = images.map(RgbImage::into_raw);
    encode_gif(width as usize, height as usize, pictures, milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resizing_keeps_the_middle_square() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("wide.png");
        // Red wings left and right of a blue square.
        let wide = RgbImage::from_fn(96, 32, |x, _| {
            image::Rgb(if (32..64).contains(&x) { [0, 0, 255] } else { [255, 0, 0] })
        });
        std::fs::write(&path, png(&wide).expect("a PNG")).expect("a file");
        let error = read(&path, 16, OtherSize::Refuse).expect_err("another size").to_string();
        assert!(
            error.contains("wide.png is 96x32")
                && error.contains("16x16")
                && error.contains("--resize"),
            "{error}"
        );
        let frame = read(&path, 16, OtherSize::Resize).expect("a frame");
        assert!(frame.rgb8().chunks_exact(3).all(|pixel| pixel == [0, 0, 255]));
    }
}
