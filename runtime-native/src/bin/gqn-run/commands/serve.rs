//! `gqn-run serve`: the flags and the engine of the server in `crates/serve`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use gqn_command_line::say;
use gqn_messages::error_report;
use gqn_runtime_native::Spin;
use gqn_serve::{Event, HostName, Loaded, ServeOptions, run};
use gqn_system::read_regular;
use serde_json::json;

use super::{engine_with, open};
use crate::cli;

/// No token comes near it, in bytes.
const MOST_TOKEN: u64 = 1 << 12;

/// `gqn-run serve`.
pub(crate) fn serve(flags: &cli::Serve) -> Result<()> {
    let token = match &flags.token_file {
        Some(file) => Some(token_in(file)?),
        None => std::env::var("GQN_TOKEN").ok().filter(|token| !token.is_empty()),
    };
    if !flags.listen.ip().is_loopback() && token.is_none() {
        say("warning: other machines can use this server, and no token is asked of them");
    }
    // A path and an engine that cannot be had are said before anything listens.
    open(&flags.what)?;
    let what = flags.what.clone();
    let loader = move || {
        load(&what).map_err(|error| {
            let report = error_report(error.as_ref());
            report.strip_prefix("error: ").unwrap_or(&report).to_owned()
        })
    };
    let quiet = flags.quiet;
    let events = move |event: Event| {
        if !quiet || !matches!(event, Event::Request { .. }) {
            log(&event);
        }
    };
    let options = ServeOptions {
        listen: flags.listen,
        token,
        origins: flags.allow_origin.clone(),
        hosts: flags.allow_host.iter().cloned().chain(own_names()).collect(),
        limits: flags.limits(),
        events: Arc::new(events),
    };
    run(options, Arc::new(loader)).map_err(|error| anyhow!(error))
}

/// Names under which others on the network address this machine: its host name, and that of multicast DNS.
fn own_names() -> impl Iterator<Item = HostName> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    [name.to_owned(), format!("{name}.local")].into_iter().filter_map(|name| name.parse().ok())
}

/// An engine that has rendered the package's sample as it is to be.
fn load(what: &cli::What) -> Result<Loaded> {
    let package = open(what)?;
    let mut engine = engine_with(what, &package, Spin::Off, true)?;
    let report = gqn_runtime::verify(&mut engine, &package)?;
    if !report.passed {
        bail!(
            "{} does not render here what it rendered where it was made\nhint: `gqn-run verify` says how far it is off",
            what.package.display()
        );
    }
    let batch = engine.batch();
    let report = json!(engine.report());
    Ok(Loaded { manifest: package.manifest, engine: Box::new(engine), batch, report })
}

fn token_in(file: &Path) -> Result<String> {
    let bytes = read_regular(file, MOST_TOKEN)?;
    let text =
        String::from_utf8(bytes).with_context(|| format!("{} is no text", file.display()))?;
    match text.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => bail!("{} has no token in its first line", file.display()),
    }
}

/// One line of JSON on stderr.
fn log(event: &Event) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut line = event.to_json();
    line["time"] = json!((now.map_or(0.0, |now| now.as_secs_f64()) * 1e3).round() / 1e3);
    say(&line.to_string());
}
