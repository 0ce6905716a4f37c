//! The page's modules before TypeScript's checker: each says `// @ts-check`.

use std::fs;

use anyhow::{Context, Result};
use serde_json::json;

use crate::web::{self, Build};
use crate::workspace::{self, Workspace};

/// Checks `web-demo/src` against the types of the bindings, which the page finds in `wasm/` once it is built.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let page = workspace.root().join("web-demo");
    web::install(&page)?;
    let glue = web::engine(workspace, Build::Quick)?;
    let folder = workspace.target().join("page/types");
    let types = folder.join("wasm/gqn.d.ts");
    fs::create_dir_all(folder.join("wasm"))
        .and_then(|()| fs::copy(glue.join("gqn.d.ts"), &types).map(|_| ()))
        .with_context(|| format!("cannot write {}", types.display()))?;
    // Both folders are one to the checker, as they are on the page.
    let project = json!({
        "extends": page.join("jsconfig.json"),
        "compilerOptions": { "rootDirs": [page, folder] },
        "include": [page.join("src/**/*.js"), page.join("src/**/*.d.ts")],
    });
    let config = folder.join("jsconfig.json");
    fs::write(&config, project.to_string())
        .with_context(|| format!("cannot write {}", config.display()))?;
    let mut tsc = workspace.command(page.join("node_modules/.bin/tsc"));
    workspace::run(tsc.arg("--project").arg(config))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    /// One browser is driven by one version of what drives it.
    #[test]
    fn page_and_bench_take_the_same_playwright() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let [page, bench] = ["web-demo/package.json", "xtask/bench/package.json"].map(|path| {
            let package: Value =
                serde_json::from_slice(&std::fs::read(root.join(path)).unwrap()).unwrap();
            package["devDependencies"]["playwright-core"].clone()
        });
        assert!(page.is_string());
        assert_eq!(page, bench);
    }
}
