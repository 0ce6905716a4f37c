//! Pictures as screens have them: RGBA bytes, other sizes, numbers as colours.

use gqn_pictures::{Resize, Resizer};
use gqn_scenes::{Frame, FrameError};

/// The picture with an opaque fourth byte for every pixel.
pub fn to_rgba8(frame: &Frame) -> Vec<u8> {
    frame.rgb8().chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect()
}

/// The picture in `side * side * 4` bytes; what shows through is left out.
///
/// # Errors
/// [`FrameError`] if the buffer has another length, or the side is 0 or over [`Frame::MAX_SIDE`].
pub fn from_rgba8(side: usize, rgba8: &[u8]) -> Result<Frame, FrameError> {
    let expected = side.saturating_mul(side).saturating_mul(4);
    if (1..=Frame::MAX_SIDE).contains(&side) && rgba8.len() != expected {
        return Err(FrameError::Length { side, found: rgba8.len(), expected });
    }
    let rgb8 = rgba8.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Frame::from_rgb8(side, rgb8)
}

/// The picture at another size: a pixel is the mean of the area it covers.
///
/// # Errors
/// [`FrameError::Side`] if the side is 0 or over [`Frame::MAX_SIDE`].
pub fn resize(frame: &Frame, side: usize) -> Result<Frame, FrameError> {
    if !(1..=Frame::MAX_SIDE).contains(&side) {
        return Err(FrameError::Side { side });
    }
    if side == frame.side() {
        return Ok(frame.clone());
    }
    let mut rgb8 = vec![0; 3 * side * side];
    Resizer::new(Resize::Area, frame.side(), side).apply(frame.rgb8(), &mut rgb8);
    Frame::from_rgb8(side, rgb8)
}

/// Values `[S,S]` as RGBA colours from black over violet, red and yellow to white; `full` is white.
pub fn heat_rgba8(values: &[f32], full: f32) -> Vec<u8> {
    const STOPS: [[f32; 3]; 5] = [
        [0.0, 0.0, 0.0],
        [80.0, 18.0, 123.0],
        [202.0, 62.0, 80.0],
        [252.0, 176.0, 50.0],
        [255.0, 255.0, 240.0],
    ];
    let colour = |value: &f32| {
        // A division by zero or a value that is no number shows as black.
        let place = (value / full).clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
        let below = (place as usize).min(STOPS.len() - 2);
        let (low, high, t) = (STOPS[below], STOPS[below + 1], place - below as f32);
        let channel = |index: usize| (low[index] + t * (high[index] - low[index]) + 0.5) as u8;
        [channel(0), channel(1), channel(2), 255]
    };
    values.iter().flat_map(colour).collect()
}

/// a, b → their mean absolute difference over channels `[S,S]`, in \[0, 1\].
///
/// # Panics
/// If the pictures differ in size.
pub fn difference(a: &Frame, b: &Frame) -> Vec<f32> {
    assert_eq!(a.side(), b.side(), "pictures of different size");
    let pixels = a.rgb8().chunks_exact(3).zip(b.rgb8().chunks_exact(3));
    pixels
        .map(|(a, b)| {
            let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            sum as f32 / (3.0 * 255.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(side: usize, values: &[u8]) -> Frame {
        let grey = values.iter().flat_map(|value| [*value, *value / 2, 7]).collect();
        Frame::from_rgb8(side, grey).expect("a frame")
    }

    #[test]
    fn rgba_there_and_back() {
        let picture = frame(2, &[1, 2, 3, 4]);
        let rgba = to_rgba8(&picture);
        assert_eq!(rgba[..8], [1, 0, 7, 255, 2, 1, 7, 255]);
        assert_eq!(from_rgba8(2, &rgba).expect("a picture"), picture);
        assert!(from_rgba8(2, &rgba[1..]).is_err() && from_rgba8(0, &[]).is_err());
        assert!(from_rgba8(usize::MAX, &rgba).is_err());
    }

    #[test]
    fn areas_are_averaged() {
        let picture = frame(4, &[0, 8, 16, 24, 4, 12, 20, 28, 100, 100, 0, 0, 100, 100, 0, 0]);
        let half = resize(&picture, 2).expect("a side");
        let red: Vec<u8> = half.rgb8().iter().step_by(3).copied().collect();
        assert_eq!(red, [6, 22, 100, 0]);
        // A third of 4 cells covers one and a third of them: (0 + 8/3) / (4/3) = 2 in the first row.
        let third = resize(&frame(4, &[0, 8, 16, 24].repeat(4)), 3).expect("a side");
        let red: Vec<u8> = third.rgb8().iter().step_by(3).take(3).copied().collect();
        assert_eq!(red, [2, 12, 22]);
        // Made larger and smaller again by a whole factor, it is the same.
        assert_eq!(resize(&resize(&picture, 12).expect("a side"), 4).expect("a side"), picture);
        assert!(resize(&picture, 0).is_err());
    }

    #[test]
    fn heat_rises() {
        let colours = heat_rgba8(&[0.0, 0.1, 0.5, 2.0, f32::NAN], 0.5);
        assert_eq!(colours[..4], [0, 0, 0, 255]);
        assert_eq!(colours[8..12], [255, 255, 240, 255], "white at the full value");
        assert_eq!(colours[12..16], colours[8..12], "and above");
        assert_eq!(colours[16..], [0, 0, 0, 255]);
        let brightness = |index: usize| -> u32 {
            colours[4 * index..4 * index + 3].iter().map(|value| u32::from(*value)).sum()
        };
        assert!(brightness(0) < brightness(1) && brightness(1) < brightness(2));
    }

    #[test]
    fn differences_by_hand() {
        let found = difference(&frame(1, &[255]), &frame(1, &[0]));
        assert!((found[0] - (255.0 + 127.0) / 765.0).abs() < 1e-6, "{found:?}");
    }
}
