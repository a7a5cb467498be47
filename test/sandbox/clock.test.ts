// The movable clock: what falls due on the way happens in its order, at its own moment.
import { describe, expect, test } from 'vitest';
import { beginClockAt, type ClockSource, openClock } from '../../src/sandbox/clock.ts';
import { openPassingStore } from '../../src/sandbox/store.ts';

const start = new Date('2027-01-31T09:00:00Z');

describe('moving the clock', () => {
  test('adds a month by the calendar of the zone', async () => {
    const { clock } = clockAt(start, 'Europe/Riga');
    expect((await clock.advance('P1M')).now).toEqual(new Date('2027-02-28T09:00:00Z'));
    expect(clock.now()).toEqual(new Date('2027-02-28T09:00:00Z'));
    // Over the change to summer time the hour on the wall stays.
    expect((await clock.advance('P1M')).now).toEqual(new Date('2027-03-28T08:00:00Z'));
  });

  test('runs on with the machine from where it was moved to', async () => {
    const { clock, machine } = clockAt(start);
    await clock.to('2027-03-01T09:00:00Z');
    machine.ms += 5000;
    expect(clock.now()).toEqual(new Date('2027-03-01T09:00:05Z'));
  });

  test('says when a move begins and when it ends, also when the move fails', async () => {
    const moving: boolean[] = [];
    const clock = openClock({
      store: openPassingStore(),
      machineNow: () => start,
      timeZone: 'UTC',
      log: () => {},
      onMove: (begun) => moving.push(begun),
    });
    clock.register({ name: 'One', nextDueAt: () => null, runDue: async () => {} });
    await clock.advance('P1D');
    expect(moving).toEqual([true, false]);
    clock.register({
      name: 'Other',
      nextDueAt: () => Promise.reject(new Error('gone')),
      runDue: async () => {},
    });
    await expect(clock.advance('P1D')).rejects.toThrow('gone');
    expect(moving).toEqual([true, false, true, false]);
  });

  test('is where it was after a restart', async () => {
    const { clock, store, machine } = clockAt(start);
    await clock.advance('P1Y');
    machine.ms += 1000;
    const again = openClock({
      store,
      machineNow: () => new Date(machine.ms),
      timeZone: 'UTC',
      log: () => {},
    });
    expect(again.now()).toEqual(clock.now());
    expect(again.now()).toEqual(new Date('2028-01-31T09:00:01Z'));
  });

  test('begins where it is told in a store in which nothing has happened, and nowhere else', async () => {
    const store = openPassingStore();
    const machineNow = () => start;
    beginClockAt(store, new Date('2026-01-31T09:00:00Z'), machineNow);
    const clock = openClock({ store, machineNow, timeZone: 'UTC', log: () => {} });
    expect(clock.now()).toEqual(new Date('2026-01-31T09:00:00Z'));
    await clock.advance('P1D');
    expect(() => beginClockAt(store, new Date('2026-01-31T09:00:00Z'), machineNow)).toThrow('before');
    expect(clock.now()).toEqual(new Date('2026-02-01T09:00:00Z'));
  });

  test('never goes back, and says why not', async () => {
    const { clock } = clockAt(start);
    await expect(clock.to('2027-01-31T08:59:59Z')).rejects.toThrow('only goes forward');
    await expect(clock.advance('-P1D')).rejects.toThrow('only goes forward');
    expect(clock.now()).toEqual(start);
  });

  test.each(['', 'soon', '1 month', 'P', '2027-03-01'])('does not guess what "%s" means', async (text) => {
    const { clock } = clockAt(start);
    await expect(clock.advance(text)).rejects.toThrow(RangeError);
    await expect(clock.to(text)).rejects.toThrow(RangeError);
  });

  test('does what is due in the order of time, each at its own moment, over all sources', async () => {
    const { clock } = clockAt(start);
    const happened: string[] = [];
    const renewals = diary('renewal', happened, () => clock.now());
    const reminders = diary('reminder', happened, () => clock.now());
    const letters = diary('letter', happened, () => clock.now());
    for (const each of [renewals, reminders, letters]) clock.register(each);
    renewals.add('2027-02-28T09:00:00Z', () => letters.add('2027-02-28T09:00:00Z'));
    renewals.add('2027-04-30T09:00:00Z');
    reminders.add('2027-02-28T10:15:00Z', () => letters.add('2027-02-28T10:20:00Z'));
    reminders.add('2027-02-28T11:00:00Z');

    await clock.to('2027-03-31T00:00:00Z');
    expect(happened).toEqual([
      'renewal 2027-02-28T09:00:00.000Z',
      'letter 2027-02-28T09:00:00.000Z',
      'reminder 2027-02-28T10:15:00.000Z',
      'letter 2027-02-28T10:20:00.000Z',
      'reminder 2027-02-28T11:00:00.000Z',
    ]);
  });

  test('does at once what was due before the move', async () => {
    const { clock } = clockAt(start);
    const happened: string[] = [];
    const letters = diary('letter', happened, () => clock.now());
    clock.register(letters);
    letters.add('2027-01-30T00:00:00Z');
    await clock.advance('PT1S');
    expect(happened).toEqual(['letter 2027-01-31T09:00:00.000Z']);
  });

  test('waits for what one source has set off in another before it goes on', async () => {
    const { clock } = clockAt(start);
    const happened: string[] = [];
    const renewals = diary('renewal', happened, () => clock.now());
    let inFlight: Promise<void> = Promise.resolve();
    renewals.add('2027-02-01T00:00:00Z', () => {
      inFlight = new Promise((done) => setTimeout(done, 20)).then(() => {
        happened.push(`webhook ${clock.now().toISOString()}`);
      });
    });
    renewals.add('2027-02-02T00:00:00Z');
    clock.register({ ...renewals, settled: () => inFlight });
    await clock.advance('P7D');
    expect(happened).toEqual([
      'renewal 2027-02-01T00:00:00.000Z',
      'webhook 2027-02-01T00:00:00.000Z',
      'renewal 2027-02-02T00:00:00.000Z',
    ]);
  });

  test('gives up on what stays due, tells it, and goes on with the rest', async () => {
    const { clock, lines } = clockAt(start);
    const happened: string[] = [];
    const stuck: ClockSource = {
      name: 'the stubborn one',
      nextDueAt: () => new Date('2027-02-01T00:00:00Z'),
      runDue: () => Promise.reject(new Error('no mail server')),
    };
    const reminders = diary('reminder', happened, () => clock.now());
    reminders.add('2027-02-05T00:00:00Z');
    clock.register(stuck);
    clock.register(reminders);

    const { now, unfinished } = await clock.to('2027-03-01T00:00:00Z');
    expect(now).toEqual(new Date('2027-03-01T00:00:00Z'));
    expect(happened).toEqual(['reminder 2027-02-05T00:00:00.000Z']);
    expect(unfinished).toEqual([
      'the stubborn one still has something due since 2027-02-01T00:00:00.000Z: no mail server',
    ]);
    expect(lines).toEqual(unfinished);
  });

  test('tries again what failed once', async () => {
    const { clock } = clockAt(start);
    const happened: string[] = [];
    const letters = diary('letter', happened, () => clock.now());
    letters.add('2027-02-01T00:00:00Z');
    let failures = 3;
    clock.register({
      ...letters,
      async runDue() {
        failures -= 1;
        if (failures >= 0) throw new Error('not now');
        await letters.runDue();
      },
    });
    const { unfinished } = await clock.advance('P1M');
    expect(happened).toEqual(['letter 2027-02-01T00:00:00.000Z']);
    expect(unfinished).toEqual([]);
  });

  test('moves one after the other when asked for two at once', async () => {
    const { clock } = clockAt(start);
    const moves = await Promise.all([clock.advance('P1D'), clock.advance('P1D'), clock.advance('P1D')]);
    expect(moves.map(({ now }) => now.toISOString())).toEqual([
      '2027-02-01T09:00:00.000Z',
      '2027-02-02T09:00:00.000Z',
      '2027-02-03T09:00:00.000Z',
    ]);
  });
});

function clockAt(moment: Date, timeZone = 'UTC') {
  const store = openPassingStore();
  const machine = { ms: moment.getTime() };
  const lines: string[] = [];
  const clock = openClock({
    store,
    machineNow: () => new Date(machine.ms),
    timeZone,
    log: (line) => lines.push(line),
  });
  return { clock, store, machine, lines };
}

/** A source with entries: each happens once, noting the clock's time. */
function diary(name: string, happened: string[], now: () => Date) {
  const entries: { dueAt: Date; then: () => void }[] = [];
  return {
    name,
    add(dueAt: string, then: () => void = () => {}) {
      entries.push({ dueAt: new Date(dueAt), then });
      entries.sort((one, other) => one.dueAt.getTime() - other.dueAt.getTime());
    },
    nextDueAt: () => entries[0]?.dueAt ?? null,
    async runDue() {
      for (let entry = entries[0]; entry && entry.dueAt <= now(); entry = entries[0]) {
        entries.shift();
        happened.push(`${name} ${now().toISOString()}`);
        entry.then();
      }
    },
  };
}
