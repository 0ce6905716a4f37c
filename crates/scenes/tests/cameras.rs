//! Cameras, poses, and where the worlds put them.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4, PI};

use gqn_scenes::{Camera, Motion, Pose, PoseEncoding, Scene, World};

/// Rounding of single precision on numbers of order one, a few operations deep.
const ROUNDING: f32 = 1e-5;

#[track_caller]
fn close(name: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(
            difference <= ROUNDING,
            "{name}[{index}]: {found}, expected {expected}: {difference} > {ROUNDING}"
        );
    }
}

#[test]
fn poses_by_hand() {
    // cos and sin of 60 degrees: 1/2 and sqrt(3)/2; of -45 degrees: sqrt(1/2) and -sqrt(1/2).
    let camera = Camera { position: [1.0, -2.0, 0.5], yaw: PI / 3.0, pitch: -FRAC_PI_4 };
    let Pose(cos_sin) = camera.pose(PoseEncoding::CosSin);
    close("cos-sin", &cos_sin, &[1.0, -2.0, 0.5, 0.5, 0.866_025_4, FRAC_1_SQRT_2, -FRAC_1_SQRT_2]);
    let Pose(sin_cos) = camera.pose(PoseEncoding::SinCos);
    close("sin-cos", &sin_cos, &[1.0, -2.0, 0.5, 0.866_025_4, 0.5, -FRAC_1_SQRT_2, FRAC_1_SQRT_2]);
}

#[test]
fn looking_by_hand() {
    let camera = Camera::looking_at([1.0, 1.0, 1.0], [1.0, 3.0, -1.0]);
    close("along +y, 45 degrees down", &[camera.yaw, camera.pitch], &[FRAC_PI_2, -FRAC_PI_4]);
    close("forward", &camera.forward(), &[0.0, 0.5_f32.sqrt(), -0.5_f32.sqrt()]);
    let down = Camera::looking_at([0.0, 0.0, 1.0], [0.0; 3]);
    close("straight down", &[down.yaw, down.pitch], &[0.0, -FRAC_PI_2]);
}

/// What all cameras of a world look at, if it is one point: from the worlds' description.
fn target(world: World) -> Option<[f32; 3]> {
    match world {
        World::RoomsRingCamera => Some([0.0, 0.0, 0.19]),
        World::ShepardMetzler5 | World::ShepardMetzler7 => Some([0.0; 3]),
        World::Jaco => Some([0.0, 0.0, 0.31]),
        _ => None,
    }
}

#[track_caller]
fn check_allowed(world: World, camera: &Camera) {
    let [x, y, z] = camera.position;
    let ground = x.hypot(y);
    match world {
        World::RoomsRingCamera => close("ring", &[ground, z], &[0.85, 0.42]),
        World::ShepardMetzler5 | World::ShepardMetzler7 => {
            close("sphere", &[ground.hypot(z)], &[1.0]);
        }
        World::Jaco => {
            close("cylinder", &[ground], &[1.15]);
            assert!((0.25..=0.85).contains(&z), "{camera:?}");
        }
        World::Mazes => {
            close("eye", &[z], &[0.14]);
            assert!(x.abs() < 1.0 && y.abs() < 1.0 && camera.pitch.abs() <= 0.06, "{camera:?}");
        }
        _ => {
            assert!(x.abs() <= 0.88 && y.abs() <= 0.88, "{camera:?}");
            assert!((0.22..=0.46).contains(&z), "{camera:?}");
            // What it looks at is at least 0.45 away and between 0.08 and 0.22 high: at most 0.7013 below the horizon.
            assert!(camera.pitch > -0.702 && camera.pitch <= 0.0, "{camera:?}");
        }
    }
    if let Some(target) = target(world) {
        let to_target: Vec<f32> =
            target.iter().zip(camera.position).map(|(to, from)| to - from).collect();
        let length = to_target.iter().map(|d| d * d).sum::<f32>().sqrt();
        let direction: Vec<f32> = to_target.iter().map(|d| d / length).collect();
        close("line of sight", &camera.forward(), &direction);
    }
    assert!(
        camera.yaw.abs() <= PI + ROUNDING && camera.pitch.abs() <= FRAC_PI_2 + ROUNDING,
        "{camera:?}"
    );
}

#[test]
fn views_are_in_range_and_look_at_the_middle() {
    for world in World::ALL {
        for seed in 0..100 {
            let scene = Scene::generate(world, seed);
            let views = world.views_per_scene().min(30);
            for camera in scene.cameras(views).iter().chain(&scene.orbit(12)) {
                check_allowed(world, camera);
            }
        }
    }
}

#[test]
fn views_go_all_around() {
    for world in World::ALL {
        let mut quarters = [0; 4];
        let mut above = 0;
        for camera in Scene::generate(world, 3).cameras(400) {
            quarters[usize::from(camera.position[0] > 0.0)
                + 2 * usize::from(camera.position[1] > 0.0)] += 1;
            above += usize::from(camera.position[2] > 0.0);
        }
        // 400 directions: each quarter gets 100 +- 9 by chance; 50 is more than five standard deviations away. A walk
        // through a maze goes through every quarter, but begins its second round in one of them; objects stand in the
        // way of cameras that are anywhere.
        let least = if world == World::Mazes { 30 } else { 50 };
        assert!(quarters.iter().all(|count| *count > least), "{world}: {quarters:?}");
        match world {
            World::ShepardMetzler5 | World::ShepardMetzler7 => {
                assert!((140..=260).contains(&above), "{world}: {above} of 400 from above");
            }
            _ => assert_eq!(above, 400),
        }
    }
}

#[test]
fn first_cameras_do_not_depend_on_the_count() {
    for world in World::ALL {
        let scene = Scene::generate(world, 7);
        let many = scene.cameras(20);
        assert_eq!(scene.cameras(4), many[..4]);
        assert_eq!(scene.camera(11), many[11]);
        assert_ne!(many[0], many[1]);
        assert_ne!(many[0], Scene::generate(world, 8).camera(0), "another scene has other cameras");
    }
}

#[test]
fn orbits_close() {
    for world in World::ALL {
        let scene = Scene::generate(world, 0);
        let orbit = scene.orbit(8);
        // Steps between neighbours, the last to the first among them, are equally long.
        let step = |a: &Camera, b: &Camera| {
            (0..3).map(|axis| (a.position[axis] - b.position[axis]).powi(2)).sum::<f32>().sqrt()
        };
        assert!(scene.orbit(0).is_empty());
        if world == World::Mazes {
            // Corridors bend: along a fine orbit, a step is at most as long as the way is for it.
            let orbit = scene.orbit(2000);
            let longest = (0..2000).map(|index| step(&orbit[index], &orbit[(index + 1) % 2000]));
            assert!(longest.fold(0.0, f32::max) < 0.012);
            continue;
        }
        let steps: Vec<f32> =
            (0..8).map(|index| step(&orbit[index], &orbit[(index + 1) % 8])).collect();
        close("steps", &steps, &[steps[0]; 8]);
        assert!(steps[0] > 0.1);
    }
}

/// Where a camera stands as seen from the middle: azimuth and height.
fn place(camera: &Camera) -> [f32; 2] {
    let [x, y, z] = camera.position;
    [y.atan2(x), z]
}

#[test]
fn motions_stay_where_the_world_allows() {
    for world in World::ALL {
        for seed in 0..30 {
            let scene = Scene::generate(world, seed);
            let [a, b] = [scene.camera(0), scene.camera(1)];
            for turn in [-3.0, -0.1, 0.0, 0.7, f32::NAN] {
                for raise in [-5.0, 0.2, 5.0, f32::INFINITY] {
                    for advance in [-9.0, 0.0, 0.3, 1e9, f32::NAN] {
                        let motion = Motion { turn, raise, advance };
                        check_allowed(world, &scene.moved(&a, &motion));
                    }
                }
            }
            for t in [-1.0, 0.0, 0.3, 1.0, 2.0, f32::NAN] {
                check_allowed(world, &scene.between(&a, &b, t));
            }
            for [u, v] in [[0.0, 0.0], [0.5, 0.5], [0.9, 0.3], [-7.0, f32::NAN]] {
                check_allowed(world, &scene.from_map(&a, u, v));
            }
            check_allowed(world, &scene.onward(&a, 3));
            check_allowed(world, &scene.home());
        }
    }
}

/// The least distance, on the ground, of what a camera in a room looks at.
const NEAREST: f32 = 0.45;

#[test]
fn every_world_is_gone_about_in() {
    for world in World::ALL {
        let scene = Scene::generate(world, 5);
        let from = scene.home();
        let goes = |motion: Motion| {
            let there = scene.moved(&from, &motion);
            let far = [0, 1, 2].map(|axis| (there.position[axis] - from.position[axis]).abs());
            far.iter().any(|far| *far > 1e-3)
        };
        let raised = goes(Motion { raise: -0.1, ..Motion::default() });
        assert_eq!(raised, scene.can_raise(), "{world}");
        // From where one begins, a maze may lead ahead or back.
        let gone = [0.2, -0.2].map(|advance| goes(Motion { advance, ..Motion::default() }));
        assert_eq!(gone.contains(&true), scene.can_advance(), "{world}");
        let there = scene.moved(&from, &Motion { turn: 0.2, ..Motion::default() });
        assert_ne!(there, from, "{world}");
        let back = scene.moved(&there, &Motion { turn: -0.2, ..Motion::default() });
        close(world.name(), &back.position, &from.position);
        let mut at = from;
        for _ in 0..180 {
            at = scene.onward(&at, 1);
        }
        close("180 steps are 180 times one", &at.position, &scene.onward(&from, 180).position);
        assert_eq!(scene.spread(4).len(), 4);
    }
}

#[test]
fn motions_by_hand() {
    let sphere = Scene::generate(World::ShepardMetzler5, 0);
    // At +x, looking along -x: its right is +y. A picture drawn half its width to the right is seen from a quarter turn
    // to the left, which is -y.
    let at_x = Camera::looking_at([1.0, 0.0, 0.0], [0.0; 3]);
    let turned = sphere.moved(&at_x, &Motion { turn: 0.5, ..Motion::default() });
    close("a quarter turn", &turned.position, &[0.0, -1.0, 0.0]);
    let raised = sphere.moved(&at_x, &Motion { raise: 0.5, ..Motion::default() });
    close("45 degrees up", &raised.position, &[FRAC_1_SQRT_2, 0.0, FRAC_1_SQRT_2]);
    let ring = Scene::generate(World::RoomsRingCamera, 0);
    close(
        "on a ring, drawing down does nothing",
        &ring.moved(&ring.home(), &Motion { raise: 0.5, ..Motion::default() }).position,
        &ring.home().position,
    );
    // From 170 to -170 degrees one goes through 180, not through 0.
    let at = |degrees: f32| {
        let angle = degrees.to_radians();
        Camera::looking_at([angle.cos(), angle.sin(), 0.0], [0.0; 3])
    };
    close(
        "the shorter way",
        &sphere.between(&at(170.0), &at(-170.0), 0.5).position,
        &[-1.0, 0.0, 0.0],
    );
    // A quarter of the height of an arm's cylinder, which is 0.6, from half-way up.
    let arm = Scene::generate(World::Jaco, 0);
    let raised = arm.moved(&arm.home(), &Motion { raise: 0.25, ..Motion::default() });
    close("a quarter up", &raised.position, &[1.15, 0.0, 0.7]);
    // In a room one comes as near as 0.45 to the point looked at, which is the middle here, and no nearer.
    let room = Scene::generate(World::RoomsFreeCameraNoObjectRotations, 0);
    let far = Camera::looking_at([0.85, 0.0, 0.42], [0.0, 0.0, 0.19]);
    let near = room.moved(&far, &Motion { advance: 9.0, ..Motion::default() });
    let [x, y, z] = near.position;
    assert!(x.hypot(y) >= NEAREST - ROUNDING && x < 0.85, "{near:?}");
    close("the height stays", &[z], &[0.42]);
    let toward: Vec<f32> = near
        .position
        .iter()
        .zip(near.forward())
        .map(|(at, ahead)| at + ahead * ((0.19 - z) / near.forward()[2]))
        .collect();
    close("it still looks there", &toward, &[0.0, 0.0, 0.19]);
}

#[test]
fn nobody_walks_through_walls() {
    for seed in 0..20 {
        let scene = Scene::generate(World::Mazes, seed);
        // Whatever way one goes, pictures from there show no wall from within: the place is one that the map gives back.
        let mut at = scene.camera(seed as usize);
        for step in 0..60 {
            at = scene.moved(&at, &Motion { turn: 0.37, raise: 0.0, advance: 0.15 });
            let point = scene.to_map(&at);
            let again = scene.from_map(&at, point.u, point.v);
            close(&format!("seed {seed}, step {step}"), &again.position, &at.position);
        }
        // A wall between two places is not gone through slowly, an open way is.
        let way = scene.orbit(600);
        let glide = scene.between(&way[0], &way[1], 0.5);
        let middle: Vec<f32> =
            [0, 1, 2].map(|axis| 0.5 * (way[0].position[axis] + way[1].position[axis])).to_vec();
        close("half-way", &glide.position, &middle);
        let cut = way.iter().filter(|to| scene.between(&way[0], to, 0.01) == **to).count();
        assert!(cut > 100, "seed {seed}: {cut} of 600 places are behind walls");
    }
}

#[test]
fn maps_lead_there_and_back() {
    for world in World::ALL {
        let scene = Scene::generate(world, 1);
        for camera in scene.cameras(50) {
            let point = scene.to_map(&camera);
            assert!((0.0..=1.0).contains(&point.u) && (0.0..=1.0).contains(&point.v), "{point:?}");
            // Near the poles of a sphere a map stops short, and at its rim heights are steep: only azimuths are sharp.
            if camera.position[2].abs() < 0.9 {
                let [azimuth, height] = place(&scene.from_map(&camera, point.u, point.v));
                let [expected, expected_height] = place(&camera);
                close("azimuth", &[azimuth], &[expected]);
                assert!((height - expected_height).abs() < 2e-3, "{height}, {expected_height}");
            }
        }
    }
    // North is up: a camera at +y that looks south stands at the top and heads down, half a turn from up.
    let north = Camera::looking_at([0.0, 1.0, 0.0], [0.0; 3]);
    let point = Scene::generate(World::ShepardMetzler5, 0).to_map(&north);
    let half = 0.5 / 1.18;
    close("north", &[point.u, point.v, point.heading.abs()], &[0.5, 0.5 - half, PI]);
}
