//! The page itself: its styles and first script put in, what a browser may load early, addresses.

use std::path::Path;

use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::dist::{APP, text};

pub(crate) const FILE: &str = "index.html";
/// Of the page's parts, what is put into the page itself, so that it is shown without waiting for another file.
pub(crate) const INLINED: [&str; 2] = ["style/", GUARD];
/// In the page, the line in whose place stands what a browser may load before a module asks for it.
const PRELOAD: &str = "<!-- preload -->";
/// In the page, whom it may ask.
const CONNECT_SRC: &str = "connect-src 'self'";
/// In the page, the picture that is shown until the first one is painted. It is put into the page itself.
const POSTER: &str = "src=\"app/media/poster.webp\"";
/// The script that is no module, and its line in the page.
const GUARD: &str = "src/page/guard.js";
const GUARD_LINE: &str = "<script src=\"app/src/page/guard.js\"></script>";
/// How a line of the page that names styles begins.
const STYLE: &str = "<link rel=\"stylesheet\" href=\"app/";
/// Modules that the page imports while the first package is read, or when somebody asks for what they do.
const AFTER: [&str; 13] = [
    "connection.js",
    "drop.js",
    "example.js",
    "files.js",
    "how.js",
    "markdown.js",
    "own.js",
    "parts.js",
    "save.js",
    "served.js",
    "spread.js",
    "stills.js",
    "zip.js",
];

/// Where the page will lie, and where its sources do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    /// Of the page: what shows a link to it as a card wants the card's picture by its whole address.
    pub(crate) site: Option<String>,
    /// Of the sources; without it, the page has no link to them.
    pub(crate) source: Option<String>,
    /// Of servers that the page may let paint; it asks no others.
    pub(crate) servers: Vec<String>,
}

/// Links for the page's head: all that the first picture needs early and that only a module would ask for. The engine is none of
/// them: a module asks for it when the page is shown.
pub(crate) fn preloads<'a>(
    files: impl Iterator<Item = &'a String>,
    data: impl Iterator<Item = String>,
) -> String {
    let module = |name: &String| {
        let (_, module) = name.split_once("/src/page/")?;
        (!AFTER.contains(&module)).then(|| format!("<link rel=\"modulepreload\" href=\"{name}\">"))
    };
    let fetched = |name| format!("<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{name}\">");
    data.map(fetched).chain(files.filter_map(module)).collect::<Vec<_>>().join("\n")
}

/// The page from its source in a folder.
///
/// `app` is where its parts lie, `preloads` what is to be loaded before, `poster` a WebP picture.
pub(crate) fn page(
    source: &Path,
    app: &str,
    preloads: &str,
    poster: &[u8],
    addresses: &Addresses,
) -> Result<String> {
    let poster = format!("src=\"data:image/webp;base64,{}\"", STANDARD.encode(poster));
    let page = inlined(&text(&source.join(FILE))?, source)?.replace(POSTER, &poster);
    addressed(&page, app, preloads, addresses)
}

/// The page with its styles and the script that is no module in the place of the lines that name them. The page's policy names
/// them by their hashes, and so allows no others.
fn inlined(html: &str, page: &Path) -> Result<String> {
    let source = |name: &str| text(&page.join(name));
    let (mut styles, mut kept) = (String::new(), String::new());
    for line in html.split_inclusive('\n') {
        let Some(name) = line.strip_prefix(STYLE).and_then(|rest| rest.split('"').next()) else {
            kept += line;
            continue;
        };
        if styles.is_empty() {
            kept += STYLE;
        }
        styles += &source(name)?;
    }
    ensure!(!kept.contains("app/style/"), "{FILE} names styles in a line that is not `{STYLE}…`");
    let guard = source(GUARD)?;
    for (tag, content) in [("style", &styles), ("script", &guard)] {
        ensure!(!content.contains(&format!("</{tag}")), "a {tag} ends within itself");
    }
    let allowed = |content: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)));
    let replacements = [
        ("style-src 'self'", format!("style-src {}", allowed(&styles))),
        ("script-src 'self'", format!("script-src 'self' {}", allowed(&guard))),
        (STYLE, format!("<style>{styles}</style>\n")),
        (GUARD_LINE, format!("<script>{guard}</script>")),
    ];
    replacements.iter().try_fold(kept, |text, (placeholder, put)| {
        ensure!(text.contains(placeholder), "{FILE} has no `{placeholder}`");
        Ok(text.replace(placeholder, put))
    })
}

/// The page with its parts' folder, what is to be loaded before, and addresses put in.
fn addressed(page: &str, folder: &str, preload: &str, addresses: &Addresses) -> Result<String> {
    ensure!(page.contains(PRELOAD), "{FILE} has no line `{PRELOAD}`");
    let mut page =
        page.replace(&format!("\"{APP}/"), &format!("\"{folder}/")).replace(PRELOAD, preload);
    if let Some(site) = &addresses.site {
        let site = site.trim_end_matches('/');
        page = page.replace(
            &format!("content=\"{folder}/"),
            &format!("content=\"{}/{folder}/", attribute(site)),
        );
    }
    if !addresses.servers.is_empty() {
        ensure!(page.contains(CONNECT_SRC), "{FILE} has no policy `{CONNECT_SRC}`");
        let servers = addresses.servers.join(" ");
        page = page.replace(CONNECT_SRC, &format!("{CONNECT_SRC} {servers}"));
    }
    if let Some(source) = &addresses.source {
        let link = format!("id=\"source\" href=\"{}\"", attribute(source));
        page = page.replace("id=\"source\" hidden", &link);
    }
    Ok(page)
}

/// Text between quotation marks of an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PAGE: &str = r#"<meta content="script-src 'self'; style-src 'self';">
<script src="app/src/page/guard.js"></script>
<link rel="stylesheet" href="app/style/a.css">
<link rel="stylesheet" href="app/style/b.css">
<p>text
"#;

    #[test]
    fn what_stands_in_the_page_is_allowed_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let (guard, styles) = ("guard()", ["a {}\n", "b {}\n"]);
        for name in ["src/page", "style"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join(GUARD), guard).unwrap();
        fs::write(folder.path().join("style/a.css"), styles[0]).unwrap();
        fs::write(folder.path().join("style/b.css"), styles[1]).unwrap();
        let page = inlined(PAGE, folder.path()).unwrap();
        let hash = |content: &str| STANDARD.encode(Sha256::digest(content));
        let styles = styles.concat();
        let (script, style) = (hash(guard), hash(&styles));
        let expected = format!(
            "<meta content=\"script-src 'self' 'sha256-{script}'; style-src 'sha256-{style}';\">\n\
             <script>{guard}</script>\n<style>{styles}</style>\n<p>text\n"
        );
        assert_eq!(page, expected);
        // A line that is written in another way would be left, and its file is not there.
        let other = PAGE
            .replace("<link rel=\"stylesheet\" href=\"app/style/b", " <link href=\"app/style/b");
        let error = inlined(&other, folder.path()).unwrap_err().to_string();
        assert!(error.contains("names styles"), "{error}");
        fs::write(folder.path().join("style/a.css"), "</style>").unwrap();
        assert!(inlined(PAGE, folder.path()).is_err());
    }
}
