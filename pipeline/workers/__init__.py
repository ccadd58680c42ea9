"""Worker processes: the pool, its task queue, the template that workers are forked from, deadlines."""
