//! What the pictures show.

use gqn_scenes::{Camera, FIELD_OF_VIEW, Frame, Scene, World};

fn pixel(frame: &Frame, column: usize, row: usize) -> [i32; 3] {
    let at = 3 * (row * frame.side() + column);
    [0, 1, 2].map(|channel| i32::from(frame.rgb8()[at + channel]))
}

fn chroma(pixel: [i32; 3]) -> i32 {
    pixel.iter().max().expect("three") - pixel.iter().min().expect("three")
}

#[test]
fn chains_are_in_the_middle_and_inside_the_picture() {
    // The surround of a chain is nearly grey, the cubes are not: their saturation is at least 0.7.
    const COLOURED: i32 = 40;
    for world in [World::ShepardMetzler5, World::ShepardMetzler7] {
        let (mut frames, mut cut) = (0, 0);
        for seed in 0..60 {
            let scene = Scene::generate(world, seed);
            for camera in scene.cameras(4) {
                let frame = scene.render(&camera, 32);
                let coloured = |column, row| chroma(pixel(&frame, column, row)) > COLOURED;
                let square = |low: usize, high: usize| {
                    (low..high).flat_map(move |y| (low..high).map(move |x| (x, y)))
                };
                let middle = square(10, 22).filter(|(x, y)| coloured(*x, *y)).count();
                assert!(
                    middle > 12,
                    "{world} {seed}: {middle} of 144 middle pixels show the chain"
                );
                let on_rim =
                    |(x, y): &(usize, usize)| [*x, *y].iter().any(|at| *at == 0 || *at == 31);
                cut += usize::from(square(0, 32).filter(on_rim).any(|(x, y)| coloured(x, y)));
                frames += 1;
            }
        }
        assert!(cut * 100 <= frames, "{world}: {cut} of {frames} pictures cut the chain off");
    }
}

#[test]
fn rooms_show_sky_above_and_floor_below() {
    for seed in 0..20 {
        let scene = Scene::generate(World::RoomsRingCamera, seed);
        let frame = scene.render(&scene.camera(0), 64);
        for column in [0, 20, 63] {
            let [red, _, blue] = pixel(&frame, column, 0);
            assert!(
                blue > red + 10 && blue > 200,
                "seed {seed}: the sky is blue: {:?}",
                pixel(&frame, column, 0)
            );
        }
    }
}

#[test]
fn a_plan_is_the_view_from_above_with_north_up() {
    // An eye over the middle whose picture is as wide on the floor as the map: 2.36 ring radii of 0.85. Only what stands
    // up from the floor is elsewhere in the two.
    let height = 1.18 * 0.85 / (FIELD_OF_VIEW / 2.0).tan();
    let north = core::f32::consts::FRAC_PI_2;
    let above = Camera { position: [0.0, 0.0, height], yaw: north, pitch: -north };
    for seed in 0..12 {
        let scene = Scene::generate(World::RoomsRingCamera, seed);
        let (plan, seen) = (scene.plan(64), scene.render(&above, 64));
        let differing = |place: fn(usize, usize) -> (usize, usize)| {
            let inside = (4..60).flat_map(|y| (4..60).map(move |x| (x, y)));
            let far = |(x, y): &(usize, usize)| {
                let (a, b) = (pixel(&plan, *x, *y), pixel(&seen, place(*x, *y).0, place(*x, *y).1));
                (0..3).any(|channel| (a[channel] - b[channel]).abs() > 24)
            };
            inside.filter(far).count()
        };
        let (same, mirrored) = (differing(|x, y| (x, y)), differing(|x, y| (63 - x, y)));
        // 56 by 56 pixels; the objects and the sides that they show make up less than an eighth.
        assert!(same < 392, "seed {seed}: {same} pixels differ");
        assert!(mirrored > same, "seed {seed}: {mirrored} pixels differ mirrored, {same} as it is");
    }
}

/// The mean of the bytes in some rows of a picture.
fn mean(frame: &Frame, rows: core::ops::Range<usize>) -> f32 {
    let side = frame.side();
    let bytes = &frame.rgb8()[3 * side * rows.start..3 * side * rows.end];
    bytes.iter().map(|byte| f32::from(*byte)).sum::<f32>() / bytes.len() as f32
}

#[test]
fn walls_of_mazes_hide_what_is_behind_them() {
    // From above the whole maze is seen; from a walker's eye the sky above the walls and the floor below.
    for seed in 0..10 {
        let scene = Scene::generate(World::Mazes, seed);
        let above =
            Camera { position: [0.0, 0.0, 3.2], yaw: 0.0, pitch: -std::f32::consts::FRAC_PI_2 };
        let map = scene.render(&above, 64);
        let colours: std::collections::BTreeSet<[i32; 3]> = (0..64)
            .flat_map(|row| (0..64).map(move |column| (column, row)))
            .map(|(column, row)| pixel(&map, column, row).map(|value| value / 32))
            .collect();
        assert!(colours.len() > 12, "seed {seed}: {} colours", colours.len());
        for camera in scene.orbit(20) {
            let frame = scene.render(&Camera { pitch: 1.2, ..camera }, 16);
            let [red, _, blue] = pixel(&frame, 8, 0);
            assert!(blue > red + 10 && blue > 180, "seed {seed}: no roof");
            let frame = scene.render(&Camera { pitch: -1.4, ..camera }, 16);
            assert!(mean(&frame, 0..16) < 225.0, "seed {seed}: there is a floor");
        }
    }
}

#[test]
fn arms_are_dark_before_bright_rooms() {
    for seed in 0..20 {
        let scene = Scene::generate(World::Jaco, seed);
        for camera in scene.cameras(3) {
            let frame = scene.render(&camera, 48);
            let dark = (0..48 * 48)
                .filter(|at| pixel(&frame, at % 48, at / 48).iter().all(|value| *value < 100))
                .count();
            assert!(dark > 20, "seed {seed}: {dark} dark pixels");
        }
    }
}

#[test]
fn a_seed_is_a_scene() {
    for world in World::ALL {
        let picture = |seed| {
            let scene = Scene::generate(world, seed);
            scene.render(&scene.camera(0), 32)
        };
        assert_eq!(picture(5), picture(5));
        assert_ne!(picture(5), picture(6));
        assert_ne!(picture(5), picture(5 | 1 << 63));
    }
}

#[test]
fn sizes_show_the_same() {
    // Averaged down by two, the larger picture is the smaller one but for the pixels' differing samples.
    const MEAN_DIFFERENCE: f32 = 4.0;
    for world in World::ALL {
        let scene = Scene::generate(world, 2);
        let camera = scene.camera(1);
        let (small, large) = (scene.render(&camera, 32), scene.render(&camera, 64));
        let mut sum = 0.0;
        for row in 0..32 {
            for column in 0..32 {
                let corners = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(x, y)| pixel(&large, 2 * column + x, 2 * row + y));
                for (channel, value) in pixel(&small, column, row).iter().enumerate() {
                    let mean =
                        corners.iter().map(|corner| corner[channel]).sum::<i32>() as f32 / 4.0;
                    sum += (mean - *value as f32).abs();
                }
            }
        }
        let difference = sum / (3.0 * 32.0 * 32.0);
        assert!(difference < MEAN_DIFFERENCE, "{world}: {difference}");
    }
}

#[test]
fn cameras_anywhere_make_pictures() {
    let eyes = [
        [0.0; 3],
        [0.0, 0.0, -3.0],
        [5.0, 0.0, 0.2],
        [1e30; 3],
        [f32::NAN; 3],
        [f32::INFINITY, 0.0, 0.0],
    ];
    for world in World::ALL {
        let scene = Scene::generate(world, 1);
        for position in eyes {
            for (yaw, pitch) in [(0.0, 0.0), (3.0, -1.5), (f32::NAN, 0.3)] {
                assert_eq!(scene.render(&Camera { position, yaw, pitch }, 8).side(), 8);
            }
        }
        assert_eq!(scene.render(&scene.camera(0), 1).side(), 1);
    }
}
