// What the service was told by its environment: read once, checked whole, every fault named at once, no secret printed.
import { z } from 'zod';
import { isCurrency } from '../values/money.ts';

export type StandIn = 'database' | 'stripe' | 'mail' | 'keys';

export interface MailSender {
  name: string | null;
  address: string;
}

/** By what each mail provider proves that it speaks; newest first, none where it is not used. */
export interface MailEvents {
  /** Topics of Amazon's notification service to which SES tells. */
  sesTopics: string[];
  mailgunKeys: string[];
  /** `user:password`, as they stand in the webhook's address at Postmark. */
  postmarkLogins: string[];
}

export interface Config {
  production: boolean;
  /** Without a trailing slash: `https://support.example.org`. */
  baseUrl: string;
  secure: boolean;
  port: number;
  trustedProxyHops: number;
  publication: {
    name: string;
    timeZone: string;
    locales: ('en' | 'ru')[];
    fiscalYearStart: number;
    reportingCurrency: string;
    /** The publication's own words for its appeal; null for ours. */
    appeal: string | null;
    /** Giving to it may be dangerous where its readers live: nothing that shows from the outside names it. */
    discreet: boolean;
  };
  databaseUrl: string;
  reportsDatabaseUrl: string | null;
  appKeys: string[];
  stripe: { secretKey: string; webhookSecrets: string[]; apiUrl: string | null; live: boolean };
  mail: {
    smtpUrl: string;
    from: MailSender;
    dkim: { domain: string; selector: string; key: string } | null;
    /** How many connections to the mail server carry letters at once, beside one for letters of access. */
    connections: number;
    /** How fast letters may go to these domains together, or, for '*', all letters of one process. */
    throttles: { domains: string[]; perSecond: number }[];
    events: MailEvents;
  };
  reminderConfirmation: 'required' | 'off';
  embedOrigins: string[];
  metricsToken: string | null;
  logLevel: string;
  /** What is stood in for; empty in production. */
  standIns: StandIn[];
}

/** The environment as parsed, before stand-ins fill what a person has not configured. */
export interface Settings extends Omit<Config, 'databaseUrl' | 'appKeys' | 'stripe' | 'mail'> {
  databaseUrl: string | null;
  appKeys: string[] | null;
  stripe: Config['stripe'] | null;
  mail: Omit<Config['mail'], 'smtpUrl'> & { smtpUrl: string | null };
  sandbox: { folder: string; stripePort: number; smtpPort: number };
}

export type Fault = { name: string; problem: string };

/** Parses the environment. Answers the settings, or every fault by variable name; values are never repeated in a fault. */
export function readSettings(
  env: Record<string, string | undefined>,
): { settings: Settings } | { faults: Fault[] } {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => ({
      name: String(issue.path[0] ?? 'environment'),
      problem: issue.message,
    }));
    // Two keys of a list may be wrong in the same way: once is enough.
    const isFirst = ({ name, problem }: Fault, at: number) =>
      faults.findIndex((each) => each.name === name && each.problem === problem) === at;
    // What is missing or contradicts is named in the same breath: nobody mends one fault to meet the next.
    const faulty = new Set(faults.map(({ name }) => name));
    const readable = Object.fromEntries(Object.entries(present).filter(([name]) => !faulty.has(name)));
    const others = contradictions(environment.parse(readable)).filter(({ name }) => !faulty.has(name));
    return { faults: [...faults.filter(isFirst), ...others] };
  }
  const e = parsed.data;
  const faults = contradictions(e);
  if (faults.length > 0) return { faults };
  const standIns: StandIn[] = [];
  if (!e.DATABASE_URL) standIns.push('database');
  if (!e.APP_KEYS) standIns.push('keys');
  if (!e.STRIPE_SECRET_KEY) standIns.push('stripe');
  if (!e.SMTP_URL) standIns.push('mail');
  const from = parseSender(e.MAIL_FROM);
  return {
    settings: {
      production: e.NODE_ENV === 'production',
      baseUrl: e.BASE_URL ?? `http://localhost:${e.PORT}`,
      secure: (e.BASE_URL ?? '').startsWith('https:'),
      port: e.PORT,
      trustedProxyHops: e.TRUSTED_PROXY_HOPS,
      publication: {
        name: e.PUBLICATION_NAME,
        timeZone: e.PUBLICATION_TIME_ZONE,
        locales: e.PUBLICATION_LOCALES,
        fiscalYearStart: e.FISCAL_YEAR_START,
        reportingCurrency: e.REPORTING_CURRENCY,
        appeal: e.PUBLICATION_APPEAL ?? null,
        discreet: e.PUBLICATION_DISCREET === 'on',
      },
      databaseUrl: e.DATABASE_URL ?? null,
      reportsDatabaseUrl: e.REPORTS_DATABASE_URL ?? null,
      appKeys: e.APP_KEYS ?? null,
      stripe: e.STRIPE_SECRET_KEY
        ? {
            secretKey: e.STRIPE_SECRET_KEY,
            webhookSecrets: e.STRIPE_WEBHOOK_SECRETS ?? [],
            apiUrl: e.STRIPE_API_URL ?? null,
            live: isLive(e.STRIPE_SECRET_KEY),
          }
        : null,
      mail: {
        smtpUrl: e.SMTP_URL ?? null,
        from,
        dkim:
          e.MAIL_DKIM_DOMAIN && e.MAIL_DKIM_SELECTOR && e.MAIL_DKIM_KEY
            ? { domain: e.MAIL_DKIM_DOMAIN, selector: e.MAIL_DKIM_SELECTOR, key: e.MAIL_DKIM_KEY }
            : null,
        connections: e.MAIL_CONNECTIONS,
        throttles: e.MAIL_THROTTLES,
        events: {
          sesTopics: e.MAIL_EVENTS_SES_TOPICS,
          mailgunKeys: e.MAIL_EVENTS_MAILGUN_KEYS,
          postmarkLogins: e.MAIL_EVENTS_POSTMARK_LOGINS,
        },
      },
      reminderConfirmation: e.REMINDER_CONFIRMATION,
      embedOrigins: e.EMBED_ORIGINS,
      metricsToken: e.METRICS_TOKEN ?? null,
      logLevel: e.LOG_LEVEL,
      standIns,
      sandbox: {
        folder: e.SANDBOX_DATA,
        stripePort: e.SANDBOX_STRIPE_PORT ?? e.PORT + 1,
        smtpPort: e.SANDBOX_SMTP_PORT ?? e.PORT + 2,
      },
    },
  };
}

/** What the stand-ins offer for what is missing. Throws if something is still missing: a fault of the program. */
export function completeConfig(
  settings: Settings,
  standIns: {
    databaseUrl?: string;
    appKeys?: string[];
    stripe?: { secretKey: string; webhookSecrets: string[]; apiUrl: string };
    smtpUrl?: string;
  } = {},
): Config {
  const { sandbox: _sandbox, ...rest } = settings;
  const databaseUrl = settings.databaseUrl ?? standIns.databaseUrl;
  const appKeys = settings.appKeys ?? standIns.appKeys;
  const stripe = settings.stripe ?? (standIns.stripe ? { ...standIns.stripe, live: false } : undefined);
  const smtpUrl = settings.mail.smtpUrl ?? standIns.smtpUrl;
  if (!databaseUrl || !appKeys || !stripe || !smtpUrl)
    throw new Error('A part of the configuration has no stand-in');
  return deepFreeze({ ...rest, databaseUrl, appKeys, stripe, mail: { ...settings.mail, smtpUrl } });
}

/** How faults are told to the person who started the service. */
export function describeFaults(faults: Fault[]): string {
  return [
    'The configuration needs a look before the service can start:',
    ...faults.map((fault) => `  ${fault.name}: ${fault.problem}`),
  ].join('\n');
}

/** Of Stripe's secrets only what stands for the random part can be an example; no word so short that chance may write it. */
const EXAMPLE_ENDING = /_(x+|.*(change.?me|example|placeholder|yoursecret|yourkey).*)$/i;
const EXAMPLE_SECRETS = /change.?me|example|secret123|your[-_ ]|xxxx|^test$/i;

const wholeNumber = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${low} to ${high}`)
    .transform(Number)
    .refine((n) => n >= low && n <= high, `must be a whole number from ${low} to ${high}`);

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const url = (protocols: string[], hint: string) =>
  z.string().refine((text) => {
    const parsed = URL.parse(text);
    return parsed !== null && protocols.includes(parsed.protocol);
  }, `must be an address like ${hint}`);

const throttlePattern = /^(\*|[a-z0-9.-]+\.[a-z0-9-]+(\+[a-z0-9.-]+\.[a-z0-9-]+)*)=[1-9]\d{0,5}\/[smh]$/;

const environment = z.object({
  BASE_URL: url(['http:', 'https:'], 'https://support.example.org')
    .transform((text) => text.replace(/\/+$/, ''))
    .refine((text) => {
      const parsed = URL.parse(text);
      return (
        parsed !== null &&
        parsed.pathname === '/' &&
        parsed.search === '' &&
        parsed.hash === '' &&
        parsed.username === ''
      );
    }, 'must be an origin without path, query or user, like https://support.example.org')
    .optional(),
  PORT: wholeNumber(1, 65535).default(3000),
  TRUSTED_PROXY_HOPS: wholeNumber(0, 10).default(0),
  PUBLICATION_NAME: z.string().trim().max(80, 'must have 80 characters at most').default('The Small Gazette'),
  PUBLICATION_TIME_ZONE: z
    .string()
    .refine(isZone, 'must be an IANA time zone like Europe/Riga')
    .default('UTC'),
  PUBLICATION_LOCALES: list
    .pipe(
      z
        .array(z.enum(['en', 'ru'], { error: 'must be a list of en, ru' }))
        .min(1, 'must name at least one of en, ru'),
    )
    .default(['en', 'ru']),
  FISCAL_YEAR_START: wholeNumber(1, 12).default(1),
  REPORTING_CURRENCY: z
    .string()
    .refine(isCurrency, 'must be the upper-case code of a currency that Stripe takes, like USD')
    .default('USD'),
  PUBLICATION_APPEAL: z.string().trim().max(600, 'must have 600 characters at most').optional(),
  PUBLICATION_DISCREET: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database').optional(),
  REPORTS_DATABASE_URL: url(
    ['postgres:', 'postgresql:'],
    'postgres://user:password@replica:5432/database',
  ).optional(),
  APP_KEYS: list
    .pipe(
      z
        .array(
          z
            .string()
            .min(32, 'each key must have 32 characters or more (make one with: openssl rand -base64 32)')
            .refine(
              (key) => new Set(key).size >= 12,
              'each key must be random (make one with: openssl rand -base64 32)',
            )
            .refine((key) => !EXAMPLE_SECRETS.test(key), 'must not be an example value'),
        )
        .min(1, 'must hold at least one key'),
    )
    .optional(),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(
      /^(sk|rk)_(test|live)_[A-Za-z0-9]{8,}$/,
      'must be a secret or restricted key: sk_test_…, sk_live_…, rk_test_… or rk_live_…',
    )
    .refine((key) => !EXAMPLE_ENDING.test(key), 'must not be an example value')
    .optional(),
  STRIPE_WEBHOOK_SECRETS: list
    .pipe(
      z
        .array(
          z
            .string()
            .regex(/^whsec_[A-Za-z0-9+/=_-]{16,}$/, 'each must be a signing secret: whsec_…')
            .refine((secret) => !EXAMPLE_ENDING.test(secret), 'must not be an example value'),
        )
        .min(1, 'must hold at least one signing secret'),
    )
    .optional(),
  STRIPE_API_URL: url(['http:', 'https:'], 'http://localhost:3001').optional(),
  SMTP_URL: url(['smtp:', 'smtps:'], 'smtps://user:password@mail.example.org:465').optional(),
  MAIL_FROM: z
    .string()
    .refine(
      (text) => parseSender(text).address !== '',
      'must be an address like: The Gazette <letters@example.org>',
    )
    .default('The Small Gazette <letters@localhost.localdomain>'),
  MAIL_DKIM_DOMAIN: z.string().optional(),
  MAIL_DKIM_SELECTOR: z.string().optional(),
  MAIL_DKIM_KEY: z
    .string()
    .transform((text) => text.replaceAll('\\n', '\n'))
    .refine(
      (text) => text.includes('PRIVATE KEY'),
      'must be a private key in PEM form (newlines may be written as \\n)',
    )
    .optional(),
  MAIL_CONNECTIONS: wholeNumber(1, 50).default(10),
  MAIL_THROTTLES: list
    .pipe(
      z.array(
        z
          .string()
          .transform((text) => text.toLowerCase())
          .refine(
            (text) => throttlePattern.test(text),
            'must be rates like gmail.com+googlemail.com=20/s, *=50/s, separated by commas (s, m or h)',
          )
          .transform(throttleOf),
      ),
    )
    .default([]),
  MAIL_EVENTS_SES_TOPICS: list
    .pipe(
      z.array(
        z
          .string()
          .regex(
            /^arn:aws(-cn|-us-gov)?:sns:[a-z]{2,3}(-[a-z]+)+-\d+:\d{12}:[\w-]{1,256}$/,
            'must be topics of SNS like arn:aws:sns:eu-west-1:123456789012:mail-events, separated by commas',
          ),
      ),
    )
    .default([]),
  MAIL_EVENTS_MAILGUN_KEYS: list
    .pipe(
      z.array(
        z
          .string()
          .min(16, 'each must be an HTTP webhook signing key of 16 characters or more')
          .refine((key) => !EXAMPLE_SECRETS.test(key), 'must not be an example value'),
      ),
    )
    .default([]),
  MAIL_EVENTS_POSTMARK_LOGINS: list
    .pipe(
      z.array(
        z
          .string()
          .regex(
            /^[^\s:@/]{1,64}:[^\s:@/]{16,128}$/,
            'each must be user:password, the password of 16 characters or more without : @ / or blanks',
          )
          .refine((login) => !EXAMPLE_SECRETS.test(login), 'must not be an example value'),
      ),
    )
    .default([]),
  REMINDER_CONFIRMATION: z
    .enum(['required', 'off'], { error: 'must be required or off' })
    .default('required'),
  EMBED_ORIGINS: list
    .pipe(
      z.array(
        z.string().refine((text) => {
          const parsed = URL.parse(text);
          return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.origin === text;
        }, 'must be origins like https://gazette.example.org, separated by commas'),
      ),
    )
    .default([]),
  METRICS_TOKEN: z
    .string()
    .min(20, 'must have 20 characters or more')
    .refine((token) => !EXAMPLE_SECRETS.test(token), 'must not be an example value')
    .optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
  NODE_ENV: z.string().optional(),
  SANDBOX_DATA: z.string().default('.sandbox'),
  SANDBOX_STRIPE_PORT: wholeNumber(1, 65535).optional(),
  SANDBOX_SMTP_PORT: wholeNumber(1, 65535).optional(),
});

type Environment = z.infer<typeof environment>;

/** Every variable that is read, in the order of `.env.example`. */
export const environmentNames: readonly string[] = Object.keys(environment.shape);

/** Faults that only show when values are seen together. */
function contradictions(e: Environment): Fault[] {
  const faults: Fault[] = [];
  const fault = (name: string, problem: string) => faults.push({ name, problem });
  const key = e.STRIPE_SECRET_KEY;
  if (key && isLive(key) && e.STRIPE_API_URL) {
    fault('STRIPE_API_URL', 'must be empty with a live Stripe key: real money goes to Stripe alone');
  }
  if (key && !e.STRIPE_WEBHOOK_SECRETS) fault('STRIPE_WEBHOOK_SECRETS', 'is needed with STRIPE_SECRET_KEY');
  if (!key && e.STRIPE_WEBHOOK_SECRETS) fault('STRIPE_SECRET_KEY', 'is needed with STRIPE_WEBHOOK_SECRETS');
  const dkim = [e.MAIL_DKIM_DOMAIN, e.MAIL_DKIM_SELECTOR, e.MAIL_DKIM_KEY].filter(Boolean).length;
  if (dkim !== 0 && dkim !== 3)
    fault('MAIL_DKIM_KEY', 'DKIM needs MAIL_DKIM_DOMAIN, MAIL_DKIM_SELECTOR and MAIL_DKIM_KEY together');
  if (e.NODE_ENV !== 'production') {
    if (key && isLive(key))
      fault('STRIPE_SECRET_KEY', 'is a live key: set NODE_ENV=production to take real money');
    return faults;
  }
  const needed = ['BASE_URL', 'DATABASE_URL', 'APP_KEYS', 'STRIPE_SECRET_KEY', 'SMTP_URL'] as const;
  for (const name of needed) {
    if (!e[name]) fault(name, 'is needed in production: nothing is stood in for');
  }
  if (e.BASE_URL && !e.BASE_URL.startsWith('https:'))
    fault('BASE_URL', 'must begin with https:// in production');
  if (key && e.STRIPE_API_URL) fault('STRIPE_API_URL', 'must be empty in production');
  if (e.MAIL_FROM.includes('localhost.localdomain')) fault('MAIL_FROM', 'is needed in production');
  if (e.PUBLICATION_NAME === 'The Small Gazette') fault('PUBLICATION_NAME', 'is needed in production');
  return faults;
}

function isLive(key: string): boolean {
  return key.includes('_live_');
}

function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function throttleOf(text: string): { domains: string[]; perSecond: number } {
  const [domains = '', rate = ''] = text.split('=');
  const [many = '', unit = ''] = rate.split('/');
  const seconds = unit === 'h' ? 3600 : unit === 'm' ? 60 : 1;
  return { domains: domains.split('+'), perSecond: Number(many) / seconds };
}

/** `Name <address>` or a bare address; an empty address means it could not be read. */
function parseSender(text: string): MailSender {
  const match = /^\s*(?:"?([^"<>]*?)"?\s*<([^<>\s]+@[^<>\s]+)>|([^<>\s]+@[^<>\s]+))\s*$/.exec(text);
  if (!match || /[\r\n]/.test(text)) return { name: null, address: '' };
  return { name: match[1] || null, address: match[2] ?? match[3] ?? '' };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
