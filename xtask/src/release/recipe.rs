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
        let mut recipes = files_of(&folder)?;
        recipes.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
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

    /// Where the weights of the last milestone lie.
    pub(super) fn milestone(&self) -> PathBuf {
        self.0.with_extension("safetensors")
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
        std::fs::write(configs.join("rooms.safetensors"), "").unwrap();
        std::fs::write(configs.join("mazes.safetensors"), "").unwrap();
        let workspace = Workspace::at(folder.path());
        let recipe = Recipe::find(&workspace, "rooms").unwrap();
        assert!(recipe.path().ends_with("rooms.toml"));
        assert!(recipe.milestone().ends_with("trainer/configs/rooms.safetensors"));
        for name in ["room", "../rooms", "rooms.toml", "mazes", ""] {
            let error = Recipe::find(&workspace, name).unwrap_err().to_string();
            assert!(error.ends_with("expected one of rooms"), "{error}");
        }
    }
}
