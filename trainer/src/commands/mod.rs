//! The commands of `gqn-train`, one a file: from flags to the library and its results to the terminal.

pub(crate) mod bench;
pub(crate) mod curves;
pub(crate) mod gpu_check;
pub(crate) mod oracle;
pub(crate) mod out_of_memory;
pub(crate) mod output;
pub(crate) mod summary;
pub(crate) mod train;
pub(crate) mod weights;
