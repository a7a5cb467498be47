// The doctor's look at the sender's domain: whether it takes mail, and what its SPF, DKIM and DMARC records tell receivers of our letters.
import type { Config } from '../../outside/config.ts';
import { lookAtDkim } from './dkim.ts';
import { type Finding, noted, ok, problem } from './finding.ts';
import type { Names } from './names.ts';
import { tagsOf } from './tags.ts';

/** What was answered, or why nothing was. */
type Answered<T = string[]> = { found: T } | { away: string };

export async function lookAtSender(
  mail: Pick<Config['mail'], 'from' | 'dkim'>,
  names: Names,
): Promise<Finding[]> {
  const domain = domainOf(mail.from.address);
  const { dkim } = mail;
  const [known, servers, spf, dmarc, key] = await Promise.all([
    ask(names.exists(domain)),
    ask(names.mailServers(domain)),
    ask(names.text(domain)),
    ask(policyOf(domain, names)),
    dkim === null ? null : ask(names.text(`${dkim.selector}._domainkey.${dkim.domain}`)),
  ]);
  const away = [servers, spf, dmarc, key].flatMap((each) => (each && 'away' in each ? [each.away] : []));
  if (away.length === (key === null ? 3 : 4)) {
    return [
      ...(dkim === null ? [] : lookAtDkim(dkim, domain, null)),
      noted(
        'mail domain',
        `no name server answers (${away[0]}), so the records of ${domain} were not looked at`,
        'run this again where names can be looked up: it needs MX, SPF, DKIM and DMARC records',
      ),
    ];
  }
  if ('found' in known && !known.found) {
    return [
      ...(dkim === null ? [] : lookAtDkim(dkim, domain, null)),
      problem(
        'mail domain',
        `the name servers of this machine know no ${domain}`,
        'check the domain of MAIL_FROM; where this machine sees only its own network, run this elsewhere too',
      ),
    ];
  }
  const strict = 'found' in dmarc && tagsOf(dmarc.found[0] ?? '').get('adkim') === 's';
  return [
    read('MX', domain, servers, (found) => lookAtServers(domain, found)),
    read('SPF', domain, spf, (found) => lookAtSpf(domain, found)),
    ...(dkim === null || key === null
      ? [
          noted(
            'DKIM',
            'letters are not signed here',
            'set MAIL_DKIM_*, unless your mail provider signs them',
          ),
        ]
      : 'away' in key
        ? [...lookAtDkim(dkim, domain, null), unanswered('DKIM', dkim.domain, key.away)]
        : lookAtDkim(dkim, domain, { records: key.found, strict })),
    read('DMARC', domain, dmarc, (found) => lookAtDmarc(domain, found)),
  ];
}

async function ask<T>(asking: Promise<T>): Promise<Answered<T>> {
  try {
    return { found: await asking };
  } catch (error) {
    return {
      away: typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no answer',
    };
  }
}

function read(
  check: string,
  domain: string,
  answered: Answered,
  look: (found: string[]) => Finding,
): Finding {
  return 'found' in answered ? look(answered.found) : unanswered(check, domain, answered.away);
}

function unanswered(check: string, domain: string, code: string): Finding {
  return noted(
    check,
    `the name servers of ${domain} gave no answer (${code})`,
    'run this again in a few minutes',
  );
}

function lookAtServers(domain: string, servers: readonly string[]): Finding {
  return servers.length > 0
    ? ok('MX', `${domain} takes mail at ${servers[0]}`)
    : problem(
        'MX',
        `${domain} takes no mail, so answers and bounces are lost`,
        'give it an MX record, or choose another MAIL_FROM',
      );
}

/** RFC 7208. The letters' envelope names the same domain as their From. */
function lookAtSpf(domain: string, texts: readonly string[]): Finding {
  const check = 'SPF';
  const [record, ...others] = texts.filter((text) => /^v=spf1(\s|$)/i.test(text));
  if (record === undefined) {
    return problem(
      check,
      `${domain} does not say which servers send for it`,
      `publish a TXT record at ${domain}, such as your mail provider names: v=spf1 include:… -all`,
    );
  }
  if (others.length > 0) {
    return problem(
      check,
      `${domain} has ${others.length + 1} SPF records, and receivers then heed none`,
      'put what they say into one',
    );
  }
  const terms = record.toLowerCase().split(/\s+/).slice(1);
  const all = terms.find((term) => /^[-+~?]?all$/.test(term));
  if (all === 'all' || all === '+all') {
    return problem(check, `${domain} lets anyone send for it (${all})`, 'end the record with -all');
  }
  const lookUps = terms.filter((term) =>
    /^[-+~?]?(include:|a\b|mx\b|ptr\b|exists:)|^redirect=/.test(term),
  ).length;
  if (lookUps > mostLookUps) {
    return problem(
      check,
      `the record of ${domain} asks for ${lookUps} look-ups; after ${mostLookUps} receivers give up`,
      'take out what no longer sends for you',
    );
  }
  const isOpen = all === '?all' || (all === undefined && !terms.some((term) => term.startsWith('redirect=')));
  return isOpen
    ? noted(
        check,
        `${domain} names its servers, but forbids no other (${record})`,
        'end the record with -all',
      )
    : ok(check, `${domain} names its servers (${record})`);
}

/** RFC 7489, 6.6.3: the domain's own record, else its organisation's. */
async function policyOf(domain: string, names: Names): Promise<string[]> {
  const labels = domain.split('.');
  for (let cut = 0; cut <= Math.max(0, labels.length - 2); cut += 1) {
    const texts = await names.text(`_dmarc.${labels.slice(cut).join('.')}`);
    const found = texts.filter((text) => /^v=DMARC1\s*(;|$)/i.test(text));
    if (found.length > 0) return found;
  }
  return [];
}

function lookAtDmarc(domain: string, records: readonly string[]): Finding {
  const check = 'DMARC';
  const [record, ...others] = records;
  if (record === undefined) {
    return problem(
      check,
      `${domain} does not say what to do with letters that only claim to be from it`,
      `publish a TXT record at _dmarc.${domain}, to begin with: v=DMARC1; p=none; rua=mailto:postmaster@${domain}`,
    );
  }
  if (others.length > 0) {
    return problem(
      check,
      `${domain} has ${others.length + 1} DMARC records, and receivers then heed none`,
      'keep one',
    );
  }
  const policy = tagsOf(record).get('p')?.toLowerCase();
  if (policy === 'quarantine' || policy === 'reject')
    return ok(check, `${domain} protects its name (p=${policy})`);
  if (policy === 'none') {
    return noted(
      check,
      `${domain} only watches (p=none)`,
      'once its reports show that your own letters pass, make it p=quarantine or p=reject',
    );
  }
  return problem(
    check,
    `the record of ${domain} says no policy (${record})`,
    'add p=none, p=quarantine or p=reject',
  );
}

function domainOf(address: string): string {
  return (address.split('@').at(-1) ?? '').toLowerCase();
}

/** RFC 7208, 4.6.4. */
const mostLookUps = 10;
