// What comes in is read once, at the door, to a narrow grammar; anything else is refused by the name of its field.
import express, { type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';

/** A form as browsers send it, 16 kB at most. */
export function formBody(): RequestHandler {
  const parse = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 60, inflate: false });
  return (req, res, next) => {
    const found = unreadable(req, 'application/x-www-form-urlencoded');
    // A form without any field may come without a body, and then of no type.
    const empty = req.is('*/*') === null || req.get('content-length') === '0';
    if (found && !empty) return next(new Refusal(found));
    parse(req, res, next);
  };
}

/** A JSON body, 16 kB at most; any other content type is refused. */
export function jsonBody(): RequestHandler {
  const parse = express.json({ limit: '16kb', inflate: false, strict: true });
  return (req, res, next) => {
    const found = unreadable(req, 'application/json');
    if (found) return next(new Refusal(found));
    parse(req, res, next);
  };
}

/** The input as its schema reads it; throws a Refusal that names every fault by field. */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const read = schema.safeParse(input ?? {});
  if (read.success) return read.data;
  const [first, ...others] = faultsOf(read.error);
  throw new Refusal(first ?? fault('body-malformed'), ...others);
}

/** Each thing that is wrong, by field. */
function faultsOf(error: z.ZodError): Fault[] {
  const faults = error.issues.flatMap((issue) => faultsOfIssue(issue));
  // One word per field is enough.
  return faults.filter((one, at) => faults.findIndex((other) => other.field === one.field) === at);
}

/** Reads on with a function that answers a fault: `z.string().transform(asking((text) => parseAddress(text)))`. */
export function asking<In, Out>(read: (given: In) => Out | Fault) {
  return (given: In, context: z.RefinementCtx<In>): Out => {
    const found = read(given);
    if (!isFault(found)) return found;
    context.addIssue({ code: 'custom', params: { fault: found }, input: given });
    return z.NEVER;
  };
}

/** One line of text a stranger chose: no control characters, no halves of characters, so many characters at most. */
export function line(longest: number) {
  return z
    .string()
    .max(longest)
    .refine((text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029\ufffd]/u.test(text), {
      params: { fault: fault('value-malformed') },
    });
}

/** The same, where an empty field of a form means that nothing was said. */
export function optionalLine(longest: number) {
  return line(longest)
    .transform((text) => text.trim() || undefined)
    .optional();
}

function unreadable(req: Request, expected: string): Fault | null {
  if (!req.is(expected)) return fault('wrong-content-type', { expected });
  const compressed = !/^(identity)?$/i.test(req.get('content-encoding') ?? '');
  return compressed || !isUtf8(req) ? fault('wrong-encoding') : null;
}

/** Other character sets are only ever sent to smuggle something past a reader of UTF-8. */
function isUtf8(req: Request): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(req.get('content-type') ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

function faultsOfIssue(issue: z.core.$ZodIssue): Fault[] {
  const field = issue.path.map(String).join('.');
  // A schema may name the refusal itself: `z.enum([...], { error: 'frequency-unknown' })`.
  const told = plainCodes.find((code) => code === issue.message);
  const named = (found: Fault): Fault => (field === '' ? found : inField(field, found));
  if (told) return [named(fault(told))];
  switch (issue.code) {
    case 'custom': {
      const found: unknown = issue.params?.fault;
      return [named(isFault(found) ? found : fault('value-malformed'))];
    }
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        inField([...issue.path.map(String), key].join('.'), fault('field-unknown')),
      );
    case 'too_big':
      return [
        named(
          issue.origin === 'string'
            ? fault('text-too-long', { longest: Number(issue.maximum) })
            : fault('value-malformed'),
        ),
      ];
    default:
      return [named(fault(field === '' ? 'body-malformed' : 'value-malformed'))];
  }
}

const plainCodes = [
  'amount-missing',
  'amount-not-a-number',
  'amount-not-minor',
  'currency-unknown',
  'frequency-unknown',
  'address-missing',
  'choice-missing',
  'choice-unknown',
  'date-missing',
  'date-malformed',
  'zone-unknown',
  'period-malformed',
] as const;
