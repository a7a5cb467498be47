// Runs one verb of `favor`: reads what it was called with, prints what it answers, and says how it ended.
import { parseArgs } from 'node:util';
import { describeError } from '../outside/log.ts';
import { Refusal } from '../values/refusal.ts';
import { sayRefusal, wordsFor } from '../words/words.ts';
import { type Call, isStop, isWrongUse, type Verb } from './verb.ts';

export interface Terminal extends Pick<Call, 'env' | 'machineNow' | 'names' | 'pulse' | 'write'> {
  /** The answer. */
  say(text: string): void;
  /** Progress and trouble. */
  note(line: string): void;
}

/** Exit codes: 0 done, 1 failed, 2 called wrongly. */
export async function runFavor(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.say(overview());
    return name === undefined ? 2 : 0;
  }
  const entry = verbs.find((each) => each.name === name);
  if (!entry) {
    terminal.note(`favor has no verb ${name}.\n\n${overview()}`);
    return 2;
  }
  const verb = await entry.load();
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: { ...verb.options, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      terminal.say(verb.help);
      return 0;
    }
    const { env, machineNow, names, pulse, write } = terminal;
    const answer = await verb.run({
      words: positionals,
      options: values,
      env,
      machineNow,
      names,
      progress: terminal.note,
      pulse,
      write,
    });
    const said = values.json ? JSON.stringify(answer.json, null, 2) : answer.text;
    if (said !== null && said !== undefined) terminal.say(said);
    return answer.failed ? 1 : 0;
  } catch (error) {
    const { words, wrongUse } = explain(error);
    terminal.note(wrongUse ? `${words}\nMore: npm run favor -- ${name} --help` : words);
    return wrongUse ? 2 : 1;
  }
}

const verbs: readonly { name: string; summary: string; load(): Promise<Verb> }[] = [
  {
    name: 'migrate',
    summary: 'bring the database to the newest schema',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  {
    name: 'staff',
    summary: 'add, list and remove who may come to the desk',
    load: async () => (await import('./staff.ts')).staff,
  },
  {
    name: 'events',
    summary: "list Stripe's events, and apply some once more",
    load: async () => (await import('./events.ts')).events,
  },
  {
    name: 'reconcile',
    summary: 'compare the books with Stripe, and mend what was missed',
    load: async () => (await import('./reconcile.ts')).reconcile,
  },
  {
    name: 'import',
    summary: 'read in the gifts and memberships that another system knew',
    load: async () => (await import('./import.ts')).importFile,
  },
  {
    name: 'export',
    summary: 'write out gifts, memberships or any report, however long',
    load: async () => (await import('./export.ts')).exportRows,
  },
  {
    name: 'token',
    summary: 'give programs a token to read reports with, list and revoke them',
    load: async () => (await import('./token.ts')).token,
  },
  {
    name: 'figures',
    summary: 'compare the sums that reports rest on with everything counted anew',
    load: async () => (await import('./figures.ts')).figures,
  },
  {
    name: 'doctor',
    summary: 'look whether everything is in order, and mend what is not at Stripe',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'rotate',
    summary: 'seal everything anew with the newest key',
    load: async () => (await import('./rotate.ts')).rotate,
  },
];

function overview(): string {
  const width = Math.max(...verbs.map(({ name }) => name.length));
  return [
    'npm run favor -- VERB [--json]',
    '',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Each says more with --help. They work with the configuration of the service, or beside a running sandbox.',
  ].join('\n');
}

/** What the person at the terminal is told; of an unexpected error only what can hold no address. */
function explain(error: unknown): { words: string; wrongUse: boolean } {
  if (isStop(error)) return { words: error.message, wrongUse: isWrongUse(error) };
  if (error instanceof Refusal) return { words: sayRefusal(wordsFor('en'), error), wrongUse: false };
  const code = codeOf(error);
  if (code.startsWith('ERR_PARSE_ARGS') && error instanceof Error) {
    return { words: wrongOption(error.message), wrongUse: true };
  }
  const known = reasons[code];
  if (known !== undefined) return { words: known, wrongUse: false };
  if (error instanceof Error && error.message.startsWith('None of APP_KEYS')) {
    return { words: `${error.message}.`, wrongUse: false };
  }
  return { words: `This did not work: ${JSON.stringify(describeError(error))}`, wrongUse: false };
}

/** Node explains itself to programmers: of its words only those that say what is wrong. */
function wrongOption(message: string): string {
  const [unknown] = /(?<=^Unknown option ')[^']+/.exec(message) ?? [];
  if (unknown !== undefined) return `There is no option ${unknown} here.`;
  const [wanting] = /--[\w-]+(?=( <value>)?' argument (missing|is ambiguous))/.exec(message) ?? [];
  if (wanting !== undefined) return `${wanting} needs a value after it, as in ${wanting}=VALUE.`;
  const [alone] = /--[\w-]+(?=' does not take an argument)/.exec(message) ?? [];
  return alone === undefined ? message : `${alone} takes no value.`;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}

const unreachable = 'The database does not answer. Is DATABASE_URL right, and is it running?';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  ENOENT: unreachable,
  '28P01': 'The database does not accept the user or password in DATABASE_URL.',
  '28000': 'The database does not accept the user in DATABASE_URL.',
  '3D000': 'There is no database of the name in DATABASE_URL.',
};
