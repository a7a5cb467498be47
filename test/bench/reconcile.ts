// Reconciling: how many of Stripe's objects a second a walk compares and mends, beside how fast they can be listed at all.
import { openServices } from '../../src/outside/open.ts';
import type { Services } from '../../src/outside/services.ts';
import { reconcile } from '../../src/stripe/reconcile.ts';
import { freePorts, startProgram } from '../harness/real-main.ts';
import { share, type Table, whole } from './table.ts';
import type { World } from './world.ts';

/** Nine payments and a refund each; READERS=11112 are the hundred thousand payments of the promise. */
const readers = Number(process.env.READERS ?? 600);

export async function benchReconcile(world: World): Promise<Table> {
  const [port = 0, stripePort = 0] = await freePorts(2);
  const big = await startProgram(import.meta.resolve('./big-stripe.ts'), {
    PORT: String(port),
    STRIPE_PORT: String(stripePort),
    READERS: String(readers),
  });
  const { url, pool } = await world.freshDatabase();
  const config = world.configOf({
    ...world.environment(url, port),
    STRIPE_API_URL: `http://127.0.0.1:${stripePort}`,
    LOG_LEVEL: 'silent',
  });
  const now = () => new Date();
  const { services, close } = await openServices(config, { now, machineNow: now });
  try {
    const listed = await listAll(services);
    const filled = await walk(services);
    const { rows } = await pool.query<{ payments: number; refunds: number; sum: string }>(
      'select (select count(*) from payments)::int as payments, (select count(*) from adjustments)::int as refunds, (select sum(amount_minor) from payments) as sum',
    );
    const [books] = rows;
    if (books?.payments !== readers * 9 || books.refunds !== readers) {
      throw new Error(`${readers} readers left ${JSON.stringify(books)} in the books`);
    }
    const compared = await walk(services);
    const line = (name: string, one: { objects: number; seconds: number; requests: number; mb: number }) => [
      name,
      whole(one.objects),
      whole(one.requests),
      one.seconds.toFixed(1),
      whole(one.objects / one.seconds),
      share(one.objects / one.seconds, listed.objects / listed.seconds),
      whole(one.mb),
    ];
    return {
      title: `Reconciling ${whole(readers * 9)} payments of ${whole(readers)} readers: Stripe's objects a second`,
      notes: [
        'Listed: the same pages asked for one after the other, and nothing done with them.',
        'Filled: into an empty database, every object kept as its webhook would, fees and past movements included. Compared: all of it there already.',
        'Memory: how much more the process held at its highest than before. READERS=11112 makes it a hundred thousand payments.',
      ],
      head: ['walk', 'objects', 'calls', 'seconds', 'objects/s', 'to listed', 'memory MB'],
      lines: [line('listed', listed), line('filled', filled), line('compared', compared)],
    };
  } finally {
    await close();
    await big.stop();
  }
}

async function walk(services: Services) {
  const begun = performance.now();
  const before = process.memoryUsage.rss();
  let highest = before;
  const outcome = await reconcile(services, {
    since: null,
    scope: 'everything',
    perSecond: 100_000,
    progress: () => {
      highest = Math.max(highest, process.memoryUsage.rss());
    },
  });
  if (!('report' in outcome) || !outcome.report.whole) throw new Error(JSON.stringify(outcome));
  return {
    objects: outcome.report.objects,
    requests: outcome.report.requests,
    seconds: (performance.now() - begun) / 1000,
    mb: (highest - before) / 1024 ** 2,
  };
}

async function listAll({ stripe }: Services) {
  const begun = performance.now();
  const before = process.memoryUsage.rss();
  const lists: ((page: {
    limit: number;
    starting_after?: string;
  }) => Promise<{ data: { id: string }[]; has_more: boolean }>)[] = [
    (page) => stripe.checkout.sessions.list(page),
    (page) => stripe.subscriptions.list(page),
    (page) => stripe.invoices.list({ ...page, status: 'paid', expand: ['data.payments'] }),
    (page) => stripe.charges.list({ ...page, expand: ['data.balance_transaction'] }),
    (page) => stripe.refunds.list({ ...page, expand: ['data.charge', 'data.balance_transaction'] }),
  ];
  let objects = 0;
  let requests = 0;
  for (const list of lists) {
    for (let after: string | undefined; ; ) {
      const { data, has_more: more } = await list({
        limit: 100,
        ...(after !== undefined && { starting_after: after }),
      });
      objects += data.length;
      requests += 1;
      after = data.at(-1)?.id;
      if (!more) break;
    }
  }
  return {
    objects,
    requests,
    seconds: (performance.now() - begun) / 1000,
    mb: Math.max(0, process.memoryUsage.rss() - before) / 1024 ** 2,
  };
}
