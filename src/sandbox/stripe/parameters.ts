// What a request may carry: form decoding as Stripe's, and strict reading that refuses what Stripe refuses.
import { z } from 'zod';
import { currencyCodes, isCurrency } from './currencies.ts';
import type { StripeRefusal } from './refusals.ts';
import { invalid, unheard } from './refusals.ts';

type Raw = { [key: string]: Raw | string } | Raw[] | string[];

/** `a[b][0]=c` as nested hashes and lists. */
export function decodeForm(form: string): Raw {
  const root: { [key: string]: Raw | string } = {};
  for (const [key, value] of new URLSearchParams(form)) {
    const [first = '', ...rest] = key
      .split(/\]\[|\[|\]/)
      .filter((part, index, all) => part !== '' || index < all.length - 1);
    place(root, [first, ...rest].slice(0, 12), value);
  }
  const decoded = listsOf(root);
  return typeof decoded === 'string' ? {} : decoded;
}

/** The parameters of one endpoint; every name must be one that Stripe's declaration `P` knows. */
export function parameters<P>() {
  return <S extends { [K in keyof P]?: z.ZodType }>(
    shape: S & Record<Exclude<keyof S, keyof P | 'expand'>, never>,
  ): z.ZodObject<S & { expand: typeof expand }, z.core.$strict> => z.strictObject({ ...shape, expand });
}

/** Reads the request or refuses it with the error Stripe gives for its first fault. */
export function read<T>(schema: z.ZodType<T>, raw: unknown): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw unheard(refusalOf(result.error.issues, raw));
}

export const expand = z.array(z.string()).optional();

export const text = (most = 5000) =>
  z
    .string()
    .min(1, 'empty')
    .refine((value) => value.length <= most, { error: `Invalid string: must be at most ${most} characters` });

/** A string that may be sent empty to unset it. */
export const unsettable = (most = 5000) => z.union([z.literal('').transform(() => null), text(most)]);

export const whole = (least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, 'integer')
    .transform(Number)
    .refine((value) => value >= least, { error: `This value must be greater than or equal to ${least}.` })
    .refine((value) => value <= most, { error: `This value must be less than or equal to ${most}.` });

export const moment = whole(0);

export const flag = z.enum(['true', 'false'], { error: 'boolean' }).transform((value) => value === 'true');

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) => z.enum(values);

export const currency = z
  .string()
  .transform((code) => code.toLowerCase())
  .refine(isCurrency, {
    error: (issue) =>
      `Invalid currency: ${String(issue.input)}. Stripe currently supports these currencies: ${currencyCodes.join(', ')}`,
  });

export const webAddress = text().refine((value) => /^https?:\/\/[^\s]+$/.test(value), {
  error: 'Not a valid URL',
});

export const emailAddress = text(512).refine((value) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value), {
  error: (issue) => `Invalid email address: ${String(issue.input)}`,
});

/** Empty values unset their keys; the caller merges. */
export const metadata = z
  .union([
    z.literal('').transform((): Record<string, string> | null => null),
    z
      .record(
        z.string().max(40, 'Metadata keys can be at most 40 characters'),
        z.string().max(500, 'Metadata values can have up to 500 characters'),
      )
      .refine((entries) => Object.keys(entries).length <= 50, { error: 'Metadata can have at most 50 keys' }),
  ])
  .optional();

export function mergeMetadata(
  known: Record<string, string>,
  sent: Record<string, string> | null | undefined,
): Record<string, string> {
  if (sent === undefined) return known;
  if (sent === null) return {};
  return Object.fromEntries(Object.entries({ ...known, ...sent }).filter(([, value]) => value !== ''));
}

const range = z.strictObject({
  gt: moment.optional(),
  gte: moment.optional(),
  lt: moment.optional(),
  lte: moment.optional(),
});

export interface Range {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

export const created = z
  .union([
    moment.transform((at): Range => ({ gte: at, lte: at })),
    range.transform((given): Range => boundsOf(given)),
  ])
  .optional();

export const paging = {
  limit: whole(1, 100).optional(),
  starting_after: text().optional(),
  ending_before: text().optional(),
};

function boundsOf(given: z.infer<typeof range>): Range {
  const bounds: Range = {};
  for (const name of ['gt', 'gte', 'lt', 'lte'] as const) {
    const value = given[name];
    if (value !== undefined) bounds[name] = value;
  }
  return bounds;
}

function place(into: { [key: string]: Raw | string }, path: string[], value: string): void {
  const [step = '', ...rest] = path;
  if (step === '__proto__') return;
  const key = step === '' ? String(Object.keys(into).length) : step;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const next = into[key];
  const branch: { [key: string]: Raw | string } =
    typeof next === 'object' && !Array.isArray(next) ? next : {};
  into[key] = branch;
  place(branch, rest, value);
}

function listsOf(value: Raw | string): Raw | string {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, part]): [string, Raw | string] => [key, listsOf(part)]);
  const isList = entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key));
  if (!isList) return Object.fromEntries(entries);
  const sorted = entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, part]) => part);
  return sorted.every((part) => typeof part === 'string')
    ? sorted.filter((part) => typeof part === 'string')
    : sorted.filter((part) => typeof part !== 'string');
}

function refusalOf(issues: z.core.$ZodIssue[], raw: unknown): StripeRefusal {
  const [issue] = deepest(issues);
  if (issue === undefined) return invalid('Invalid request');
  const param = nameOf(issue.path);
  const given = valueAt(raw, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => nameOf([...issue.path, key]));
    return invalid(
      names.length === 1
        ? `Received unknown parameter: ${names[0]}`
        : `Received unknown parameters: ${names.join(', ')}`,
      names[0],
      'parameter_unknown',
    );
  }
  if (given === undefined) return invalid(`Missing required param: ${param}.`, param, 'parameter_missing');
  if (given === '') {
    return invalid(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      param,
      'parameter_invalid_empty',
    );
  }
  if (issue.code === 'invalid_key' && issue.issues[0]) return invalid(issue.issues[0].message, param);
  if (issue.code === 'invalid_value') {
    if (issue.message === 'boolean') return invalid(`Invalid boolean: ${String(given)}`, param);
    return invalid(`Invalid ${param}: must be ${listed(issue.values.map(String))}`, param);
  }
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'string') return invalid(`Invalid string: ${JSON.stringify(given)}`, param);
    return invalid(issue.expected === 'array' ? 'Invalid array' : 'Invalid object', param);
  }
  if (issue.message === 'integer')
    return invalid(`Invalid integer: ${String(given)}`, param, 'parameter_invalid_integer');
  if (issue.message === 'Not a valid URL') return invalid('Not a valid URL', param, 'url_invalid');
  return invalid(issue.message, param);
}

/** Of a union's alternatives the one that got furthest says what is wrong. */
function deepest(issues: z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const [issue] = issues;
  if (issue?.code !== 'invalid_union') return issues;
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const best = branches.sort((a, b) => depth(b) - depth(a))[0];
  if (!best) return [issue];
  return deepest(best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
}

function depth(branch: z.core.$ZodIssue[]): number {
  const [issue] = branch;
  if (issue === undefined) return 0;
  if (issue.code === 'unrecognized_keys') return 3 + issue.path.length;
  if (issue.code === 'invalid_type') return issue.path.length;
  if (issue.code === 'invalid_value') return issue.path.length;
  return 2 + issue.path.length;
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map((step, index) => (index === 0 ? String(step) : `[${String(step)}]`)).join('');
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === String(step))?.[1];
  }
  return value;
}

function listed(values: string[]): string {
  if (values.length < 2) return values.join('');
  return `one of ${values.slice(0, -1).join(', ')}${values.length > 2 ? ',' : ''} or ${values.at(-1)}`;
}
