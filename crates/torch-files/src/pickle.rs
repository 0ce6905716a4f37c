//! Python's pickles as data. A pickle is a program that builds objects and may call any function; here calls are noted
//! and never made, so that a file can do no more than be refused.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;

use crate::budget::Budget;
use crate::machine::Machine;

/// Where a value is in a [`Pickle`]. Values refer to one another by this, so that a file in which many names share one
/// value stays small.
pub type Id = usize;

/// `NumPy`'s limit; `PyTorch` has none, and nobody comes near it.
const MOST_AXES: usize = 32;

/// The values of a pickle.
#[derive(Debug, Default)]
pub struct Pickle {
    pub(crate) values: Vec<Value>,
    /// The value that was pickled.
    pub root: Id,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "Python's own kinds of values")]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// List, tuple or set.
    Items(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function, `module.name`.
    Global(String),
    /// A call that was not made.
    Call {
        of: Id,
        /// [`Items`](Self::Items).
        arguments: Id,
        /// Entries that were set in its result.
        pairs: Vec<(Id, Id)>,
        /// What its result was to be restored from.
        state: Option<Id>,
    },
    /// What the file keeps beside the pickle.
    Persistent(Id),
}

impl Pickle {
    /// Reads up to the end of the pickle and no further.
    ///
    /// # Errors
    /// The text says what is wrong: it ends early, is no pickle, or is too large.
    pub fn read(source: &mut impl Read) -> Result<Self, String> {
        Self::read_within(source, &mut Budget::of(0))
    }

    /// As [`read`](Self::read), with what is left to a file of the memory that it may take.
    pub(crate) fn read_within(source: &mut impl Read, budget: &mut Budget) -> Result<Self, String> {
        Machine::new(source, budget).run()
    }

    /// All values, by their [`Id`]s.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of an [`Id`] of this pickle.
    pub fn get(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// A text.
    pub fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = self.get(id) { Some(text) } else { None }
    }

    /// What a list, tuple or set holds.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        if let Value::Items(items) = self.get(id) { Some(items) } else { None }
    }

    /// The name of a class or function.
    pub fn global(&self, id: Id) -> Option<&str> {
        if let Value::Global(name) = self.get(id) { Some(name) } else { None }
    }

    /// A number that is not negative.
    pub fn size(&self, id: Id) -> Option<usize> {
        if let Value::Int(value) = self.get(id) { usize::try_from(*value).ok() } else { None }
    }

    /// A list of numbers that are not negative: of an array's sizes, of which none has more than 32.
    pub fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let items = self.items(id).filter(|items| items.len() <= MOST_AXES)?;
        items.iter().map(|item| self.size(*item)).collect()
    }

    /// What is called, and with what.
    pub fn call(&self, id: Id) -> Option<(&str, &[Id])> {
        let Value::Call { of, arguments, .. } = self.get(id) else { return None };
        Some((self.global(*of)?, self.items(*arguments)?))
    }

    /// A byte string. Before protocol 3 there are none, and Python 3 writes a call that makes one out of a text.
    pub fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match (self.get(id), self.call(id)) {
            (Value::Bytes(bytes), _) => Some(Cow::Borrowed(bytes)),
            (_, Some(("_codecs.encode", [text, ..]))) => {
                let bytes = self.text(*text)?.chars().map(|letter| u8::try_from(letter).ok());
                bytes.collect::<Option<Vec<u8>>>().map(Cow::Owned)
            }
            (_, Some(("__builtin__.bytes" | "builtins.bytes", []))) => Some(Cow::Borrowed(&[])),
            _ => None,
        }
    }

    /// The dictionaries in a value: itself, those among the values of its entries, and so on for `depth` levels, the nearest
    /// first. One that stands at many places comes once.
    pub fn dictionaries(&self, id: Id, depth: usize) -> Vec<Id> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut level = vec![id];
        for _ in 0..depth {
            level.retain(|id| self.pairs(*id).is_some() && seen.insert(*id));
            found.extend(&level);
            let pairs = level.iter().flat_map(|id| self.pairs(*id).unwrap_or_default());
            level = pairs.map(|(_, value)| *value).collect();
        }
        found
    }

    /// The entries of a dictionary, an ordered one too.
    pub fn pairs(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(pairs) | Value::Call { pairs, .. } => Some(pairs),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickle.dumps({'a': (1, -2, 2.5), 'b': [b'x', None]}, protocol=2)` of Python 3.11, but for `b'x'`, which that
    /// writes as a call; here as `C`.
    const BYTES: &[u8] = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01J\xfe\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\
        \x87q\x02X\x01\x00\x00\x00bq\x03]q\x04(C\x01xNeu.";

    #[test]
    fn values_are_read() {
        let bytes = [BYTES, b"rest"].concat();
        let mut source = bytes.as_slice();
        let pickle = Pickle::read(&mut source).expect("a pickle");
        assert_eq!(source, b"rest", "nothing behind it is read");
        let [(a, numbers), (b, others)] = pickle.pairs(pickle.root).expect("a dictionary") else {
            panic!("{pickle:?}")
        };
        assert_eq!((pickle.text(*a), pickle.text(*b)), (Some("a"), Some("b")));
        let values = |id| -> Vec<&Value> {
            pickle.items(id).expect("items").iter().map(|id| pickle.get(*id)).collect()
        };
        assert_eq!(values(*numbers), [&Value::Int(1), &Value::Int(-2), &Value::Float(2.5)]);
        assert_eq!(values(*others), [&Value::Bytes(b"x".to_vec()), &Value::None]);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for length in 0..BYTES.len() {
            assert!(Pickle::read(&mut &BYTES[..length]).is_err(), "{length} bytes");
        }
        for at in 0..BYTES.len() {
            for value in 0..=255 {
                let mut bytes = BYTES.to_vec();
                bytes[at] = value;
                drop(Pickle::read(&mut bytes.as_slice()));
            }
        }
    }

    #[test]
    fn calls_are_not_made() {
        let hostile = b"cos\nsystem\n(X\x04\x00\x00\x00truetR.";
        let pickle = Pickle::read(&mut hostile.as_slice()).expect("a pickle");
        let Value::Call { of, .. } = pickle.get(pickle.root) else { panic!("{pickle:?}") };
        assert_eq!(pickle.global(*of), Some("os.system"));
    }

    /// Lists of instructions that ask for much, from `pickletools`' letters.
    #[track_caller]
    fn check_asks_too_much(bytes: &[u8]) {
        let error = Pickle::read(&mut &bytes[..]).expect_err("too much");
        assert!(error.contains("more memory than") || error.contains("too long"), "{error}");
    }

    #[test]
    fn small_files_ask_for_little_memory() {
        // A long text as the name of a class, time and again.
        let text = [b"X\x00\x00\x01\x00", &vec![b'a'; 65_536][..], b"q\x00"].concat();
        check_asks_too_much(&[text, b"h\x00h\x00\x93".repeat(100_000)].concat());
        // Short ones, but many.
        let text = [b"X\xe8\x01\x00\x00", &[b'a'; 488][..], b"q\x00"].concat();
        check_asks_too_much(&[text, b"h\x00h\x00\x930".repeat(200_000)].concat());
        // The same value again and again, in lists that grow, and marks.
        check_asks_too_much(&[b"N".to_vec(), b"2".repeat(5_000_000)].concat());
        check_asks_too_much(&b"(".repeat(5_000_000));
        check_asks_too_much(&b"0".repeat(80_000_000));
        check_asks_too_much(&[b"]q\x00".to_vec(), b"(h\x00t".repeat(1_000_000)].concat());
        let kept = (0..3_000_000_u32).flat_map(|place| [&b"r"[..], &place.to_le_bytes()].concat());
        check_asks_too_much(&b"]".iter().copied().chain(kept).collect::<Vec<u8>>());
    }

    #[test]
    fn shared_dictionaries_are_met_once() {
        // `d = {}` and then thirty times `d = {0: d, 1: d, …, 7: d}`.
        let mut bytes = b"}q\x00".to_vec();
        for _ in 0..30 {
            bytes.extend(b"}(");
            bytes.extend((0..8).flat_map(|key| [b'K', key, b'h', 0]));
            bytes.extend(b"uq\x00");
        }
        bytes.push(b'.');
        let pickle = Pickle::read(&mut bytes.as_slice()).expect("a pickle");
        assert_eq!(pickle.dictionaries(pickle.root, 6).len(), 6);
        assert_eq!(pickle.dictionaries(pickle.root, 100).len(), 31);
    }
}
