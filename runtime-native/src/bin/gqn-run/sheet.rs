//! Several pictures in one, told apart by where they stand.

use image::{Rgb, RgbImage};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
/// Pictures beside or below one another in a block.
const GAP: u32 = 4;
/// Blocks below one another.
const BLOCK_GAP: u32 = 20;
/// Pictures in a row, at most.
const COLUMNS: usize = 8;

/// Rows of pictures of one size that belong together; the rows are equally long.
pub(crate) type Block = Vec<Vec<RgbImage>>;

/// Breaks rows that are too long into several blocks, so that what stands above one another stays so.
pub(crate) fn blocks(rows: &[Vec<RgbImage>]) -> Vec<Block> {
    let length = rows.iter().map(Vec::len).max().unwrap_or(0);
    let part = |row: &Vec<RgbImage>, start: usize| {
        row.iter().skip(start).take(COLUMNS).cloned().collect::<Vec<_>>()
    };
    (0..length)
        .step_by(COLUMNS)
        .map(|start| rows.iter().map(|row| part(row, start)).collect())
        .collect()
}

/// The blocks below one another on white paper.
pub(crate) fn sheet(blocks: &[Block]) -> RgbImage {
    let rows = || blocks.iter().flatten();
    let (width, height) = rows().flatten().next().map_or((1, 1), RgbImage::dimensions);
    let columns = rows().map(Vec::len).max().unwrap_or(0) as u32;
    let within: u32 = rows().count() as u32 * (height + GAP);
    let total = within + (blocks.len() as u32).saturating_sub(1) * (BLOCK_GAP - GAP) + GAP;
    let mut paper = RgbImage::from_pixel(columns * (width + GAP) + GAP, total, PAPER);
    let mut top = GAP;
    for block in blocks {
        for row in block {
            for (column, picture) in row.iter().enumerate() {
                let left = GAP + column as u32 * (width + GAP);
                image::imageops::replace(&mut paper, picture, i64::from(left), i64::from(top));
            }
            top += height + GAP;
        }
        top += BLOCK_GAP - GAP;
    }
    paper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_where_they_should() {
        let picture = |value: u8| RgbImage::from_pixel(10, 10, Rgb([value, value, value]));
        let context = blocks(&[vec![picture(1), picture(2)]]);
        let answers = blocks(&[(10..19).map(picture).collect(), (20..29).map(picture).collect()]);
        assert_eq!(answers.len(), 2, "nine pictures are eight and one");
        let sheet = sheet(&[context, answers].concat());
        assert_eq!(sheet.dimensions(), (8 * 14 + 4, 4 + 5 * 14 + 2 * 16));
        let value = |x, y| sheet.get_pixel(x, y)[0];
        assert_eq!((value(4, 4), value(18, 4), value(32, 4)), (1, 2, 255));
        // Truth above prediction, the ninth below the eight.
        assert_eq!((value(4, 34), value(4, 48), value(4, 78), value(4, 92)), (10, 20, 18, 28));
    }
}
