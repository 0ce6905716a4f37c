//! What the demo says beside the numbers.

use std::path::Path;

/// What pictures to expect after that long, in plain words.
pub(super) fn expectation(minutes: f64) -> String {
    if minutes < 20.0 {
        format!(
            "{minutes} minutes of training show the room and its objects in their places, colours and sizes; \
             their shapes are soft and sharpen over hours; \
             the goal of three minutes is a ratio of 0.25"
        )
    } else {
        format!(
            "{minutes} minutes of training on a CPU tell objects by their shapes; fine texture needs hours"
        )
    }
}

/// What to do next.
pub(super) fn next_steps(out: &Path) -> String {
    let package = out.join("package");
    let package = package.display();
    let gqn = "target/release/gqn";
    format!(
        "what next:\n  \
         train longer\n    \
         cargo xtask demo --minutes 30\n  \
         look at another scene, or at your own pictures: a folder laid out as `gqn-data scene` writes it\n    \
         {gqn}-run render {package} --world rooms-ring-camera --seed 42 --out out/another\n    \
         {gqn}-data scene --world rooms-ring-camera --seed 42 --size 32 --out out/pictures\n    \
         {gqn}-run render {package} --views out/pictures --context 5 --out out/mine\n  \
         train another world and export it\n    \
         {gqn}-train train --preset tiny --world shepard-metzler-5 --minutes 30 --out out/run\n    \
         {gqn}-export export out/run --out out/package\n  \
         look around in it in a browser\n    \
         cargo xtask web --serve"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_minutes_are_called_soft() {
        assert!(expectation(3.0).contains("soft") && !expectation(30.0).contains("soft"));
    }
}
