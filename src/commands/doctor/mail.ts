// The doctor's look at mail: whether the server lets us in, and who tells us of letters that come back.
import type { Config } from '../../outside/config.ts';
import { openMailer } from '../../outside/smtp.ts';
import { type Finding, noted, ok, problem } from './finding.ts';
import { lookAtSender } from './mail-domain.ts';
import type { Names } from './names.ts';

export async function lookAtMail(
  config: Pick<Config, 'mail' | 'baseUrl'>,
  { standIn, names }: { standIn: boolean; names: Names },
): Promise<Finding[]> {
  const server = await lookAtServer(config);
  // In the sandbox no letter leaves the machine: the domain need not exist, and nobody tells of bounces.
  if (standIn) return [server];
  return [server, ...(await lookAtSender(config.mail, names)), lookAtEvents(config)];
}

async function lookAtServer(config: Pick<Config, 'mail'>): Promise<Finding> {
  const check = 'mail server';
  const { hostname, port } = new URL(config.mail.smtpUrl);
  const at = port === '' ? hostname : `${hostname}:${port}`;
  const mailer = openMailer(config, 1);
  try {
    await mailer.verify();
    return ok(check, `${at} answers and lets us in`);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    if (code === 'EAUTH') {
      return problem(
        check,
        `${at} does not accept our name or password`,
        'check the user and password in SMTP_URL; signs such as @ or / in them are written as %40 or %2F',
      );
    }
    if (code === 'ETLS' || /CERT|SSL|TLS/.test(code)) {
      return problem(
        check,
        `${at} offers no connection we may trust (${code})`,
        'smtps:// is for port 465, smtp:// for 587 with STARTTLS; the certificate must be valid for this name',
      );
    }
    return problem(check, `${at} does not answer (${code})`, 'check the host and port in SMTP_URL');
  } finally {
    mailer.close();
  }
}

/** Without the provider's word a dead address is written to again and again, which costs the sender's good name. */
export function lookAtEvents({ mail, baseUrl }: Pick<Config, 'mail' | 'baseUrl'>): Finding {
  const check = 'bounces';
  const { sesTopics, mailgunKeys, postmarkLogins } = mail.events;
  const told = [
    ...(sesTopics.length > 0 ? ['ses'] : []),
    ...(mailgunKeys.length > 0 ? ['mailgun'] : []),
    ...(postmarkLogins.length > 0 ? ['postmark'] : []),
  ];
  const host = new URL(mail.smtpUrl).hostname;
  const provider = providers.find(({ hosts }) => hosts.test(host));
  if (provider && !told.includes(provider.path)) {
    return noted(
      check,
      `${host} is not asked to tell of letters that come back`,
      `point its webhooks at ${baseUrl}/webhooks/mail/${provider.path} and set ${provider.variable}`,
    );
  }
  return told.length > 0
    ? ok(check, `told at ${told.map((path) => `${baseUrl}/webhooks/mail/${path}`).join(', ')}`)
    : noted(
        check,
        'nobody tells of letters that come back later',
        'with Amazon SES, Mailgun or Postmark set MAIL_EVENTS_*; with a server of your own read the mailbox of MAIL_FROM',
      );
}

const providers = [
  { path: 'ses', variable: 'MAIL_EVENTS_SES_TOPICS', hosts: /(^|\.)amazonaws\.com(\.cn)?$/ },
  { path: 'mailgun', variable: 'MAIL_EVENTS_MAILGUN_KEYS', hosts: /(^|\.)mailgun\.org$/ },
  { path: 'postmark', variable: 'MAIL_EVENTS_POSTMARK_LOGINS', hosts: /(^|\.)postmarkapp\.com$/ },
] as const;
