// The doctor's look at mail: whether the server lets us in, and what the sender's domain says about who may send for it.
import type { Config } from '../../outside/config.ts';
import { openMailer } from '../../outside/smtp.ts';
import { type Finding, noted, ok, problem } from './finding.ts';
import type { Names } from './names.ts';

export async function lookAtMail(
  { mail }: Pick<Config, 'mail'>,
  { standIn, names }: { standIn: boolean; names: Names },
): Promise<Finding[]> {
  const server = await lookAtServer({ mail });
  // In the sandbox no letter leaves the machine: the domain need not exist.
  if (standIn) return [server];
  return [server, ...(await lookAtDomain(mail, names))];
}

async function lookAtServer(config: Pick<Config, 'mail'>): Promise<Finding> {
  const { hostname, port } = new URL(config.mail.smtpUrl);
  const at = port === '' ? hostname : `${hostname}:${port}`;
  const mailer = openMailer(config, 1);
  try {
    await mailer.verify();
    return ok('mail server', `${at} answers and lets us in`);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    if (code === 'EAUTH') {
      return problem(
        'mail server',
        `${at} does not accept our name or password`,
        'check the user in SMTP_URL',
      );
    }
    if (code === 'ETLS' || /CERT|SSL|TLS/.test(code)) {
      return problem(
        'mail server',
        `${at} offers no connection we may trust (${code})`,
        'smtps:// is for port 465, smtp:// for 587 with STARTTLS; the certificate must be valid for this name',
      );
    }
    return problem('mail server', `${at} does not answer (${code})`, 'check the host and port in SMTP_URL');
  } finally {
    mailer.close();
  }
}

async function lookAtDomain({ from, dkim }: Config['mail'], names: Names): Promise<Finding[]> {
  const check = 'mail domain';
  const domain = from.address.split('@').at(-1) ?? '';
  try {
    const [servers, spf, dmarc, key] = await Promise.all([
      names.mailServers(domain),
      names.text(domain),
      names.text(`_dmarc.${domain}`),
      dkim === null ? null : names.text(`${dkim.selector}._domainkey.${dkim.domain}`),
    ]);
    const findings: Finding[] = [];
    if (servers.length === 0) {
      findings.push(
        problem(
          check,
          `${domain} takes no mail, so answers and bounces are lost`,
          'give it an MX record, or choose another MAIL_FROM',
        ),
      );
    }
    if (!spf.some((text) => /^v=spf1\b/i.test(text))) {
      findings.push(
        problem(check, `${domain} has no SPF record`, 'publish the one your mail provider names'),
      );
    }
    if (!dmarc.some((text) => /^v=DMARC1\b/i.test(text))) {
      findings.push(
        problem(
          check,
          `${domain} has no DMARC record`,
          `publish at _dmarc.${domain}: v=DMARC1; p=none, to begin with`,
        ),
      );
    }
    if (key !== null && dkim !== null && !key.some((text) => /\bp=[A-Za-z0-9+/]/.test(text))) {
      findings.push(
        problem(
          check,
          `${dkim.selector}._domainkey.${dkim.domain} has no DKIM key`,
          'publish the public half of MAIL_DKIM_KEY there',
        ),
      );
    }
    if (key === null) {
      findings.push(
        noted(check, 'letters are not signed here', 'set MAIL_DKIM_*, unless your mail provider signs'),
      );
    } else if (dkim !== null && domain !== dkim.domain && !domain.endsWith(`.${dkim.domain}`)) {
      findings.push(
        problem(
          check,
          `letters from ${domain} are signed as ${dkim.domain}`,
          'make MAIL_DKIM_DOMAIN the domain of MAIL_FROM',
        ),
      );
    }
    return findings.some(({ state }) => state === 'problem')
      ? findings
      : [ok(check, `${domain} takes mail and says who may send for it`), ...findings];
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    return [
      noted(check, `${domain} could not be looked up (${code})`, 'see that it has MX, SPF and DMARC records'),
    ];
  }
}
