//! Rows of pictures under a line of text each, or one after the other in time.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use font8x8::legacy::BASIC_LEGACY;
use gqn_scenes::Frame;
use gqn_system::{Overwrite, check_output, write_atomic};
use image::{Rgb, RgbImage};

use crate::picture::{gif, png, resized};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([40, 40, 40]);
const GAP: u32 = 4;
/// Pixels of a letter's dot; letters are eight dots wide and high.
const DOT: u32 = 1;
const LETTER: u32 = 8 * DOT;
/// Of a GIF's picture.
const MILLISECONDS: u32 = 120;

/// Pictures that belong together, and what they are.
#[derive(Debug)]
pub(crate) struct Row {
    text: String,
    frames: Vec<Frame>,
    still: bool,
}

impl Row {
    pub(crate) fn new(text: impl Into<String>, frames: &[Frame]) -> Self {
        Self { text: text.into(), frames: frames.to_vec(), still: false }
    }

    /// In an animation this row stands still, with its first picture.
    pub(crate) fn still(self) -> Self {
        Self { still: true, ..self }
    }
}

/// Refuses, before the work, a file that is there, is read, cannot be written, or would open nowhere.
pub(crate) fn check_out(path: &Path, overwrite: Overwrite, inputs: &[PathBuf]) -> Result<()> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if extension != "png" && extension != "gif" {
        bail!("--out is {}, expected a name that ends in .png or .gif", path.display());
    }
    Ok(check_output(path, overwrite, inputs)?)
}

/// Writes the rows below one another (PNG), or their pictures one after the other in time (GIF).
pub(crate) fn write(path: &Path, rows: &[Row], scale: u32, overwrite: Overwrite) -> Result<()> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let bytes = if extension == "gif" {
        let moments = rows.iter().filter(|row| !row.still).map(|row| row.frames.len()).max();
        let moment = |index: usize| sheet(rows, scale, Some(index));
        gif((0..moments.unwrap_or(0)).map(moment), MILLISECONDS)?
    } else {
        png(&sheet(rows, scale, None))?
    };
    Ok(write_atomic(path, &bytes, overwrite)?)
}

/// All pictures of the rows, or those of one moment: each as large as the largest.
fn sheet(rows: &[Row], scale: u32, moment: Option<usize>) -> RgbImage {
    let sides = rows.iter().flat_map(|row| &row.frames).map(|frame| frame.side() as u32);
    let side = sides.max().unwrap_or(1) * scale;
    let shown = |row: &Row| -> Vec<RgbImage> {
        let frames: Vec<&Frame> = match moment {
            None => row.frames.iter().collect(),
            Some(_) if row.still => row.frames.iter().take(1).collect(),
            Some(moment) => row.frames.iter().skip(moment).take(1).collect(),
        };
        frames.into_iter().map(|frame| resized(frame, side)).collect()
    };
    let pictures: Vec<(&str, Vec<RgbImage>)> =
        rows.iter().map(|row| (row.text.as_str(), shown(row))).collect();
    let columns = pictures.iter().map(|(_, row)| row.len() as u32).max().unwrap_or(0);
    let text = pictures.iter().map(|(text, _)| text.len() as u32 * LETTER).max().unwrap_or(0);
    let (width, height) = ((columns * (side + GAP)).max(text + GAP) + GAP, LETTER + 2 * GAP + side);
    let mut paper = RgbImage::from_pixel(width, pictures.len() as u32 * height + GAP, PAPER);
    for (index, (text, row)) in pictures.iter().enumerate() {
        let top = index as u32 * height + GAP;
        write_text(&mut paper, text, GAP, top);
        for (column, picture) in row.iter().enumerate() {
            let left = GAP + column as u32 * (side + GAP);
            let top = i64::from(top + LETTER + GAP);
            image::imageops::replace(&mut paper, picture, i64::from(left), top);
        }
    }
    paper
}

/// ASCII; anything else is a gap.
fn write_text(paper: &mut RgbImage, text: &str, left: u32, top: u32) {
    for (place, letter) in text.chars().enumerate() {
        let rows = BASIC_LEGACY.get(letter as usize).copied().unwrap_or_default();
        for (y, dots) in rows.iter().enumerate() {
            for x in (0..8).filter(|x| dots >> x & 1 == 1) {
                let at = (left + place as u32 * LETTER + x * DOT, top + y as u32 * DOT);
                paper.put_pixel(at.0, at.1, INK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(values: &[u8]) -> Vec<Frame> {
        let flat = |value: &u8| Frame::from_rgb8(16, vec![*value; 3 * 16 * 16]).expect("a frame");
        values.iter().map(flat).collect()
    }

    #[test]
    fn rows_stand_under_their_text() {
        let rows = [Row::new("ab", &frames(&[10, 20, 30])), Row::new("", &frames(&[40]))];
        let sheet = sheet(&rows, 1, None);
        assert_eq!(sheet.dimensions(), (3 * 20 + 4, 2 * (8 + 8 + 16) + 4));
        let value = |x, y| sheet.get_pixel(x, y)[0];
        assert_eq!([value(4, 16), value(24, 16), value(44, 16), value(4, 48)], [10, 20, 30, 40]);
        let is_inked = |from: u32, row: u32| {
            (from..from + 8).any(|x| (row..row + 8).any(|y| *sheet.get_pixel(x, y) == INK))
        };
        assert!(is_inked(4, 4) && is_inked(12, 4) && !is_inked(20, 4) && !is_inked(4, 36));
    }

    #[test]
    fn every_picture_is_as_large_as_the_largest() {
        let small = Frame::from_rgb8(8, vec![20; 3 * 8 * 8]).expect("a frame");
        let sheet = sheet(&[Row::new("", &[small]), Row::new("", &frames(&[10]))], 2, None);
        assert_eq!(sheet.dimensions(), (32 + 8, 2 * (8 + 8 + 32) + 4));
        assert_eq!([sheet.get_pixel(35, 47)[0], sheet.get_pixel(35, 95)[0]], [20, 10]);
    }

    #[test]
    fn a_moment_has_one_picture_of_each_row() {
        let rows = [Row::new("", &frames(&[10])).still(), Row::new("", &frames(&[20, 30]))];
        let sheet = sheet(&rows, 1, Some(1));
        assert_eq!(sheet.width(), 16 + 8);
        assert_eq!((sheet.get_pixel(4, 16)[0], sheet.get_pixel(4, 48)[0]), (10, 30));
    }
}
