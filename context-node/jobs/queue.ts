/** A queue by priority, then first in, first out. */
export class JobQueue<Job extends { readonly priority: number }> {
  /** Lines by priority, without empty ones. */
  readonly #lines = new Map<number, Line<Job>>();
  /** Priorities of the lines, highest first. */
  #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(job: Job): void {
    let line = this.#lines.get(job.priority);
    if (line === undefined) {
      line = new Line();
      this.#lines.set(job.priority, line);
      this.#priorities = [...this.#lines.keys()].sort((a, b) => b - a);
    }
    line.add(job);
    this.#size++;
  }

  /** Puts back a job before all others of its priority. */
  putBack(job: Job): void {
    const line = this.#lines.get(job.priority);
    if (line === undefined) return this.add(job);
    line.putBack(job);
    this.#size++;
  }

  /** Removes and returns the first. Undefined when the queue is empty. */
  take(): Job | undefined {
    const [priority] = this.#priorities;
    if (priority === undefined) return undefined;
    const job = this.#lines.get(priority)?.first();
    if (job !== undefined) this.delete(job);
    return job;
  }

  /** Returns whether it was there. */
  delete(job: Job): boolean {
    const line = this.#lines.get(job.priority);
    if (line === undefined || !line.delete(job)) return false;
    this.#size--;
    if (line.size === 0) {
      this.#lines.delete(job.priority);
      this.#priorities = this.#priorities.filter((priority) => priority !== job.priority);
    }
    return true;
  }

  *[Symbol.iterator](): Generator<Job> {
    for (const priority of this.#priorities) yield* this.#lines.get(priority) ?? [];
  }
}

/** A set that returns its oldest member in constant time, also after many deletions. */
class Line<Job> extends Set<Job> {
  // A new iterator would walk over all deleted members at the front.
  #cursor = this.values();
  #first: Job | undefined;

  first(): Job | undefined {
    if (this.#first === undefined || !this.has(this.#first)) this.#first = this.#advance();
    return this.#first;
  }

  putBack(job: Job): void {
    const later = [...this];
    this.clear();
    for (const each of [job, ...later]) this.add(each);
    this.#cursor = this.values();
    this.#first = undefined;
  }

  #advance(): Job | undefined {
    const next = this.#cursor.next();
    if (!next.done) return next.value;
    this.#cursor = this.values();
    return this.#cursor.next().value;
  }
}
