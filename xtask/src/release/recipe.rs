//! The recipes: configurations of runs under `trainer/configs`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files_of;
use crate::failure::failure;
use crate::workspace::Workspace;

/// A configuration by name.
#[derive(Debug)]
pub(super) struct Recipe(PathBuf);

impl Recipe {
    /// Refuses a name that is none, and tells which there are.
    pub(super) fn find(workspace: &Workspace, name: &str) -> Result<Self> {
        let folder = workspace.root().join("trainer/configs");
        let recipes = files_of(&folder)?;
        let found = recipes.iter().find(|path| stem(path) == name);
        if let Some(path) = found {
            return Ok(Self(path.clone()));
        }
        let names: Vec<&str> = recipes.iter().map(|path| stem(path)).collect();
        Err(failure(
            format!("no recipe `{name}`, expected one of {}", names.join(", ")),
            "write your own: trainer/configs/NAME.toml",
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_found_by_its_name_and_no_other_way() {
        let folder = tempfile::tempdir().unwrap();
        let configs = folder.path().join("trainer/configs");
        std::fs::create_dir_all(&configs).unwrap();
        std::fs::write(configs.join("rooms.toml"), "").unwrap();
        let workspace = Workspace::at(folder.path());
        assert!(Recipe::find(&workspace, "rooms").unwrap().path().ends_with("rooms.toml"));
        for name in ["room", "../rooms", "rooms.toml", ""] {
            let error = Recipe::find(&workspace, name).unwrap_err().to_string();
            assert!(error.ends_with("expected one of rooms"), "{error}");
        }
    }
}
