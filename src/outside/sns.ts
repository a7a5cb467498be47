// The way to Amazon's notification service: the certificates by which a topic's messages are signed, and the yes to a subscription.
import { X509Certificate } from 'node:crypto';
import { problemOf } from './log.ts';
import type { Services } from './services.ts';

export interface Sns {
  /**
   * The certificate at an address that a message named. `elsewhere`: the address is not one of the topic's own region;
   * `away`: it cannot be fetched right now, or what is there is no certificate that is valid today.
   */
  certificate(topicArn: string, url: string): Promise<X509Certificate | 'elsewhere' | 'away'>;
  /** Says yes to the subscription of our endpoint to the topic; false when that did not succeed. */
  confirm(topicArn: string, token: string): Promise<boolean>;
}

/** `at` stands in for Amazon's own addresses, in tests. */
export function openSns(services: Pick<Services, 'machineNow' | 'log'>, at?: string): Sns {
  const fetched = new Map<string, X509Certificate>();
  /** When certificates were fetched lately: strangers choose part of the address, and must not have us ask without end. */
  const asked: number[] = [];

  const mayAsk = (): boolean => {
    const now = services.machineNow().getTime();
    while (asked[0] !== undefined && asked[0] <= now - 60_000) asked.shift();
    return asked.push(now) <= mostAskedPerMinute;
  };
  const isValid = (certificate: X509Certificate): boolean => {
    const now = services.machineNow();
    return (
      Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() < Date.parse(certificate.validTo)
    );
  };

  return {
    async certificate(topicArn, url) {
      if (!isCertificateOf(at ?? originOf(topicArn), url)) return 'elsewhere';
      const known = fetched.get(url);
      if (known && isValid(known)) return known;
      if (!mayAsk()) return 'away';
      try {
        const certificate = new X509Certificate(await text(url));
        if (!isValid(certificate)) return 'away';
        if (fetched.size >= mostKept) fetched.clear();
        fetched.set(url, certificate);
        return certificate;
      } catch (error) {
        services.log.warn({ problem: problemOf(error) }, 'A certificate of SNS could not be fetched');
        return 'away';
      }
    },
    async confirm(topicArn, token) {
      // Put together here, and not the address that the message names.
      const url = new URL('/', at ?? originOf(topicArn));
      url.search = new URLSearchParams({
        Action: 'ConfirmSubscription',
        TopicArn: topicArn,
        Token: token,
      }).toString();
      try {
        await text(url.href);
        return true;
      } catch (error) {
        services.log.warn({ problem: problemOf(error) }, 'A subscription at SNS could not be confirmed');
        return false;
      }
    },
  };
}

const mostAskedPerMinute = 10;
const mostKept = 8;
const longestAnswer = 64_000;

/** https://sns.eu-west-1.amazonaws.com for a topic there (https://docs.aws.amazon.com/general/latest/gr/sns.html). */
function originOf(topicArn: string): string {
  const [, partition = '', , region = ''] = topicArn.split(':');
  return `https://sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}

/** Anybody can write a message and sign it with a certificate of their own: only where Amazon itself keeps them do we look. */
function isCertificateOf(origin: string, url: string): boolean {
  const parsed = URL.parse(url);
  return (
    parsed !== null &&
    parsed.href === `${origin}${parsed.pathname}` &&
    /^\/SimpleNotificationService-[\w-]{1,100}\.pem$/.test(parsed.pathname)
  );
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(4000) });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`SNS answered ${answer.status}`);
  if (said.length > longestAnswer) throw new Error('SNS answered too much');
  return said;
}
