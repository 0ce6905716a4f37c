//! The machine that a pickle is a program for: a stack of values, and what was kept for later.

use std::collections::BTreeMap;
use std::io::Read;

use crate::budget::Budget;
use crate::pickle::{Id, Pickle, Value};

/// A state of an unshared model has some thousand values; this keeps hostile files from filling the memory.
const MOST_VALUES: usize = 5_000_000;
/// The longest text or number; tensors lie outside of pickles.
const LONGEST: usize = 1 << 26;
/// The longest name of a class or function.
const LONGEST_NAME: usize = 1000;

/// What a value, an entry of the stack and a kept value take, without what the value holds.
const VALUE: usize = size_of::<Value>();
const ENTRY: usize = size_of::<Option<Id>>();
const KEPT: usize = 4 * size_of::<u64>();
const ITEM: usize = size_of::<Id>();

/// What a pickle is a program for.
pub(crate) struct Machine<'a, R> {
    source: &'a mut R,
    budget: &'a mut Budget,
    pickle: Pickle,
    /// `None` is a mark.
    stack: Vec<Option<Id>>,
    memo: BTreeMap<u64, Id>,
}

impl<'a, R: Read> Machine<'a, R> {
    pub(crate) fn new(source: &'a mut R, budget: &'a mut Budget) -> Self {
        Self { source, budget, pickle: Pickle::default(), stack: vec![], memo: BTreeMap::new() }
    }

    /// Up to the end of the pickle.
    pub(crate) fn run(mut self) -> Result<Pickle, String> {
        loop {
            if self.pickle.values.len() > MOST_VALUES {
                return Err(format!("its pickle has more than {MOST_VALUES} values"));
            }
            // Every instruction costs time at least, and a compressed pickle may have any number of them.
            self.budget.take(1)?;
            if self.step()? {
                self.pickle.root = self.pop()?;
                return Ok(self.pickle);
            }
        }
    }

    /// One instruction; whether it was the last. Their letters are those of Python's `pickletools`.
    #[allow(clippy::too_many_lines, reason = "a table of instructions")]
    fn step(&mut self) -> Result<bool, String> {
        let [instruction] = self.bytes()?;
        match instruction {
            b'.' => return Ok(true),
            // Version of the format, length of a frame: of no interest.
            0x80 => drop(self.bytes::<1>()?),
            0x95 => drop(self.bytes::<8>()?),
            b'(' => self.put(None)?,
            b'0' => drop(self.stack.pop()),
            b'1' => drop(self.above_mark()?),
            b'2' => {
                let top = self.top()?;
                self.put(Some(top))?;
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => {
                let [value] = self.bytes()?;
                self.push(Value::Int(i64::from(value)))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.bytes()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.bytes()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            0x8a => {
                let [length] = self.bytes()?;
                let value = self.long(usize::from(length))?;
                self.push(value)?;
            }
            b'G' => {
                let value = f64::from_be_bytes(self.bytes()?);
                self.push(Value::Float(value))?;
            }
            0x8c | b'U' | b'C' => {
                let [length] = self.bytes()?;
                self.string(instruction, u64::from(length))?;
            }
            b'X' | b'T' | b'B' => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.string(instruction, u64::from(length))?;
            }
            0x8d | 0x8e => {
                let length = u64::from_le_bytes(self.bytes()?);
                self.string(instruction, length)?;
            }
            b']' | b')' | 0x8f => self.push(Value::Items(vec![]))?,
            b'}' => self.push(Value::Dict(vec![]))?,
            b't' | b'l' | 0x91 => {
                let items = self.above_mark()?;
                self.push(Value::Items(items))?;
            }
            b'd' => {
                let items = self.above_mark()?;
                let pairs = pairs(&items)?;
                self.push(Value::Dict(pairs))?;
            }
            0x85..=0x87 => {
                let count = usize::from(instruction - 0x84);
                let mut items: Vec<Id> =
                    (0..count).map(|_| self.pop()).collect::<Result<_, _>>()?;
                items.reverse();
                self.push(Value::Items(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.above_mark()?;
                self.extend(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[(key, value)])?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.set(&pairs(&items)?)?;
            }
            b'c' => {
                let name = format!("{}.{}", self.line()?, self.line()?);
                self.push(Value::Global(name))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id| self.pickle.text(id).ok_or("a name in its pickle is no text");
                let (module, name) = (text(module)?, text(name)?);
                if module.len() + name.len() > LONGEST_NAME {
                    return Err("a name in its pickle is too long".to_owned());
                }
                let name = format!("{module}.{name}");
                self.push(Value::Global(name))?;
            }
            b'R' | 0x81 => {
                let (arguments, of) = (self.pop()?, self.pop()?);
                self.push(Value::Call { of, arguments, pairs: vec![], state: None })?;
            }
            b'b' => {
                let (restored, object) = (self.pop()?, self.top()?);
                if let Value::Call { state, .. } = &mut self.pickle.values[object] {
                    *state = Some(restored);
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id))?;
            }
            b'q' | b'r' | b'p' | 0x94 => {
                let place = self.place(instruction)?;
                let top = self.top()?;
                self.budget.take(KEPT)?;
                self.memo.insert(place, top);
            }
            b'h' | b'j' | b'g' => {
                let place = self.place(instruction)?;
                let id = *self.memo.get(&place).ok_or("its pickle recalls what it never kept")?;
                self.put(Some(id))?;
            }
            other => {
                return Err(format!("its pickle has instruction {other:#04x}, which is not known"));
            }
        }
        Ok(false)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|_| "its pickle ends early".to_owned())?;
        Ok(bytes)
    }

    fn string(&mut self, instruction: u8, length: u64) -> Result<(), String> {
        if length > LONGEST as u64 {
            return Err(format!("its pickle has a text of {length} bytes"));
        }
        self.budget.take(length as usize)?;
        let mut bytes = Vec::new();
        let read = self.source.take(length).read_to_end(&mut bytes);
        if read.map_or(true, |read| (read as u64) < length) {
            return Err("its pickle ends early".to_owned());
        }
        let value = match instruction {
            b'C' | b'B' | 0x8e => Value::Bytes(bytes),
            _ => Value::Text(
                String::from_utf8(bytes).map_err(|_| "a text in its pickle is no UTF-8")?,
            ),
        };
        self.push(value)
    }

    /// An integer of some bytes; one that does not fit is known by its bytes alone.
    fn long(&mut self, length: usize) -> Result<Value, String> {
        self.budget.take(length)?;
        let mut bytes = vec![0; length];
        self.source.read_exact(&mut bytes).map_err(|_| "its pickle ends early".to_owned())?;
        if length > 8 {
            return Ok(Value::Bytes(bytes));
        }
        let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xFF } else { 0 };
        let mut word = [fill; 8];
        word[..length].copy_from_slice(&bytes);
        Ok(Value::Int(i64::from_le_bytes(word)))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        loop {
            match self.bytes()? {
                [b'\n'] => break,
                [byte] if line.len() < LONGEST_NAME => line.push(byte),
                _ => return Err("a name in its pickle is too long".to_owned()),
            }
        }
        String::from_utf8(line).map_err(|_| "a name in its pickle is no UTF-8".to_owned())
    }

    /// Where something is kept or recalled from.
    fn place(&mut self, instruction: u8) -> Result<u64, String> {
        match instruction {
            b'q' | b'h' => self.bytes().map(|[place]| u64::from(place)),
            b'r' | b'j' => self.bytes().map(|place| u64::from(u32::from_le_bytes(place))),
            0x94 => Ok(self.memo.len() as u64),
            _ => {
                self.line()?.parse().map_err(|_| "its pickle keeps a value at no number".to_owned())
            }
        }
    }

    /// A new value, on the stack. What it holds has been counted, but for names and lists.
    fn push(&mut self, value: Value) -> Result<(), String> {
        let holds = match &value {
            Value::Global(name) => name.len(),
            Value::Items(items) => ITEM * items.len(),
            Value::Dict(pairs) => 2 * ITEM * pairs.len(),
            _ => 0,
        };
        self.budget.take(VALUE + holds)?;
        self.put(Some(self.pickle.values.len()))?;
        self.pickle.values.push(value);
        Ok(())
    }

    /// A value that is there, or a mark, on the stack.
    fn put(&mut self, entry: Option<Id>) -> Result<(), String> {
        self.budget.take(ENTRY)?;
        self.stack.push(entry);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().flatten().ok_or_else(|| "its pickle takes what is not there".to_owned())
    }

    fn top(&self) -> Result<Id, String> {
        let top = self.stack.last().copied().flatten();
        top.ok_or_else(|| "its pickle takes what is not there".to_owned())
    }

    fn above_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.stack.iter().rposition(Option::is_none);
        let mark = mark.ok_or("its pickle takes what is not there")?;
        let items = self.stack.split_off(mark + 1).into_iter().flatten().collect();
        self.stack.pop();
        Ok(items)
    }

    fn extend(&mut self, more: &[Id]) -> Result<(), String> {
        self.budget.take(ITEM * more.len())?;
        let list = self.top()?;
        match &mut self.pickle.values[list] {
            Value::Items(items) => items.extend(more),
            // What is put into an object of a class of its own is of no interest.
            Value::Call { .. } => {}
            _ => return Err("its pickle adds to what is no list".to_owned()),
        }
        Ok(())
    }

    fn set(&mut self, more: &[(Id, Id)]) -> Result<(), String> {
        self.budget.take(2 * ITEM * more.len())?;
        let dict = self.top()?;
        match &mut self.pickle.values[dict] {
            Value::Dict(pairs) | Value::Call { pairs, .. } => pairs.extend(more),
            _ => return Err("its pickle sets entries of what is no dictionary".to_owned()),
        }
        Ok(())
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    if !items.len().is_multiple_of(2) {
        return Err("a dictionary in its pickle has a key without a value".to_owned());
    }
    Ok(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}
