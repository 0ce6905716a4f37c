//! A C interface: open a package, show it views, render others. It holds no logic of its own: it turns what C gives into what
//! `gqn-runtime` takes, and every failure into a code and a text.
//!
//! | file | holds |
//! |---|---|
//! | `interface.rs` | the functions of `include/gqn.h`, which cbindgen writes |
//! | `scene.rs` | what is behind them |
//! | `locale.rs` | the C locale while graphs are read |
//!
//! `examples/orbit.c` is a whole program in C. A failure is null or a negative number, and has a text:
//!
//! ```
//! use std::ffi::CStr;
//! use std::ptr::null;
//!
//! use gqn::interface::{gqn_last_error, gqn_open};
//!
//! // SAFETY: all texts are null.
//! let scene = unsafe { gqn_open(null(), null(), null(), 0) };
//! assert!(scene.is_null());
//! // SAFETY: the text stays until the next call.
//! let error = unsafe { CStr::from_ptr(gqn_last_error()) };
//! assert_eq!(error, c"the package is null");
//! ```

pub mod interface;
mod locale;
mod scene;
