//! The mode that bounds a device's power and clocks.

use std::fs;
use std::path::Path;

/// The mode of the device below that root: a Jetson's `nvpmodel`, else the governor of the processor's clock.
pub fn power_mode(root: &Path) -> Option<String> {
    let read = |path: &str| Some(fs::read_to_string(root.join(path)).ok()?.trim().to_owned());
    if let Some(status) = read("var/lib/nvpmodel/status") {
        // Such as `pmode:0002`.
        let mode = status.strip_prefix("pmode:").and_then(|mode| mode.trim().parse::<u32>().ok());
        let names = read("etc/nvpmodel.conf").unwrap_or_default();
        return mode.map(|mode| match mode_name(&names, mode) {
            Some(name) => format!("nvpmodel {mode} ({name})"),
            None => format!("nvpmodel {mode}"),
        });
    }
    let governor = read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?;
    Some(format!("cpufreq {governor}"))
}

/// The name of a mode in `nvpmodel.conf`, whose lines are such as `< POWER_MODEL ID=0 NAME=MAXN >`.
fn mode_name(text: &str, mode: u32) -> Option<String> {
    let models = text.lines().filter(|line| line.contains("POWER_MODEL"));
    models.into_iter().find_map(|line| {
        let value = |key: &str| {
            line.split_whitespace().find_map(|word| word.strip_prefix(key)).map(str::to_owned)
        };
        (value("ID=")? == mode.to_string()).then(|| value("NAME="))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_modes_of_a_jetson_have_names() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(power_mode(root.path()), None);
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n");
        assert_eq!(power_mode(root.path()).as_deref(), Some("cpufreq schedutil"));
        write("var/lib/nvpmodel/status", "pmode:0002\n");
        assert_eq!(power_mode(root.path()).as_deref(), Some("nvpmodel 2"));
        write(
            "etc/nvpmodel.conf",
            "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=2 NAME=15W >\n",
        );
        assert_eq!(power_mode(root.path()).as_deref(), Some("nvpmodel 2 (15W)"));
    }
}
