// `favor doctor`: whether everything is in order, one line each, and what to do about what is not.
import { completeConfig, readSettings, type Settings } from '../outside/config.ts';
import { type Finding, lines, noted, ok, problem } from './doctor/finding.ts';
import { lookAtGround } from './doctor/ground.ts';
import { lookAtMail } from './doctor/mail.ts';
import { lookAtStripe } from './doctor/stripe.ts';
import { type Environment, howToStart, lookAround, missingParts } from './environment.ts';
import { type Call, stop, type Verb } from './verb.ts';

export const doctor: Verb = {
  help: `favor doctor [--fix]

Looks at the configuration, the database, its schema and keys, the Stripe account, our webhook endpoint
and billing portal there, the mail server, the sender's domain and the clock. Exits 1 where something
is wrong. Without --fix it changes nothing.

  --fix    makes or mends the webhook endpoint (its signing secret is printed once) and the portal's
           configuration at Stripe, and says what it did
  --json   answer {"ok", "findings": [{"check", "state", "says", "todo", "secret"}]}

A restricted key needs, to read: Subscriptions, Invoices, PaymentIntents, Charges and refunds, Disputes,
Balance transactions, Customers, Events; to write: Checkout Sessions, Customer portal; and for --fix
Webhook Endpoints.`,
  options: { fix: { type: 'boolean' } },
  async run(call) {
    if (call.words.length > 0) return stop('doctor takes no words after it.', 'usage');
    const findings = await examine(call);
    const bad = findings.filter(({ state }) => state === 'problem').length;
    return {
      text: [lines(findings), '', bad === 0 ? 'Everything is in order.' : `${bad} to look after.`].join('\n'),
      json: { ok: bad === 0, findings },
      failed: bad > 0,
    };
  },
};

async function examine(call: Call): Promise<Finding[]> {
  const read = readSettings(call.env);
  if ('faults' in read) {
    return read.faults.map(({ name, problem: says }) =>
      problem('configuration', `${name}: ${says}`, `mend ${name}`),
    );
  }
  const environment = await lookAround(read.settings, call.machineNow);
  const { settings, sandbox, offered, clocks } = environment;
  const missing = missingParts(settings, offered);
  const findings = [lookAtConfiguration(environment, missing)];

  const databaseUrl = settings.databaseUrl ?? offered?.databaseUrl;
  const appKeys = settings.appKeys ?? offered?.appKeys ?? null;
  if (databaseUrl !== undefined)
    findings.push(...(await lookAtGround({ databaseUrl, appKeys }, clocks.now())));

  const config = fillIn(environment);
  const stripeStandIn = settings.stripe === null && sandbox !== undefined && sandbox.stripe !== null;
  if (!missing.includes('STRIPE_SECRET_KEY')) {
    const fix = call.options.fix === true;
    const now = stripeStandIn ? clocks.now : clocks.machineNow;
    findings.push(...(await lookAtStripe({ config, standIn: stripeStandIn, now, fix })));
  }
  if (!missing.includes('SMTP_URL')) {
    findings.push(
      ...(await lookAtMail(config, { standIn: settings.mail.smtpUrl === null, names: call.names })),
    );
  }
  return findings;
}

function lookAtConfiguration({ settings, sandbox }: Environment, missing: readonly string[]): Finding {
  if (missing.length > 0) {
    const [says = '', todo = ''] = howToStart(settings, missing).split('\n');
    return problem('configuration', says, todo);
  }
  if (sandbox)
    return ok(
      'configuration',
      `beside the sandbox at ${sandbox.baseUrl}; stood in for: ${settings.standIns.join(', ')}`,
    );
  if (!settings.production) {
    return noted(
      'configuration',
      `complete, for ${settings.baseUrl}`,
      'set NODE_ENV=production where readers come',
    );
  }
  return ok('configuration', `complete, for ${settings.baseUrl}`);
}

/** What is missing is filled with what leads nowhere: only the parts that are there are looked at. */
function fillIn({ settings, offered }: Environment): ReturnType<typeof completeConfig> {
  return completeConfig(settings satisfies Settings, {
    databaseUrl: 'postgres://127.0.0.1:9/nowhere',
    appKeys: [],
    stripe: { secretKey: '', webhookSecrets: [], apiUrl: 'http://127.0.0.1:9' },
    smtpUrl: 'smtp://127.0.0.1:9',
    ...offered,
  });
}
