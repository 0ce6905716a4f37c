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
//!
//! A pickle is a program. Its calls are noted, so that a reader can look for the few that it knows, and never made:
//!
//! ```
//! use gqn_torch_files::Pickle;
//!
//! // What `pickle.loads` of Python would run as `os.system("ls")`.
//! let bytes = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.";
//! let pickle = Pickle::read(&mut bytes.as_slice())?;
//! let (function, arguments) = pickle.call(pickle.root).expect("a call");
//! assert_eq!((function, pickle.text(arguments[0])), ("os.system", Some("ls")));
//! # Ok::<(), String>(())
//! ```

mod budget;
mod machine;
mod pickle;
mod strided;
mod torch_file;

pub use pickle::{Id, Pickle, Value};
pub use torch_file::{Element, StoredTensor, TorchFile, TorchFileError};
