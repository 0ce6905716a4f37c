//! Listening, signals, and a graceful stop.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutWriter;

use crate::app::App;
use crate::error::ServeError;
use crate::event::Event;
use crate::options::{Loader, ServeOptions};
use crate::router::router;

/// Threads that read and write; the engine has its own.
const THREADS: usize = 2;
/// After an error of the system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until the process is told to stop (Ctrl-C or SIGTERM). SIGHUP loads the model anew. Blocks.
///
/// # Errors
/// [`ServeError`]: the address is taken, or the model does not load at the start.
pub fn run(options: ServeOptions, loader: Loader) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|source| ServeError::Threads { source })?;
    let result = runtime.block_on(serve(options, loader));
    // A model that is being loaded is not waited for.
    runtime.shutdown_background();
    result
}

async fn serve(options: ServeOptions, loader: Loader) -> Result<(), ServeError> {
    let ServeOptions { listen, token, origins, hosts, limits, events } = options;
    let failed = |source| ServeError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    events(Event::Listening { address });
    let app = Arc::new(App::new(limits, token, origins, hosts, events, loader));
    let loading = Arc::clone(&app);
    let mut first = tokio::task::spawn_blocking(move || loading.load());
    let mut stop = pin!(told_to_stop());
    let (routes, graceful) = (router(&app), GracefulShutdown::new());
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut is_loaded = false;
    loop {
        tokio::select! {
            loaded = &mut first, if !is_loaded => {
                let loaded = loaded.unwrap_or_else(|_| Err("loading the model failed".to_owned()));
                loaded.map_err(|reason| ServeError::Load { reason })?;
                is_loaded = true;
                reload_on_signal(&app);
            }
            () = &mut stop => break,
            accepted = accept(&listener, &room) => {
                if let Some((stream, permit)) = accepted {
                    connection(stream, permit, routes.clone(), &app, &graceful);
                }
            }
        }
    }
    drop(listener);
    app.stopping.send_replace(true);
    app.metrics.set_ready(false);
    (app.events)(Event::Stopping);
    // Whoever has not read its answer by then does not want it.
    let _ = tokio::time::timeout(limits.timeout, graceful.shutdown()).await;
    Ok(())
}

/// The next connection, when there is room for one more.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    if let Ok((stream, _)) = listener.accept().await {
        return Some((stream, permit));
    }
    tokio::time::sleep(PAUSE).await;
    None
}

fn connection(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    routes: Router,
    app: &Arc<App>,
    graceful: &GracefulShutdown,
) {
    // Small answers are not held back for more.
    let _ = stream.set_nodelay(true);
    // Clients that do not read hold no connection forever.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(app.limits.timeout));
    let service = TowerToHyperService::new(routes);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.limits.timeout)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // What goes wrong here is the client's, and it is gone.
        let _ = watched.await;
        drop(permit);
    });
}

/// Returns when the process is told to stop.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// SIGHUP loads the model anew.
#[cfg(unix)]
fn reload_on_signal(app: &Arc<App>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            let loading = Arc::clone(&app);
            let loaded = tokio::task::spawn_blocking(move || loading.load()).await;
            let loaded = loaded.unwrap_or_else(|_| Err("loading failed".to_owned()));
            app.metrics.reloaded(loaded.is_ok());
            if let Err(reason) = loaded {
                (app.events)(Event::ReloadFailed { reason });
            }
        }
    });
}

#[cfg(not(unix))]
fn reload_on_signal(_: &Arc<App>) {}
