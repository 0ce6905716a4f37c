//! Mutated settings of a run are refused or read: the trainer needs libtorch, so that no fuzzer drives it (`tests/fuzz`).

use std::fs;

use gqn_trainer::config::TrainConfig;

use crate::architecture::root;

/// How often each file is mutated.
const ROUNDS: u64 = 1500;

/// A word of a sequence that follows from its seed (`SplitMix64`).
fn word(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *seed;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((word ^ (word >> 31)) >> 16) as usize
}

/// Bytes that make odd values where a value stands.
const ODD: [&str; 14] = [
    "-1",
    "0",
    "1e308",
    "nan",
    "inf",
    "9223372036854775807",
    "-9223372036854775808",
    "\"\"",
    "[]",
    "{}",
    "true",
    "\"voxel\"",
    "[[1]]",
    "1979-05-27",
];

/// A byte is another, a line goes or comes twice, or a value is an odd one.
fn mutated(text: &str, seed: &mut u64) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    for _ in 0..=word(seed) % 3 {
        let at = word(seed) % lines.len();
        match word(seed) % 4 {
            0 => {
                let length = lines[at].len().max(1);
                lines[at].resize(length, b' ');
                lines[at][word(seed) % length] = word(seed) as u8;
            }
            1 => lines[at].clear(),
            2 => lines.insert(at, lines[at].clone()),
            _ => {
                if let Some(equals) = lines[at].iter().position(|byte| *byte == b'=') {
                    lines[at].truncate(equals + 1);
                    lines[at].extend(ODD[word(seed) % ODD.len()].as_bytes());
                }
            }
        }
    }
    lines.join(&b'\n')
}

#[test]
fn mutated_settings_are_refused_or_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    let [mut read, mut refused] = [0, 0];
    for name in ["demo", "rooms-ring-camera-tiny"] {
        let text = fs::read_to_string(root().join(format!("trainer/configs/{name}.toml")));
        let text = text.expect("a recipe");
        let mut seed = 1;
        for _ in 0..ROUNDS {
            fs::write(&path, mutated(&text, &mut seed)).expect("a file");
            match TrainConfig::layered(None, Some(&path), toml::Table::new()) {
                Ok(config) => {
                    config.validate().expect("it was read");
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} were read and {refused} refused");
}
