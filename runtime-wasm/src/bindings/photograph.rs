//! Someone's photographs as the network's input, a few rows at a time: whole ones take more memory than a tab has.

use gqn_pictures::{Limits, Reduction, Resize, Resizer, Square, size_in_header};
use gqn_scenes::Frame;
use wasm_bindgen::prelude::*;

use super::conversions::unfit;

/// Width and height that the beginning of a PNG, JPEG or GIF file gives; empty if it gives none.
#[wasm_bindgen(js_name = sizeInHeader)]
pub fn header_size(file: &[u8]) -> Vec<u32> {
    size_in_header(file).map_or_else(Vec::new, |(width, height)| vec![width as u32, height as u32])
}

/// Whether a PNG or JPEG file goes on to its end; browsers fill in what is missing.
#[wasm_bindgen(js_name = isWhole)]
pub fn is_whole(file: &[u8]) -> bool {
    gqn_pictures::is_whole(file)
}

/// Refuses a picture that is larger than any photograph, before memory is taken for it.
///
/// # Errors
/// If it is.
#[wasm_bindgen(js_name = checkPhotograph)]
pub fn check_photograph(width: usize, height: usize) -> Result<(), JsError> {
    let Limits { side, pixels } = Limits::PHOTOGRAPH;
    if Limits::PHOTOGRAPH.allow(width, height) {
        return Ok(());
    }
    let pixels = pixels / 1_000_000;
    Err(unfit(format!(
        "{width}x{height} pixels, expected at most {side} on a side and {pixels} million in all\nhint: make it smaller"
    )))
}

/// The largest square in the middle of a photograph, resized while its rows come: the filter of training and `gqn-run`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Photograph {
    square: Square,
    reduction: Option<Reduction>,
}

#[wasm_bindgen]
impl Photograph {
    /// Of a decoded picture of that size, to a square of `side` pixels.
    ///
    /// # Errors
    /// If the picture is larger than any photograph, or the side is 0 or larger than that of any frame.
    #[wasm_bindgen(constructor)]
    pub fn new(width: usize, height: usize, side: usize) -> Result<Self, JsError> {
        check_photograph(width, height)?;
        if !(1..=Frame::MAX_SIDE).contains(&side) {
            return Err(unfit(format!(
                "a side of {side} pixels, expected 1 to {}",
                Frame::MAX_SIDE
            )));
        }
        let square = Square::of(width, height);
        let reduction = Resizer::new(Resize::Area, square.side, side).begin();
        Ok(Self { square, reduction: Some(reduction) })
    }

    /// Columns of the picture before the square.
    #[wasm_bindgen(getter)]
    pub fn left(&self) -> usize {
        self.square.left
    }

    /// Rows of the picture before the square.
    #[wasm_bindgen(getter)]
    pub fn top(&self) -> usize {
        self.square.top
    }

    /// The square's side in the picture.
    #[wasm_bindgen(getter)]
    pub fn side(&self) -> usize {
        self.square.side
    }

    /// The square's next rows, RGBA.
    ///
    /// # Errors
    /// If these are no whole rows, or more than there are.
    pub fn push(&mut self, rgba: &[u8]) -> Result<(), JsError> {
        let row = 4 * self.square.side;
        let missing = self.reduction.as_ref().map_or(0, Reduction::missing);
        if rgba.is_empty() || !rgba.len().is_multiple_of(row) || rgba.len() / row > missing {
            let found = rgba.len();
            return Err(unfit(format!(
                "found {found} bytes, expected rows of {row}, at most {missing} of them"
            )));
        }
        for row in rgba.chunks_exact(row) {
            self.reduction.iter_mut().for_each(|reduction| reduction.push(row, 4));
        }
        Ok(())
    }

    /// The result, RGBA; once, when all rows came.
    ///
    /// # Errors
    /// If rows are missing.
    pub fn finish(&mut self) -> Result<Vec<u8>, JsError> {
        match self.reduction.take() {
            Some(reduction) if reduction.missing() == 0 => {
                let pixels = reduction.finish();
                Ok(pixels.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect())
            }
            Some(reduction) => Err(unfit(format!("{} rows are missing", reduction.missing()))),
            None => Err(unfit("the picture was taken already".to_owned())),
        }
    }
}
