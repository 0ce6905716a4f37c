//! `tensorflow.Event` and what is used of the messages in it, by the tags of `event.proto` and `summary.proto`.

use std::time::{SystemTime, UNIX_EPOCH};

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// A run starts or goes on: what earlier files hold of this step and later ones is void.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// One figure, picture or distribution under its name.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Content", tags = "2, 4, 5")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "4")]
    Picture(Picture),
    #[prost(message, tag = "5")]
    Histogram(Histogram),
}

#[derive(Clone, PartialEq, Message)]
struct Picture {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// 3 is RGB.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    png: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    count: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    /// Upper ends of the buckets.
    #[prost(double, repeated, tag = "6")]
    limits: Vec<f64>,
    /// How many values each has.
    #[prost(double, repeated, tag = "7")]
    counts: Vec<f64>,
}

/// `SessionLog.SessionStatus.START`.
const START: i32 = 1;
/// The version of event files in which a start voids what came after its step.
const FILE_VERSION: &str = "brain.Event:2";
/// Buckets of a histogram.
const BUCKETS: usize = 30;

impl Event {
    pub(super) fn version() -> Self {
        Self::now(0, What::FileVersion(FILE_VERSION.to_owned()))
    }

    pub(super) fn start(step: u64) -> Self {
        Self::now(step, What::SessionLog(SessionLog { status: START }))
    }

    pub(super) fn summary(step: u64, value: Vec<Value>) -> Self {
        Self::now(step, What::Summary(Summary { value }))
    }

    fn now(step: u64, what: What) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall_time: since.as_secs_f64(), step: step as i64, what: Some(what) }
    }
}

impl Value {
    /// A figure.
    pub fn scalar(tag: impl Into<String>, value: f64) -> Self {
        Self { tag: tag.into(), content: Some(Content::Scalar(value as f32)) }
    }

    /// A picture of so many pixels as a PNG file.
    pub fn picture(tag: impl Into<String>, width: u32, height: u32, png: Vec<u8>) -> Self {
        const RGB: i32 = 3;
        let picture = Picture { height: height as i32, width: width as i32, colorspace: RGB, png };
        Self { tag: tag.into(), content: Some(Content::Picture(picture)) }
    }

    /// The distribution of some values, in buckets of equal width.
    pub fn histogram(tag: impl Into<String>, values: &[f64]) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Equal values have a bucket of some width too.
        let width = ((most - least) / BUCKETS as f64).max(most.abs().max(1.0) * 1e-9);
        let mut counts = vec![0.0; BUCKETS];
        for value in values {
            counts[(((value - least) / width) as usize).min(BUCKETS - 1)] += 1.0;
        }
        let histogram = Histogram {
            min: least,
            max: most,
            count: values.len() as f64,
            sum: values.iter().sum(),
            sum_squares: values.iter().map(|value| value * value).sum(),
            limits: (1..=BUCKETS).map(|bucket| least + width * bucket as f64).collect(),
            counts,
        };
        Self { tag: tag.into(), content: Some(Content::Histogram(histogram)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bucket() {
        for values in [vec![1.0, 2.0, 2.5, 9.0], vec![0.0; 5], vec![-3.0], vec![1e12, 1e12 + 1.0]] {
            let value = Value::histogram("kl", &values);
            let Some(Content::Histogram(found)) = value.content else { panic!("{value:?}") };
            assert!((found.counts.iter().sum::<f64>() - values.len() as f64).abs() < 0.5);
            assert!(found.limits.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
            assert!(found.limits[BUCKETS - 1] >= found.max * (1.0 - 1e-9), "{found:?}");
        }
    }
}
