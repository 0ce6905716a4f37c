//! Files of `PyTorch`'s `torch.save`: read as data, without Python and without libtorch.
//!
//! Not a place for what the tensors mean: data sets and weights are read from them in `gqn-datasets` and in the trainer.
//!
//! | file | holds |
//! |---|---|
//! | `pickle.rs` | [`Pickle`]: Python's pickles; nothing in them is ever run |
//! | `budget.rs` | how much memory a file may take |
//! | `machine.rs` | the stack machine that reads them |
//! | `torch_file.rs` | [`TorchFile`]: the pickle of a file, and its tensors |
//! | `strided.rs` | tensors out of storages |

mod budget;
mod machine;
mod pickle;
mod strided;
mod torch_file;

pub use pickle::{Id, Pickle, Value};
pub use torch_file::{Element, StoredTensor, TorchFile, TorchFileError};
