//! Pictures: from outside as the network's input (decoded strictly, turned upright, cut to a square and resized), compared
//! with one another, and as files. Training, `gqn-run` and the page all come here, so that one photograph is the same input
//! everywhere.
//!
//! It knows neither data sets nor packages; files are bytes to it.
//!
//! One filter for every input: [`Resize::Area`], the default, which training, `gqn-run` and the page use. [`Resize::Bilinear`]
//! is what `DeepMind`'s reader of its data sets does (bilinear, corners aligned; it aliases where a picture becomes much
//! smaller). It is there to measure that reader's work with `gqn-data bench --resize bilinear`; no model sees its pixels.
//!
//! | file | holds |
//! |---|---|
//! | `resize.rs` | [`Resize`], [`Resizer`]: a square picture at another size, row by row |
//! | `square.rs` | [`Square`]: the largest square in the middle of a picture |
//! | `header.rs` | [`size_in_header`], [`is_whole`]: what a file says before it is decoded |
//! | `limits.rs` | [`Limits`]: how large a picture may be |
//! | `jpeg.rs` | [`decode_rgb8`]: JPEG files, strictly (feature `files`) |
//! | `file.rs` | [`decode_picture`]: PNG, JPEG and GIF files (feature `files`) |
//! | `encode.rs` | [`encode_png`], [`encode_jpeg`], [`encode_gif`]: pictures as files (feature `files`) |
//! | `metrics.rs` | [`FrameMetrics`]: how near a picture is to another |
//! | `error.rs` | [`PictureError`]: what can be wrong |
//!
//! A picture of 4×2 pixels becomes an input of 2×2: cut to the square in its middle, then averaged.
//!
//! ```
//! use gqn_pictures::Square;
//!
//! let rgb8: Vec<u8> = (0..4 * 2 * 3).collect();
//! let input = Square::of(4, 2).resized(4, &rgb8, 2);
//! assert_eq!(input.len(), 2 * 2 * 3);
//! assert_eq!(input[..3], rgb8[3..6], "the first pixel is the second of the first row");
//! ```

#[cfg(feature = "files")]
mod encode;
#[cfg(feature = "files")]
mod error;
#[cfg(feature = "files")]
mod file;
mod header;
#[cfg(feature = "files")]
mod jpeg;
mod limits;
mod metrics;
mod resize;
mod square;

#[cfg(feature = "files")]
pub use encode::{EncodeError, PngSize, encode_gif, encode_jpeg, encode_png, enlarged};
#[cfg(feature = "files")]
pub use error::PictureError;
#[cfg(feature = "files")]
pub use file::{Rgb8, decode_picture};
pub use header::{is_whole, size_in_header};
#[cfg(feature = "files")]
pub use jpeg::{decode_rgb8, decode_rgb8_within};
pub use limits::Limits;
pub use metrics::{FrameMetrics, mse, psnr, ssim};
pub use resize::{Reduction, Resize, Resizer, UnknownResize};
pub use square::Square;
