// What the domain name system says of a name.
import { Resolver } from 'node:dns/promises';

export interface Names {
  /** False where the name servers say that there is no such name at all. */
  exists(name: string): Promise<boolean>;
  /** Text records, the parts of each joined; empty where there are none. */
  text(name: string): Promise<string[]>;
  /** Names of the servers that take a domain's mail, the preferred first; empty where there are none. */
  mailServers(name: string): Promise<string[]>;
}

/** Asks the machine's name servers, or those named (`127.0.0.1:5353`); gives up within seconds. */
export function systemNames(servers: readonly string[] = []): Names {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    exists: (name) =>
      bounded(resolver.resolveSoa(name)).then(
        () => true,
        (error: unknown) => {
          const code = codeOf(error);
          if (code === 'ENOTFOUND') return false;
          // The name is there, and its zone begins further up.
          if (code === 'ENODATA') return true;
          throw error;
        },
      ),
    text: (name) =>
      orNone(resolver.resolveTxt(name).then((records) => records.map((parts) => parts.join('')))),
    mailServers: (name) =>
      orNone(
        resolver.resolveMx(name).then((records) =>
          records
            .sort((one, other) => one.priority - other.priority)
            .map(({ exchange }) => exchange)
            // A lone dot says that the domain takes no mail (RFC 7505).
            .filter((exchange) => exchange !== '' && exchange !== '.'),
        ),
      ),
  };

  async function orNone(asking: Promise<string[]>): Promise<string[]> {
    try {
      return await bounded(asking);
    } catch (error) {
      if (codeOf(error) === 'ENOTFOUND' || codeOf(error) === 'ENODATA') return [];
      throw error;
    }
  }

  /** However many servers the machine names, and however silent each is. */
  async function bounded<T>(asking: Promise<T>): Promise<T> {
    const timer = setTimeout(() => resolver.cancel(), longestMs);
    try {
      return await asking;
    } finally {
      clearTimeout(timer);
    }
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

const longestMs = 6000;
