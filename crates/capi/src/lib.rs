//! A C interface: open a package, show it views, paint others. It holds no logic of its own: it turns what C gives into what
//! `gqn-runtime` takes, and every failure into a code and a text.
//!
//! | file | holds |
//! |---|---|
//! | `interface.rs` | the functions of `include/gqn.h`, which cbindgen writes |
//! | `scene.rs` | what is behind them |
//! | `locale.rs` | the C locale while graphs are read |

pub mod interface;
mod locale;
mod scene;
