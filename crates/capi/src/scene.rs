//! A package with one scene, behind the C interface.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gqn_formats::Package;
use gqn_messages::error_report;
use gqn_runtime::{Noise, Session, ViewId};
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider, Spin};
use gqn_scenes::{Camera, Frame};

use crate::locale::CLocale;

/// A package with one scene. Calls from several threads wait for one another.
#[derive(Debug)]
pub(crate) struct OpenScene {
    session: Mutex<Session<OrtEngine>>,
    side: usize,
}

impl OpenScene {
    pub(crate) fn open(
        package: &Path,
        library: Option<&Path>,
        provider: Option<&str>,
        threads: u32,
    ) -> Result<Self, String> {
        let _locale = CLocale::set();
        let provider = provider.map_or(Ok(Provider::Auto), str::parse)?;
        let package = Package::open(package).map_err(|error| report(&error))?;
        let runtime = OnnxRuntime::load(library).map_err(|error| report(&error))?;
        // The host program has its own use for the cores.
        let options = OrtOptions {
            spin: Spin::Off,
            ..OrtOptions::on(provider, NonZeroUsize::new(threads as usize))
        };
        let engine = OrtEngine::new(runtime, &package, &options).map_err(|error| report(&error))?;
        let side = package.manifest.config.image_size;
        Ok(Self { session: Mutex::new(Session::new(engine, &package.manifest)), side })
    }

    pub(crate) fn side(&self) -> usize {
        self.side
    }

    pub(crate) fn observe(&self, rgb: &[u8], camera: Camera) -> Result<u64, String> {
        let frame = Frame::from_rgb8(self.side, rgb.to_vec()).map_err(|error| report(&error))?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let views = session.observe(&[(frame, camera)]).map_err(|error| report(&error))?;
        Ok(views[0].index())
    }

    pub(crate) fn forget(&self, view: u64) -> Result<(), String> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.forget(ViewId::from_index(view)).map_err(|error| report(&error))
    }

    /// `rgb` is as long as the pictures.
    pub(crate) fn query(
        &self,
        cameras: &[Camera],
        noise: &Noise,
        rgb: &mut [u8],
    ) -> Result<(), String> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let frames = session.query(cameras, noise).map_err(|error| report(&error))?;
        for (to, frame) in rgb.chunks_exact_mut(3 * self.side * self.side).zip(&frames) {
            to.copy_from_slice(frame.rgb8());
        }
        Ok(())
    }
}

/// One line and its hints, without what a terminal's line begins with.
fn report(error: &(dyn std::error::Error + 'static)) -> String {
    let report = error_report(error);
    report.strip_prefix("error: ").unwrap_or(&report).to_owned()
}
