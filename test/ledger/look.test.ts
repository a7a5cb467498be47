// Looks: which of them decides, whatever order they came in.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder, newest, rankOf, verdictOf } from '../../src/ledger/look.ts';

const second = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n));
const look = (at: number, rank: keyof typeof rankOf, digest: string, replaced: string | null = null) => ({
  lookedAt: second(at),
  rank: rankOf[rank],
  digest,
  replaced,
});

test('the later look decides, also when it is heard first', () => {
  const looks = [look(9, 'updated', 'b'), look(3, 'updated', 'a')];
  expect(newest(looks)).toMatchObject({ digest: 'b' });
});

test('within one second a beginning comes before a change, and an end after both', () => {
  const looks = [look(3, 'deleted', 'c'), look(3, 'created', 'a'), look(3, 'updated', 'b')];
  expect(inOrder(looks).map((each) => each.digest)).toEqual(['a', 'b', 'c']);
  expect(newest(looks)).toMatchObject({ digest: 'c' });
});

test('two changes of one second are ordered by which says what it replaced', () => {
  const looks = [look(3, 'updated', 'z', 'y'), look(3, 'updated', 'a', 'z'), look(3, 'updated', 'y', 'x')];
  expect(inOrder(looks).map((each) => each.digest)).toEqual(['y', 'z', 'a']);
  expect(newest(looks)).toMatchObject({ digest: 'a' });
});

test('two changes of one second that do not know of each other are undecided: Stripe is asked', () => {
  expect(newest([look(3, 'updated', 'a'), look(3, 'updated', 'b')])).toBe('undecided');
});

test('the answer of a later second settles it', () => {
  expect(newest([look(3, 'updated', 'a'), look(3, 'updated', 'b'), look(4, 'asked', 'b')])).toMatchObject({
    rank: rankOf.asked,
  });
});

test('a plan changed there and back within a second is followed all the way', () => {
  const looks = [look(2, 'updated', 'a'), look(3, 'updated', 'a', 'b'), look(3, 'updated', 'b', 'a')];
  expect(inOrder(looks).map((each) => each.digest)).toEqual(['a', 'b', 'a']);
  expect(newest(looks)).toMatchObject({ digest: 'a', lookedAt: second(3) });
});

test('one change told twice, once without what it replaced, is one change', () => {
  expect(newest([look(3, 'updated', 'b'), look(3, 'updated', 'b', 'a')])).toMatchObject({ digest: 'b' });
  expect(newest([look(3, 'updated', 'b', 'a'), look(3, 'updated', 'a')])).toMatchObject({ digest: 'b' });
});

test('an answer that stood in decides only while what was told does not', () => {
  const told = (at: number, digest: string) => ({ ...look(at, 'updated', digest), provisional: false });
  const stoodIn = { ...look(5, 'asked', 'b'), provisional: true };
  expect(verdictOf([stoodIn])).toMatchObject({ look: { digest: 'b' }, undecided: false, spent: [] });
  const tie = [told(3, 'a'), told(3, 'b'), stoodIn];
  expect(verdictOf(tie)).toMatchObject({ look: { digest: 'b' }, undecided: false, spent: [] });
  expect(verdictOf([...tie, told(9, 'c')])).toMatchObject({ look: { digest: 'c' }, spent: [stoodIn] });
  expect(verdictOf([told(3, 'a'), told(3, 'b')])).toMatchObject({ undecided: true });
});

test('no look decides nothing', () => {
  expect(newest([])).toBeNull();
});

test('order and verdict depend on the set of looks alone', () => {
  const anyLook = fc.record({
    at: fc.integer({ min: 0, max: 2 }),
    rank: fc.constantFrom('created', 'updated', 'asked', 'deleted' as const),
    digest: fc.constantFrom('a', 'b', 'c', 'd'),
    replaced: fc.option(fc.constantFrom('a', 'b', 'c', 'd')),
  });
  const unique = fc.uniqueArray(anyLook, {
    selector: (each) => `${each.at}${each.rank}${each.digest}`,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      unique.chain((set) => fc.tuple(fc.constant(set), fc.shuffledSubarray(set, { minLength: set.length }))),
      ([set, shuffled]) => {
        const made = (each: (typeof set)[number]) => look(each.at, each.rank, each.digest, each.replaced);
        expect(inOrder(shuffled.map(made))).toEqual(inOrder(set.map(made)));
        expect(newest(shuffled.map(made))).toEqual(newest(set.map(made)));
      },
    ),
    { numRuns: 2000 },
  );
});
