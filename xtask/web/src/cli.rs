//! The command line: that of `cargo xtask`, which passes it on.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use xtask_workspace::SystemFlag;

use crate::bench::{BenchWeb, Output};
use crate::html::Addresses;
use crate::page::Web;
use crate::wasm::Build;

/// The web page: built, checked and timed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) system: SystemFlag,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the page, its engine in wasm and the models as a static folder, web-demo/dist
    Web(WebOptions),
    /// The engine in wasm beside onnxruntime-web, tract and rten, in one run of Chromium
    BenchWeb(BenchWebOptions),
    /// Type-check the page's modules; a stage of `cargo xtask check`
    CheckTypes,
    /// Test the page in a browser; a stage of `cargo xtask test`, which has built the programs that it calls
    TestPage,
}

#[derive(Debug, Args)]
pub(crate) struct WebOptions {
    /// A package that the page offers, as DIR or NAME=DIR; the first is the one it opens. Those in web-demo/models
    /// come after it [default: those, and out/demo/package]
    #[arg(long = "package", value_name = "DIR")]
    packages: Vec<String>,
    /// Serve the folder on 127.0.0.1 when it is built
    #[arg(long)]
    serve: bool,
    /// The port to serve on
    #[arg(long, value_name = "N", default_value_t = 8080, requires = "serve")]
    port: u16,
    /// Build the engine fast instead of small and fast: for working on the page
    #[arg(long)]
    quick: bool,
    /// Leave out the second engine, tract, which the page loads for graphs that the first does not know
    #[arg(long)]
    no_tract: bool,
    /// Address at which the page will lie: links to it then show its picture wherever they are posted
    #[arg(long, value_name = "URL")]
    site: Option<String>,
    /// Address of the sources, for the page's link to them
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Origin of a `gqn-run serve` that the page may let paint (`engine=ORIGIN` in a link): <https://HOST>, or
    /// <http://127.0.0.1:PORT> for trying; may be given more than once [default: none, and the page asks no server but its own]
    #[arg(long = "server", value_name = "ORIGIN", value_parser = server)]
    servers: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchWebOptions {
    /// Only these models: tiny, edge, tiny-tower, edge-tower, paper, paper-unshared [default: all but the last]
    #[arg(long, value_name = "MODEL")]
    only: Vec<String>,
    /// Queries of one run, by commas
    #[arg(long, value_name = "N,..", default_value = "1")]
    queries: String,
    /// How often every engine paints; the median counts
    #[arg(long, value_name = "N", default_value_t = 50)]
    rounds: usize,
    /// Build the engine fast instead of small and fast
    #[arg(long)]
    quick: bool,
    /// Write rows and sizes as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write rows and sizes as JSON, and print no table
    #[arg(long, value_name = "FILE", hide = true, conflicts_with = "json")]
    rows: Option<PathBuf>,
}

impl From<WebOptions> for Web {
    fn from(options: WebOptions) -> Self {
        Self {
            packages: options.packages,
            library: None,
            build: if options.quick { Build::Quick } else { Build::Full },
            out: None,
            tract: !options.no_tract,
            addresses: Addresses {
                site: options.site,
                source: options.source,
                servers: options.servers,
            },
            port: options.serve.then_some(options.port),
        }
    }
}

impl From<BenchWebOptions> for BenchWeb {
    fn from(options: BenchWebOptions) -> Self {
        let BenchWebOptions { only, queries, rounds, quick, json, rows } = options;
        let build = if quick { Build::Quick } else { Build::Full };
        let output = rows.map_or(Output::Table { json }, Output::Rows);
        Self { only, queries, rounds, build, output }
    }
}

/// An origin that the page's content security policy lets it ask: encrypted, or on the same machine.
fn server(text: &str) -> Result<String, String> {
    let local = ["127.0.0.1", "localhost"];
    let host = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(host), _) => Some(host),
        (_, Some(host)) => {
            host.split(':').next().is_some_and(|name| local.contains(&name)).then_some(host)
        }
        _ => None,
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:".contains(c);
    match host {
        Some(host) if !host.is_empty() && host.chars().all(plain) => Ok(text.to_owned()),
        _ => Err("expected https://HOST or http://127.0.0.1:PORT, without a path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_origins_and_encrypted_or_near() {
        for text in ["https://a.example", "https://a.example:8443", "http://127.0.0.1:8080"] {
            assert_eq!(server(text).as_deref(), Ok(text));
        }
        for text in ["https://", "https://a/", "https://*", "http://a.example", "a", "https://a'"] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
