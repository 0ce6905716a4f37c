//! What a picture's file says before it is decoded.

/// Markers of a JPEG file's frame header; between them lie three of other meaning.
const FRAME_HEADERS: std::ops::RangeInclusive<u8> = 0xC0..=0xCF;
const NO_FRAME_HEADERS: [u8; 3] = [0xC4, 0xC8, 0xCC];

/// Width and height that the header of a PNG, JPEG or GIF file gives; nothing where `bytes` ends before it, or is of
/// another kind. As the file has it: an orientation may turn it.
pub fn size_in_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |at: usize, length: usize| {
        let digits = bytes.get(at..at + length)?;
        Some(digits.iter().fold(0_usize, |number, digit| number << 8 | usize::from(*digit)))
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((number(16, 4)?, number(20, 4)?));
    }
    if bytes.starts_with(b"GIF8") {
        let little = |at| number(at, 2).map(|found| usize::from((found as u16).swap_bytes()));
        return Some((little(6)?, little(8)?));
    }
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    let mut at = 2;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)?) {
            // Any number of fill bytes may stand before a marker.
            (0xFF, 0xFF) => at += 1,
            (0xFF, marker)
                if FRAME_HEADERS.contains(marker) && !NO_FRAME_HEADERS.contains(marker) =>
            {
                return Some((number(at + 7, 2)?, number(at + 5, 2)?));
            }
            (0xFF, 0xDA | 0xD9) => return None,
            (0xFF, _) => at += 2 + number(at + 2, 2)?.max(2),
            _ => return None,
        }
    }
}

/// Whether a PNG or JPEG file goes on to its end. Browsers show what there is of one that was cut off, and fill in the rest; of
/// other kinds of files nothing is known.
pub fn is_whole(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, 0xD8, ..] => has_end(bytes),
        [0x89, b'P', b'N', b'G', ..] => {
            let mut at = 8;
            loop {
                let Some([a, b, c, d, kind @ ..]) = bytes.get(at..at + 8) else { return false };
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                let Some(next) = at.checked_add(12).and_then(|at| at.checked_add(length)) else {
                    return false;
                };
                if next > bytes.len() {
                    return false;
                }
                if kind == b"IEND" {
                    return true;
                }
                at = next;
            }
        }
        _ => true,
    }
}

/// Whether a file's markers lead to that of its end. Decoders fill in what is missing of the last rows.
pub(crate) fn has_end(jpeg: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    let Some(mut rest) = jpeg.strip_prefix(&[0xFF, 0xD8]) else { return false };
    loop {
        // Any number of fill bytes may stand before a marker.
        let marker = match rest {
            [0xFF, 0xFF, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xFF, marker, ..] => *marker,
            _ => return false,
        };
        if marker == 0xD9 {
            return true;
        }
        let length = rest.get(2..4).map(|bytes| usize::from(bytes[0]) << 8 | usize::from(bytes[1]));
        let Some(behind) = length.and_then(|length| rest.get(2 + length..)) else { return false };
        rest = behind;
        if marker == START_OF_SCAN {
            // In its data a byte FF is followed by 0, and numbered restarts are no end.
            let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7);
            let Some(at) = rest.windows(2).position(is_marker) else { return false };
            rest = &rest[at..];
        }
    }
}

#[cfg(all(test, feature = "files"))]
mod tests {
    use image::{ImageFormat, RgbImage};

    use super::*;

    #[test]
    fn headers_of_three_kinds() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
            let mut file = std::io::Cursor::new(Vec::new());
            RgbImage::new(300, 20).write_to(&mut file, format).expect("a file");
            let file = file.into_inner();
            assert_eq!(size_in_header(&file), Some((300, 20)), "{format:?}");
            for length in 0..file.len().min(200) {
                assert!(matches!(size_in_header(&file[..length]), None | Some((300, 20))));
            }
            assert!(is_whole(&file) && is_whole(&[&file[..], &[0; 9]].concat()), "{format:?}");
            if format != ImageFormat::Gif {
                assert!((4..file.len()).all(|length| !is_whole(&file[..length])), "{format:?}");
            }
        }
        assert_eq!(size_in_header(b"RIFF....WEBP"), None);
        assert_eq!(size_in_header(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0]), None);
    }
}
