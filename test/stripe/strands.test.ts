// Strands: one subject's work in its order, everybody else's beside it, and an end when nothing is left.
import { describe, expect, test } from 'vitest';
import { workInStrands } from '../../src/stripe/strands.ts';

interface Piece {
  subject: string;
  number: number;
}

const pieces = (subject: string, numbers: number[]): Piece[] =>
  numbers.map((number) => ({ subject, number }));
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Hands out what is there, and remembers how much was taken at once at most. */
function heap(waiting: Piece[]) {
  const taken: number[] = [];
  return {
    waiting,
    taken,
    async take(most: number) {
      await nextTurn();
      const some = waiting.splice(0, most);
      taken.push(some.length);
      return some;
    },
  };
}

const subjectOf = (piece: Piece) => piece.subject;

describe('working in strands', () => {
  test('does everything once, each subject’s in its order, and ends', async () => {
    const { take, taken } = heap(
      Array.from({ length: 300 }, (_, number) => ({ subject: `s${number % 7}`, number })),
    );
    const done: Piece[] = [];
    await workInStrands({
      atOnce: 4,
      most: 16,
      take,
      subjectOf,
      async work(piece) {
        await nextTurn();
        done.push(piece);
      },
    });
    expect(done).toHaveLength(300);
    expect(new Set(done.map((piece) => piece.number)).size).toBe(300);
    for (const strand of Map.groupBy(done, subjectOf).values()) {
      const numbers = strand.map((piece) => piece.number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(Math.max(...taken)).toBeLessThanOrEqual(16);
  });

  test('never works on one subject twice at once, and on no more subjects than it has hands', async () => {
    const { take } = heap(
      Array.from({ length: 200 }, (_, number) => ({ subject: `s${(number * number) % 11}`, number })),
    );
    const busy = new Set<string>();
    let most = 0;
    await workInStrands({
      atOnce: 3,
      most: 20,
      take,
      subjectOf,
      async work({ subject }) {
        expect(busy.has(subject)).toBe(false);
        busy.add(subject);
        most = Math.max(most, busy.size);
        await nextTurn();
        busy.delete(subject);
      },
    });
    expect(most).toBe(3);
  });

  test('goes on with others, also with those that come later, while one subject is held up', async () => {
    const { take, waiting } = heap(pieces('held', [1, 2, 3, 4, 5, 6]));
    const done: string[] = [];
    const held = Promise.withResolvers<void>();
    const all = workInStrands({
      atOnce: 2,
      most: 16,
      take,
      subjectOf,
      async work({ subject, number }) {
        if (subject === 'held') await held.promise;
        done.push(`${subject} ${number}`);
      },
    });
    await nextTurn();
    waiting.push(...pieces('free', [1, 2]));
    await expect.poll(() => done).toEqual(['free 1', 'free 2']);
    held.resolve();
    await all;
    expect(done.slice(2)).toEqual(pieces('held', [1, 2, 3, 4, 5, 6]).map((piece) => `held ${piece.number}`));
  });

  test('tells of a failure once what is under way has ended', async () => {
    const { take } = heap([...pieces('bad', [1]), ...pieces('good', [1])]);
    const done: string[] = [];
    const all = workInStrands({
      atOnce: 2,
      most: 16,
      take,
      subjectOf,
      async work({ subject }) {
        if (subject === 'bad') throw new Error('broken');
        await nextTurn();
        done.push(subject);
      },
    });
    await expect(all).rejects.toThrow('broken');
    expect(done).toEqual(['good']);
  });
});
