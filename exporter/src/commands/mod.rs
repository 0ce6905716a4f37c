//! The commands of `gqn-export`, one a file: from flags to the library and its results to the terminal.

mod adopt;
mod export;
mod inspect;
mod keep;
mod table;
mod triton;

pub(crate) use adopt::adopt;
pub(crate) use export::export;
pub(crate) use inspect::inspect;
pub(crate) use keep::keep;
pub(crate) use triton::triton;
