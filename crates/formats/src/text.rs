//! Text files as editors save them.

use std::borrow::Cow;

/// A text file as editors on any system save it: UTF-8, with or without a byte order mark, or UTF-16 with one.
/// `None` if it is neither.
pub fn decode_text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], word: fn([u8; 2]) -> u16| {
        let (words, rest) = bytes.as_chunks::<2>();
        let words = words.iter().map(|bytes| word(*bytes));
        let text: Result<String, _> = char::decode_utf16(words).collect();
        text.ok().filter(|_| rest.is_empty()).map(Cow::Owned)
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
}

/// Parses JSON, in whatever way an editor saved it.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    match decode_text(bytes) {
        Some(text) => serde_json::from_str(&text),
        // Its error says where the bytes are no text.
        None => serde_json::from_slice(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_editor_is_understood() {
        let text = "{\"name\": \"Küche 🙂\"}";
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let words = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(order).collect()
        };
        for bytes in
            [text.as_bytes().to_vec(), marked, words(u16::to_le_bytes), words(u16::to_be_bytes)]
        {
            assert_eq!(decode_text(&bytes).expect("a text"), text, "{bytes:?}");
            let value: serde_json::Value = from_json(&bytes).expect("JSON");
            assert_eq!(value["name"], "Küche 🙂");
        }
        for bytes in [&b"\xFF\xFEa"[..], b"\xFF\xFE\x00\xD8", b"a\x80"] {
            assert_eq!(decode_text(bytes), None, "{bytes:?}");
            assert!(from_json::<serde_json::Value>(bytes).is_err());
        }
    }
}
