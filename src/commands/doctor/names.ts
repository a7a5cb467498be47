// What the domain name system says of a name.
import { Resolver } from 'node:dns/promises';

export interface Names {
  /** Text records, the parts of each joined; empty where there are none. */
  text(name: string): Promise<string[]>;
  mailServers(name: string): Promise<string[]>;
}

/** Asks the machine's name servers; gives up within seconds. */
export function systemNames(): Names {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  return {
    text: (name) =>
      orNone(resolver.resolveTxt(name).then((records) => records.map((parts) => parts.join('')))),
    mailServers: (name) =>
      orNone(resolver.resolveMx(name).then((records) => records.map(({ exchange }) => exchange))),
  };
}

async function orNone(asking: Promise<string[]>): Promise<string[]> {
  try {
    return await asking;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}
