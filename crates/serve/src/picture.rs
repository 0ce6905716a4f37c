//! Frames as files.

use gqn_pictures::{PngSize, encode_jpeg, encode_png, enlarged};
use gqn_scenes::Frame;
use serde::Deserialize;

use crate::error::Refusal;

/// Sides of a picture that is sent, in pixels, at most.
const MOST_SIDE: u32 = 2048;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Png,
    #[serde(alias = "jpg")]
    Jpeg,
    /// Without loss.
    Webp,
}

impl Kind {
    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A frame as a file, enlarged `scale` times.
pub(crate) fn encode(
    frame: &Frame,
    kind: Kind,
    scale: u32,
    quality: u8,
) -> Result<Vec<u8>, Refusal> {
    let side = frame.side() as u32;
    if scale == 0 || side.saturating_mul(scale) > MOST_SIDE {
        return Err(Refusal::bad(format!(
            "scale is {scale}, expected 1 to {} for pictures of {side}x{side}",
            MOST_SIDE / side
        )));
    }
    if !(1..=100).contains(&quality) {
        return Err(Refusal::bad(format!("quality is {quality}, expected 1 to 100")));
    }
    let side = (side * scale) as usize;
    let rgb8 = enlarged(frame, side);
    let encoded = match kind {
        Kind::Png => encode_png(side, side, &rgb8, PngSize::Quick),
        Kind::Jpeg => encode_jpeg(side, side, &rgb8, quality),
        Kind::Webp => return encode_webp(side as u32, &rgb8),
    };
    encoded.map_err(|error| Refusal::internal(format!("could not encode: {error}")))
}

fn encode_webp(side: u32, rgb8: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut file = Vec::new();
    image_webp::WebPEncoder::new(&mut file)
        .encode(rgb8, side, side, image_webp::ColorType::Rgb8)
        .map_err(|error| Refusal::internal(format!("could not encode: {error}")))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_of_their_kind() {
        let frame = Frame::from_rgb8(8, (0..192).map(|value| value as u8).collect());
        let frame = frame.expect("a frame");
        let file = |kind, scale| encode(&frame, kind, scale, 90).expect("a file");
        assert!(file(Kind::Png, 1).starts_with(b"\x89PNG"));
        assert!(file(Kind::Jpeg, 2).starts_with(b"\xff\xd8"));
        let webp = file(Kind::Webp, 1);
        assert!(webp.starts_with(b"RIFF") && &webp[8..12] == b"WEBP");
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(webp)).expect("WebP");
        let mut pixels = vec![0; decoder.output_buffer_size().expect("a size")];
        decoder.read_image(&mut pixels).expect("pixels");
        assert_eq!(pixels, frame.rgb8(), "nothing is lost");
        for (scale, quality) in [(0, 90), (300, 90), (1, 0), (1, 101)] {
            encode(&frame, Kind::Png, scale, quality).expect_err("out of range");
        }
    }
}
