//! The C locale while graphs are read: where a host program has set one with decimal commas, ONNX's parser of function bodies
//! would read numbers wrongly.

/// The calling thread has the C locale while this lives.
#[derive(Debug)]
pub(crate) struct CLocale {
    #[cfg(unix)]
    before: libc::locale_t,
    #[cfg(unix)]
    own: libc::locale_t,
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "the C library's locales have no safe interface")]
impl CLocale {
    pub(crate) fn set() -> Option<Self> {
        // SAFETY: the name is a string that ends with zero; a null result is not used.
        let own =
            unsafe { libc::newlocale(libc::LC_ALL_MASK, c"C".as_ptr(), std::ptr::null_mut()) };
        if own.is_null() {
            return None;
        }
        // SAFETY: `own` is a locale, and changes that of this thread alone.
        let before = unsafe { libc::uselocale(own) };
        Some(Self { before, own })
    }
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "the C library's locales have no safe interface")]
impl Drop for CLocale {
    fn drop(&mut self) {
        // SAFETY: the thread gets back what it had; then nobody uses `own`.
        unsafe {
            libc::uselocale(self.before);
            libc::freelocale(self.own);
        }
    }
}

#[cfg(not(unix))]
impl CLocale {
    pub(crate) fn set() -> Option<Self> {
        None
    }
}
