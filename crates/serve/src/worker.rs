//! The thread that owns an engine.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use gqn_formats::Tensor;
use gqn_runtime::Engine;
use ndarray::{Axis, Slice, concatenate};
use tokio::sync::oneshot;

use crate::error::Refusal;
use crate::metrics::Metrics;

type Reply = oneshot::Sender<Result<Tensor, String>>;

/// Something for the engine to do.
enum Job {
    Represent { frames: Tensor, poses: Tensor, reply: Reply },
    Generate(Query),
}

/// Pictures of one scene.
struct Query {
    scene: Arc<Tensor>,
    poses: Tensor,
    /// One row for all poses, or one for each.
    noise: Arc<Tensor>,
    reply: Reply,
}

/// The way to an engine's thread. The thread ends when all of these are gone and what was asked is done.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    jobs: SyncSender<Job>,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Worker {
    /// Starts the thread. `batch` queries go into one run, at most; `queue` jobs wait.
    pub(crate) fn start(
        engine: Box<dyn Engine + Send>,
        batch: usize,
        queue: usize,
        window: Duration,
        metrics: &Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (jobs, received) = sync_channel(queue);
        let shared = Arc::clone(metrics);
        std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
            Loop { engine, batch, window, metrics: shared, waiting: VecDeque::new() }
                .run(&received);
        })?;
        Ok(Self { jobs, metrics: Arc::clone(metrics) })
    }

    /// frames `[views,3,S,S]`, poses `[views,7]` → scene
    pub(crate) async fn represent(&self, frames: Tensor, poses: Tensor) -> Result<Tensor, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Represent { frames, poses, reply })?;
        received(answer.await)
    }

    /// scene, poses `[queries,7]`, noise `[queries or 1,L,Z,h,h]` → frames `[queries,3,S,S]`
    pub(crate) async fn generate(
        &self,
        scene: Arc<Tensor>,
        poses: Tensor,
        noise: Arc<Tensor>,
    ) -> Result<Tensor, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Generate(Query { scene, poses, noise, reply }))?;
        received(answer.await)
    }

    fn send(&self, job: Job) -> Result<(), Refusal> {
        match self.jobs.try_send(job) {
            Ok(()) => {
                self.metrics.queued();
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(Refusal::busy("the queue is full")),
            Err(TrySendError::Disconnected(_)) => {
                Err(Refusal::unavailable("the engine has stopped"))
            }
        }
    }
}

fn received(
    answer: Result<Result<Tensor, String>, oneshot::error::RecvError>,
) -> Result<Tensor, Refusal> {
    match answer {
        Ok(Ok(tensor)) => Ok(tensor),
        Ok(Err(reason)) => Err(Refusal::internal(reason)),
        Err(_) => Err(Refusal::unavailable("the engine has stopped")),
    }
}

struct Loop {
    engine: Box<dyn Engine + Send>,
    batch: usize,
    window: Duration,
    metrics: Arc<Metrics>,
    /// Taken out of the queue, and not of the run that was being gathered.
    waiting: VecDeque<Job>,
}

impl Loop {
    fn run(&mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match self.waiting.pop_front() {
                Some(job) => job,
                None => match jobs.recv() {
                    Ok(job) => self.taken(job),
                    Err(_) => return,
                },
            };
            match job {
                Job::Represent { frames, poses, reply } => {
                    if !reply.is_closed() {
                        let result = self.timed(1, |engine| engine.represent(&frames, &poses));
                        // Nobody may wait any more.
                        let _ = reply.send(result);
                    }
                }
                Job::Generate(query) => {
                    let queries = self.gather(query, jobs);
                    self.generate(queries);
                }
            }
        }
    }

    fn taken(&self, job: Job) -> Job {
        self.metrics.dequeued();
        job
    }

    /// The query and others of the same scene. While other queries are known to be on their way, it waits for them, for no longer
    /// than the window.
    fn gather(&mut self, first: Query, jobs: &Receiver<Job>) -> Vec<Query> {
        let deadline = Instant::now() + self.window;
        let (mut rows, mut queries) = (first.poses.shape()[0], vec![first]);
        let fits = |job: &Job, queries: &[Query], rows: usize| match job {
            Job::Generate(query) => {
                Arc::ptr_eq(&query.scene, &queries[0].scene)
                    && rows + query.poses.shape()[0] <= self.batch
            }
            Job::Represent { .. } => false,
        };
        let mut index = 0;
        while index < self.waiting.len() {
            if fits(&self.waiting[index], &queries, rows)
                && let Some(Job::Generate(query)) = self.waiting.remove(index)
            {
                rows += query.poses.shape()[0];
                queries.push(query);
            } else {
                index += 1;
            }
        }
        while rows < self.batch {
            let patience = match self.metrics.expected() {
                0 => Duration::ZERO,
                _ => deadline.saturating_duration_since(Instant::now()),
            };
            let job = match jobs.recv_timeout(patience) {
                Ok(job) => self.taken(job),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            };
            match job {
                job if !fits(&job, &queries, rows) => {
                    self.waiting.push_back(job);
                    // Others wait: no more than the queue holds is taken out of it.
                    if self.waiting.len() >= self.batch {
                        break;
                    }
                }
                Job::Generate(query) => {
                    rows += query.poses.shape()[0];
                    queries.push(query);
                }
                Job::Represent { .. } => {}
            }
        }
        queries.retain(|query| !query.reply.is_closed());
        queries
    }

    fn generate(&mut self, mut queries: Vec<Query>) {
        if queries.len() == 1 {
            let Query { scene, poses, noise, reply } = queries.remove(0);
            let rows = poses.shape()[0];
            let result =
                self.timed(rows, |engine| engine.generate_resident(&scene, &poses, &noise));
            let _ = reply.send(result);
            return;
        }
        let Some(first) = queries.first() else { return };
        let scene = Arc::clone(&first.scene);
        let same_noise = queries.iter().all(|query| Arc::ptr_eq(&query.noise, &first.noise))
            && first.noise.shape()[0] == 1;
        let poses: Vec<_> = queries.iter().map(|query| query.poses.view()).collect();
        let poses = concatenate(Axis(0), &poses).expect("poses are of one length");
        let noise = if same_noise {
            Arc::clone(&first.noise)
        } else {
            let rows: Vec<_> = queries.iter().flat_map(Query::noise_rows).collect();
            Arc::new(concatenate(Axis(0), &rows).expect("noises are of one model"))
        };
        let rows = poses.shape()[0];
        let result = self.timed(rows, |engine| engine.generate_resident(&scene, &poses, &noise));
        let mut start = 0;
        for query in queries {
            let end = start + query.poses.shape()[0];
            let part = match &result {
                Ok(frames) if frames.shape()[0] == rows => {
                    Ok(frames.slice_axis(Axis(0), Slice::from(start..end)).to_owned())
                }
                Ok(_) => Err("the engine rendered another number of pictures".to_owned()),
                Err(reason) => Err(reason.clone()),
            };
            let _ = query.reply.send(part);
            start = end;
        }
    }

    fn timed(
        &mut self,
        rows: usize,
        run: impl FnOnce(&mut dyn Engine) -> Result<Tensor, gqn_runtime::EngineError>,
    ) -> Result<Tensor, String> {
        let start = Instant::now();
        let engine = &mut *self.engine;
        let result = catch_unwind(AssertUnwindSafe(|| run(engine)));
        self.metrics.ran(rows, start.elapsed());
        match result {
            Ok(Ok(tensor)) => Ok(tensor),
            Ok(Err(error)) => Err(gqn_messages::error_report(&error).replace('\n', "; ")),
            Err(_) => Err("the engine failed".to_owned()),
        }
    }
}

impl Query {
    /// The noise of each of its poses.
    fn noise_rows(&self) -> Vec<ndarray::ArrayViewD<'_, f32>> {
        let (rows, poses) = (self.noise.shape()[0], self.poses.shape()[0]);
        let row = |index: usize| {
            let index = if rows == 1 { 0 } else { index };
            self.noise.slice_axis(Axis(0), Slice::from(index..index + 1))
        };
        (0..poses).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use gqn_runtime::EngineError;

    use super::*;

    /// Renders a pose's first number plus its noise; slow enough for queries to gather meanwhile.
    struct Slow {
        runs: Arc<Mutex<Vec<usize>>>,
    }

    impl Engine for Slow {
        fn describe(&self) -> String {
            "slow".to_owned()
        }

        fn represent(&mut self, frames: &Tensor, _: &Tensor) -> Result<Tensor, EngineError> {
            Ok(frames.clone())
        }

        fn generate(
            &mut self,
            _: &Tensor,
            poses: &Tensor,
            noise: &Tensor,
        ) -> Result<Tensor, EngineError> {
            assert!(poses[[0, 0]].is_finite(), "an engine that fails");
            let rows = poses.shape()[0];
            self.runs.lock().expect("runs").push(rows);
            std::thread::sleep(Duration::from_millis(50));
            let noise = |row: usize| noise[[if noise.shape()[0] == 1 { 0 } else { row }, 0]];
            let values = (0..rows).map(|row| poses[[row, 0]] + noise(row)).collect();
            Ok(Tensor::from_shape_vec(vec![rows, 1], values).expect("a tensor"))
        }
    }

    fn tensor(value: f32) -> Tensor {
        Tensor::from_elem(vec![1, 1], value)
    }

    fn worker(queue: usize) -> (Worker, Arc<Mutex<Vec<usize>>>) {
        let runs = Arc::default();
        let engine = Box::new(Slow { runs: Arc::clone(&runs) });
        let window = Duration::from_millis(5);
        (Worker::start(engine, 4, queue, window, &Arc::default()).expect("a thread"), runs)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn queries_of_one_scene_share_a_run_and_get_their_own_pictures() {
        let (worker, runs) = worker(16);
        let (scene, other) = (Arc::new(tensor(0.0)), Arc::new(tensor(0.0)));
        let (zero, one) = (Arc::new(tensor(0.0)), Arc::new(tensor(0.5)));
        let ask = |scene: &Arc<Tensor>, pose: f32, noise: &Arc<Tensor>| {
            let (scene, noise) = (Arc::clone(scene), Arc::clone(noise));
            let worker = &worker;
            async move {
                let picture = worker.generate(scene, tensor(pose), noise).await;
                picture.expect("a picture").iter().copied().collect::<Vec<_>>()
            }
        };
        let pictures = block_on(async {
            tokio::join!(
                ask(&scene, 1.0, &zero),
                ask(&scene, 2.0, &zero),
                ask(&other, 3.0, &zero),
                ask(&scene, 4.0, &one),
                ask(&scene, 5.0, &zero),
            )
        });
        assert_eq!(pictures, (vec![1.0], vec![2.0], vec![3.0], vec![4.5], vec![5.0]));
        let runs = runs.lock().expect("runs").clone();
        // The first may have been taken alone, before the others were asked.
        assert_eq!(runs.iter().sum::<usize>(), 5, "{runs:?}");
        assert!(runs.len() <= 3, "{runs:?}");
    }

    #[test]
    fn a_full_queue_refuses_and_a_failing_engine_goes_on() {
        let (worker, _) = worker(1);
        let (scene, noise) = (Arc::new(tensor(0.0)), Arc::new(tensor(0.0)));
        let ask = |pose: f32| worker.generate(Arc::clone(&scene), tensor(pose), Arc::clone(&noise));
        let failed = block_on(ask(f32::NAN)).expect_err("it fails");
        assert_eq!(failed.status, axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        let answers = block_on(async {
            let all: [_; 5] = tokio::join!(ask(1.0), ask(2.0), ask(3.0), ask(4.0), ask(5.0)).into();
            all
        });
        let statuses: Vec<u16> = answers
            .iter()
            .map(|answer| answer.as_ref().map_or_else(|e| e.status.as_u16(), |_| 200))
            .collect();
        assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    }
}
