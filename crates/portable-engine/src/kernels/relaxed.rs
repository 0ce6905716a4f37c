//! Products with fused multiply-adds, where the browser has them.
//!
//! An engine refuses a whole module for one instruction that it does not know. So the inner loop of a product stands in
//! a module of its own, a few hundred bytes written here: a browser that compiles it gets a third more products out of
//! the same time, and for any other nothing has happened.

use std::sync::atomic::{AtomicUsize, Ordering};

use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use wasm_bindgen::{JsCast, JsValue};

use super::multiply::{COLUMNS, ROWS};

/// Where in this module's table the loop stands; 0, where no function is, without one.
static PLACE: AtomicUsize = AtomicUsize::new(0);

/// `left [depth,ROWS], right [depth,COLUMNS], depth, out, bytes from one row of out to the next`
type Loop = extern "C" fn(*const f32, *const f32, usize, *mut f32, usize);

/// Whether products use it.
pub(crate) fn is_on() -> bool {
    PLACE.load(Ordering::Relaxed) != 0
}

/// Asks the browser for it; called once, before the first product.
pub fn switch_on() {
    // A browser that refuses has said what we wanted to know.
    if let Ok(place) = compiled() {
        PLACE.store(place, Ordering::Relaxed);
    }
}

fn compiled() -> Result<usize, JsValue> {
    let module = WebAssembly::Module::new(&Uint8Array::from(&written()[..]))?;
    let (imports, ours) = (Object::new(), Object::new());
    Reflect::set(&ours, &"m".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"e".into(), &ours)?;
    let instance = WebAssembly::Instance::new(&module, &imports)?;
    let function: Function = Reflect::get(&instance.exports(), &"f".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let place = table.grow(1)?;
    table.set(place, &function)?;
    Ok(place as usize)
}

/// Writes a tile of the product of two panels to rows that begin `stride` numbers apart; false if the browser has no such
/// instructions.
#[inline]
pub(super) fn write_tile(
    left: &[[f32; ROWS]],
    right: &[[f32; COLUMNS]],
    out: &mut [f32],
    stride: usize,
) -> bool {
    let place = PLACE.load(Ordering::Relaxed);
    if place == 0 || left.is_empty() {
        return false;
    }
    assert!(
        left.len() == right.len() && out.len() >= (ROWS - 1) * stride + COLUMNS,
        "a tile's sizes"
    );
    // SAFETY: `compiled` put a function of this type at that place. It reads as many numbers of both panels as they have
    // and writes a tile, for which there is room.
    unsafe {
        let function = std::mem::transmute::<usize, Loop>(place);
        let (left_numbers, out) = (left.as_ptr().cast(), out.as_mut_ptr());
        function(left_numbers, right.as_ptr().cast(), left.len(), out, 4 * stride);
    }
    true
}

/// The module.
fn written() -> Vec<u8> {
    const I32: u8 = 0x7f;
    const V128: u8 = 0x7b;
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, 1, &[1, 0x60, 5, I32, I32, I32, I32, I32, 0]);
    section(&mut module, 2, b"\x01\x01e\x01m\x02\0\0");
    section(&mut module, 3, &[1, 0]);
    section(&mut module, 7, b"\x01\x01f\0\0");
    let locals = [1, COUNT, V128];
    let body = [&locals[..], &instructions(), &[0x0b]].concat();
    let mut code = vec![1];
    number(&mut code, body.len());
    code.extend(body);
    section(&mut module, 10, &code);
    module
}

/// Vectors of a row of a tile.
const VECTORS: usize = COLUMNS / 4;
/// The parameters are counted first.
const SUMS: u8 = 5;
const RIGHT: u8 = SUMS + (ROWS * VECTORS) as u8;
const LEFT: u8 = RIGHT + VECTORS as u8;
const COUNT: u8 = LEFT + 1 - SUMS;

fn instructions() -> Vec<u8> {
    let [left_place, right_place, depth, out, stride] = [0, 1, 2, 3, 4];
    let (get, set) = (|local: u8| [0x20, local], |local: u8| [0x21, local]);
    let add = |code: &mut Vec<u8>, local: u8, bytes: usize| {
        code.extend(get(local));
        code.push(0x41);
        // Less than 64, so that the sign is not in it.
        number(code, bytes);
        code.push(0x6a);
        code.extend(set(local));
    };
    // An operation on memory: vectors stand at multiples of four bytes.
    let memory = |code: &mut Vec<u8>, operation: u8, offset: usize| {
        code.extend([0xfd, operation, 2]);
        number(code, offset);
    };
    let mut code = Vec::new();
    // The depth becomes the end of the left panel.
    code.extend([get(depth), [0x41, (ROWS * 4) as u8]].concat());
    code.push(0x6c);
    code.extend(get(left_place));
    code.push(0x6a);
    code.extend(set(depth));
    code.extend([0x03, 0x40]);
    for vector in 0..VECTORS {
        code.extend(get(right_place));
        memory(&mut code, 0x00, 16 * vector);
        code.extend(set(RIGHT + vector as u8));
    }
    for row in 0..ROWS {
        // One number, four times.
        code.extend(get(left_place));
        memory(&mut code, 0x09, 4 * row);
        code.extend(set(LEFT));
        for vector in 0..VECTORS {
            let sum = SUMS + (row * VECTORS + vector) as u8;
            code.extend([get(LEFT), get(RIGHT + vector as u8), get(sum)].concat());
            // A fused multiply-add.
            code.extend([0xfd, 0x85, 0x02]);
            code.extend(set(sum));
        }
    }
    add(&mut code, left_place, 4 * ROWS);
    add(&mut code, right_place, 4 * COLUMNS);
    code.extend([get(left_place), get(depth)].concat());
    // Again, if they differ.
    code.extend([0x47, 0x0d, 0, 0x0b]);
    for row in 0..ROWS {
        for vector in 0..VECTORS {
            let sum = SUMS + (row * VECTORS + vector) as u8;
            code.extend([get(out), get(sum)].concat());
            memory(&mut code, 0x0b, 16 * vector);
        }
        code.extend([get(out), get(stride)].concat());
        code.push(0x6a);
        code.extend(set(out));
    }
    code
}

fn section(module: &mut Vec<u8>, kind: u8, content: &[u8]) {
    module.push(kind);
    number(module, content.len());
    module.extend_from_slice(content);
}

/// Seven bits a byte, the lowest first.
fn number(code: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        code.push(number as u8 | 0x80);
        number >>= 7;
    }
    code.push(number as u8);
}
