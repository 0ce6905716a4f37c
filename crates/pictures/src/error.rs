//! Why a picture is refused.

use zune_jpeg::errors::DecodeErrors;

use crate::limits::Limits;

/// Why a file of a picture is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// A JPEG file that ends too early.
    #[error("it is cut short, or no JPEG file")]
    CutShort,
    /// A JPEG file that the decoder refuses.
    #[error("it is a damaged JPEG file: {0}")]
    Jpeg(Box<DecodeErrors>),
    /// A file of another kind that the decoder refuses.
    #[error("{0}")]
    Image(Box<image::ImageError>),
    /// A larger one than any memory takes.
    #[error("it is larger than any picture that is read here")]
    Huge,
    /// Nothing that is read here.
    #[error("it is no PNG, JPEG or GIF file")]
    Unknown,
    /// A larger one than is read.
    #[error("it is {width}x{height} pixels, expected at most {} on a side and {} million in all", limits.side, limits.pixels / 1_000_000)]
    TooLarge {
        /// In pixels.
        width: usize,
        /// In pixels.
        height: usize,
        /// What is read.
        limits: Limits,
    },
}

impl PictureError {
    pub(crate) fn jpeg(error: DecodeErrors) -> Self {
        Self::Jpeg(Box::new(error))
    }

    pub(crate) fn image(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::Huge,
            error => Self::Image(Box::new(error)),
        }
    }
}
