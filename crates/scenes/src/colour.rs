//! Colours. Light is added up linearly; bytes hold its square root (gamma 2), which every target computes alike.

use parry3d::math::Vector;

/// Linear light of a colour given as the bytes of a picture.
pub(crate) fn from_bytes(red: u8, green: u8, blue: u8) -> Vector {
    let encoded = Vector::new(f32::from(red), f32::from(green), f32::from(blue)) / 255.0;
    encoded * encoded
}

/// Linear light of a colour given by hue (in turns, any value), saturation and value (in [0, 1]).
pub(crate) fn from_hsv(hue: f32, saturation: f32, value: f32) -> Vector {
    let channel = |offset: f32| {
        let sector = 6.0 * fract(hue + offset / 6.0);
        let distance = (sector - 3.0).abs() - 1.0;
        value * (1.0 - saturation * (1.0 - distance.clamp(0.0, 1.0)))
    };
    let encoded = Vector::new(channel(0.0), channel(4.0), channel(2.0));
    encoded * encoded
}

/// What is to be stored of some linear light: in [0, 1].
pub(crate) fn encode(light: Vector) -> Vector {
    let root = |value: f32| value.clamp(0.0, 1.0).sqrt();
    Vector::new(root(light.x), root(light.y), root(light.z))
}

/// `from` at 0, `to` at 1.
pub(crate) fn mix(from: Vector, to: Vector, share: f32) -> Vector {
    from + (to - from) * share
}

/// The part of a number above its floor.
pub(crate) fn fract(x: f32) -> f32 {
    x - x.floor()
}
