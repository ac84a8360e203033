use duologue_ids::name;

name! {
    /// A worker's connection (`AW_…`). One that comes back is another worker, which brings its jobs along.
    WorkerId
}
name! {
    /// The wish that an agent be in a room (`AD_…`).
    DispatchId
}
name! {
    /// One piece of work for one worker (`AJ_…`).
    JobId
}
