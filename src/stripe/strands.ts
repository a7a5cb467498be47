// Strands: what concerns one subject is done one after the other, and what concerns others beside it, so that nobody is held up by another.

export interface Strands<T> {
  /** How many subjects are worked on at once. */
  atOnce: number;
  /** How much is taken beforehand, at most. */
  most: number;
  /** Takes up to so many more; none when nothing is due. */
  take(most: number): Promise<T[]>;
  subjectOf(one: T): string;
  work(one: T): Promise<void>;
}

/**
 * Works until nothing is due and nothing is under way. While one subject is held up the others go on, also with what falls due
 * meanwhile. Rejects when taking or working does, after what is under way has ended.
 */
export async function workInStrands<T>(strands: Strands<T>): Promise<void> {
  const { atOnce, most, take, subjectOf, work } = strands;
  const bySubject = new Map<string, T[]>();
  const free: string[] = [];
  let waiting = 0;
  let working = 0;
  let taking: Promise<void> | null = null;
  let failed = false;
  let freed = Promise.withResolvers<void>();

  async function takeMore(): Promise<void> {
    if (waiting >= most) return;
    for (const one of await take(most - waiting)) {
      waiting += 1;
      const subject = subjectOf(one);
      const begun = bySubject.get(subject);
      // Whoever works on this subject goes on with it.
      if (begun) begun.push(one);
      else {
        bySubject.set(subject, [one]);
        free.push(subject);
      }
    }
  }

  async function nextSubject(): Promise<string | undefined> {
    while (!failed) {
      if (free.length === 0) {
        taking ??= takeMore().finally(() => {
          taking = null;
        });
        await taking;
      }
      const subject = free.shift();
      // Counted here and not a moment later: the other hands must not believe that all is done.
      if (subject !== undefined) working += 1;
      if (subject !== undefined || working === 0) return subject;
      await Promise.race([freed.promise, soon()]);
    }
    return undefined;
  }

  async function workOn(subject: string): Promise<void> {
    try {
      const strand = bySubject.get(subject) ?? [];
      for (let one = strand.shift(); one !== undefined; one = strand.shift()) {
        waiting -= 1;
        await work(one);
      }
    } finally {
      bySubject.delete(subject);
      working -= 1;
      freed.resolve();
      freed = Promise.withResolvers<void>();
    }
  }

  async function lane(): Promise<void> {
    try {
      for (let subject = await nextSubject(); subject !== undefined; subject = await nextSubject()) {
        await workOn(subject);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  }

  const ends = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Idle hands look for what has fallen due meanwhile. */
const lookAgainMs = 250;

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lookAgainMs));
}
