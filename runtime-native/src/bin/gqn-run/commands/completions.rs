//! `gqn-run completions`: what a shell needs to complete the command line, and the manual.

use anyhow::{Context, Result};
use clap::CommandFactory;
use gqn_command_line::print;

use crate::cli;

/// `gqn-run completions`.
pub(crate) fn completions(flags: &cli::Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut cli::Cli::command(), "gqn-run", &mut script);
    print(&String::from_utf8(script).context("a shell's script is text")?)
}

/// `gqn-run manual`: the program's page, then one of each command, as roff.
pub(crate) fn manual() -> Result<()> {
    let mut command = cli::Cli::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).context("could not write the page")?;
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let man = clap_mangen::Man::new(subcommand.clone());
        let mut part = Vec::new();
        let rendered = man.render_synopsis_section(&mut part);
        let rendered = rendered.and_then(|()| man.render_description_section(&mut part));
        rendered
            .and_then(|()| man.render_options_section(&mut part))
            .context("could not write the page")?;
        page.extend_from_slice(&part);
    }
    print(&String::from_utf8(page).context("a page is text")?)
}
