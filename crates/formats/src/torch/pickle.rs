//! Python's pickles as data. A pickle is a program that builds objects and may call any function; here calls are noted
//! and never made, so that a file can do no more than be refused.

use std::borrow::Cow;
use std::io::Read;

use super::machine::Machine;

/// Where a value is in a [`Pickle`]. Values refer to one another by this, so that a file in which many names share one
/// value stays small.
pub type Id = usize;

/// The values of a pickle.
#[derive(Debug, Default)]
pub struct Pickle {
    pub(super) values: Vec<Value>,
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
        Machine::new(source).run()
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

    /// A list of numbers that are not negative.
    pub fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.items(id)?.iter().map(|item| self.size(*item)).collect()
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
}
