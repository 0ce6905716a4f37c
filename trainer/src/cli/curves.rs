//! Flags of the chart of runs.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct CurvesFlags {
    /// Run folders: the curves of one, or the held-out errors of several beside one another
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// What the chart calls them [default: the names of their folders]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// Held-out errors as a share of the best constant picture's
    #[arg(long)]
    pub(crate) share: bool,
    /// Chart to write
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}
