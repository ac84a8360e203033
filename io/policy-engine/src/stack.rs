//! Work that goes deep: parsing, compiling and interpreting a policy follow by recursion how it is nested and which rule leads to
//! which. Both are bounded, and this is enough for the bounds.

/// Bytes, of which only those that are used are taken.
const STACK: usize = 512 * 1024 * 1024;

/// What comes of the work, done on a stack of its own; none: it panicked, or there was no thread for it.
pub(crate) fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().name("policy".into()).stack_size(STACK).spawn_scoped(scope, work);
        worker.ok()?.join().ok()
    })
}
