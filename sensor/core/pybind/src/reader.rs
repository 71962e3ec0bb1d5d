//! Reading from the wire on a thread of its own: what Python makes of findings, a full disk behind it or a collection of
//! its garbage never holds the reading up. Packets wait in the kernel's ring only while more was found than a batch holds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tap::Progress;

use crate::inner::{Inner, Taken, CHUNK};

/// Longest sleep of the reading thread for want of packets. The lock is held meanwhile, so whoever wants it waits as long.
const IDLE: Duration = Duration::from_millis(20);
/// Longest sleep for want of room.
const FULL: Duration = Duration::from_millis(100);

/// The lock around the engine, and who waits for what.
pub struct Shared {
    inner: Mutex<Inner>,
    /// Callers that wait for the lock: the reading thread, which would have it again at once, lets them go first.
    wanted: AtomicUsize,
    /// There is a whole batch to take, or the end.
    arrived: Bell,
    /// A batch was taken.
    taken: Bell,
}

impl Shared {
    pub fn new(inner: Inner) -> Self {
        let wanted = AtomicUsize::new(0);
        Self { inner: Mutex::new(inner), wanted, arrived: Bell::default(), taken: Bell::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.wanted.fetch_sub(1, Ordering::AcqRel);
        inner
    }

    /// What was found until `timeout` is over, a batch is full, or the source has ended.
    ///
    /// # Errors
    /// Why the source has ended before its time. What was found until then stays to be taken.
    pub fn wait(&self, timeout: Duration, snapshot: bool) -> Result<Taken, String> {
        self.arrived.wait(timeout);
        let mut inner = self.lock();
        if let Some(Err(error)) = &inner.ended {
            return Err(error.clone());
        }
        let taken = inner.take(snapshot);
        drop(inner);
        self.taken.ring();
        Ok(taken)
    }
}

/// Something happened. It is heard once, also by who comes later.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    sound: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.sound.notify_all();
    }

    fn wait(&self, timeout: Duration) {
        let deadline = Instant::now().checked_add(timeout);
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !*rung {
            let rest = deadline.map_or(timeout, |deadline| deadline.saturating_duration_since(Instant::now()));
            if rest.is_zero() {
                return;
            }
            (rung, _) = self.sound.wait_timeout(rung, rest).unwrap_or_else(PoisonError::into_inner);
        }
        *rung = false;
    }
}

/// The reading thread. Dropped, it stops where it is.
pub struct Reader {
    shared: Arc<Shared>,
    quit: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// # Errors
    /// The system gives no more threads.
    pub fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let quit = Arc::new(AtomicBool::new(false));
        let (its, told) = (Arc::clone(shared), Arc::clone(&quit));
        let thread = std::thread::Builder::new().name("otus-reader".to_owned()).spawn(move || {
            let end = End(&its);
            read(&its, &told);
            drop(end);
        })?;
        Ok(Self { shared: Arc::clone(shared), quit, thread: Some(thread) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.quit.store(true, Ordering::Release);
        self.shared.taken.ring();
        if let Some(thread) = self.thread.take() {
            // One that ended in a panic has said so on standard error.
            drop(thread.join());
        }
    }
}

fn read(shared: &Shared, quit: &AtomicBool) {
    while !quit.load(Ordering::Acquire) {
        let (progress, full) = {
            let mut inner = shared.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let full = inner.is_full();
            (if full { Progress::Idle } else { inner.read(CHUNK, IDLE) }, full)
        };
        if progress == Progress::End {
            return;
        }
        if full {
            shared.arrived.ring();
            shared.taken.wait(FULL);
        }
        while shared.wanted.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
    }
}

/// Says that nothing more will be read, also when a defect of ours ends the thread: nobody must take that for silence.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let defect = || Err("reading has stopped: a defect of ours; start the sensor again".to_owned());
        if std::thread::panicking() {
            self.0.lock().ended.get_or_insert_with(defect);
        }
        self.0.arrived.ring();
    }
}
