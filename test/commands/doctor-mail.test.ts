// The doctor's look at mail: a mail server, a name server and keys of the test's own, each right and each wrong.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/commands/doctor/finding.ts';
import { lookAtEvents, lookAtMail } from '../../src/commands/doctor/mail.ts';
import { lookAtSender } from '../../src/commands/doctor/mail-domain.ts';
import { systemNames } from '../../src/commands/doctor/names.ts';
import { type Config, readSettings } from '../../src/outside/config.ts';
import { type NameServer, openNameServer } from './name-server.ts';

const keys = pair(2048);
const weak = pair(1024);
let names: NameServer;
let smtp: SMTPServer;
let smtpUrl: string;
beforeAll(async () => {
  names = await openNameServer();
  smtp = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      done(username === 'favor' && password === 'p@ss/word' ? null : new Error('no'), { user: username }),
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const address = smtp.server.address();
  smtpUrl = `smtp://favor:p%40ss%2Fword@127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
beforeEach(() => {
  names.silent.clear();
  names.failing.clear();
  names.records = {
    'mx:gazette.example': ['mx1.gazette.example', 'mx2.gazette.example'],
    'gazette.example': ['some-site-verification=1', 'v=spf1 include:mail.example -all'],
    '_dmarc.gazette.example': ['v=DMARC1; p=quarantine; rua=mailto:dmarc@gazette.example'],
    'mail._domainkey.gazette.example': [`v=DKIM1; k=rsa; p=${keys.published}`],
  };
});
afterAll(async () => {
  await names.close();
  await new Promise<void>((resolve) => smtp.close(resolve));
});

type Mail = Config['mail'];

const signed = (key: string, domain = 'gazette.example') => ({ dkim: { domain, selector: 'mail', key } });
const none = { sesTopics: [], mailgunKeys: [], postmarkLogins: [] };

function configured(mail: Partial<Mail> = {}) {
  const read = readSettings({});
  if ('faults' in read) throw new Error('An empty environment has no faults');
  return {
    baseUrl: 'https://support.example.org',
    mail: {
      ...read.settings.mail,
      smtpUrl,
      from: { name: null, address: 'letters@gazette.example' },
      ...signed(keys.pem),
      events: { ...none, mailgunKeys: ['a-signing-key-of-mailgun'] },
      ...mail,
    },
  };
}

function look(mail: Partial<Mail> = {}): Promise<Finding[]> {
  return lookAtMail(configured(mail), { standIn: false, names: systemNames([names.at]) });
}

async function only(check: string, mail: Partial<Mail> = {}): Promise<Finding> {
  const all =
    check === 'mail server'
      ? await look(mail)
      : await lookAtSender(configured(mail).mail, systemNames([names.at]));
  const found = all.filter((each) => each.check === check);
  expect(found).toHaveLength(1);
  return found[0] ?? { check, state: 'problem', says: '' };
}

test('where all is well each part says so', async () => {
  const found = await look();
  expect(found.map(({ check, state }) => [check, state])).toEqual(
    ['mail server', 'MX', 'SPF', 'DKIM', 'DMARC', 'bounces'].map((check) => [check, 'ok']),
  );
  expect(found.map(({ says }) => says).join('\n')).toContain('takes mail at mx1.gazette.example');
});

describe('the mail server', () => {
  test('a wrong password is told apart from a server that is away, and neither is repeated', async () => {
    const wrong = await only('mail server', { smtpUrl: smtpUrl.replace('word', 'another') });
    expect(wrong).toMatchObject({ state: 'problem', says: expect.stringContaining('name or password') });
    const away = await only('mail server', { smtpUrl: 'smtp://favor:secret@127.0.0.1:9' });
    expect(away).toMatchObject({ state: 'problem', says: expect.stringContaining('does not answer') });
    expect(JSON.stringify([wrong, away])).not.toMatch(/another|secret/);
  });
});

describe('DKIM', () => {
  test('the public half must stand in the name system, whole, and belong to our key', async () => {
    const place = 'mail._domainkey.gazette.example';
    const said = async (...records: string[]) => {
      names.records[place] = records;
      return (await only('DKIM')).says;
    };
    expect(await said()).toContain(`nothing stands at ${place}`);
    expect(await said(`v=DKIM1; p=${weak.published}`)).toContain('not the other half');
    expect(await said('v=DKIM1; p=')).toContain('withdrawn');
    expect(await said(`p=${keys.published}`, `p=${weak.published}`)).toContain('2 keys');
    expect(await said(`v=DKIM1; h=sha1; p=${keys.published}`)).toContain('sha256');
    expect(await said(`v=DKIM1; t=y; p=${keys.published}`)).toContain('only a test');
    expect(await said(`v=DKIM1; k=rsa; p=${keys.published.replace(/.{60}/g, '$& ')}`)).toContain(
      'holds the key',
    );
    expect(await said(`p=${keys.bare}`)).toContain('holds the key');
  });

  test('what to publish is said, ready to paste', async () => {
    delete names.records['mail._domainkey.gazette.example'];
    expect((await only('DKIM')).todo).toContain(`v=DKIM1; k=rsa; p=${keys.published}`);
  });

  test('a key that cannot be read, of another kind or too weak is told', async () => {
    const torn = keys.pem.replace(/\n.{64}\n/, '\n');
    expect(await only('DKIM', signed(torn))).toMatchObject({
      state: 'problem',
      says: expect.stringContaining('cannot be read'),
    });
    const edwards = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect((await only('DKIM', signed(String(edwards)))).says).toContain('another kind (ed25519)');
    names.records['mail._domainkey.gazette.example'] = [`v=DKIM1; p=${weak.published}`];
    expect(await only('DKIM', signed(weak.pem))).toMatchObject({
      state: 'noted',
      says: expect.stringContaining('1024 bits'),
    });
    expect(JSON.stringify(await look(signed(torn)))).not.toContain(torn.slice(40, 90));
  });

  test('it speaks for the sender: the same organisation, and the very same domain where DMARC is strict', async () => {
    const key = `v=DKIM1; p=${keys.published}`;
    names.records['mail._domainkey.other.example'] = [key];
    expect((await only('DKIM', signed(keys.pem, 'other.example'))).says).toContain('signed as other.example');
    names.records['mail._domainkey.post.gazette.example'] = [key];
    expect(await only('DKIM', signed(keys.pem, 'post.gazette.example'))).toMatchObject({ state: 'ok' });
    names.records['_dmarc.gazette.example'] = ['v=DMARC1; p=reject; adkim=s'];
    expect((await only('DKIM', signed(keys.pem, 'post.gazette.example'))).says).toContain('adkim=s');
    expect(await only('DKIM')).toMatchObject({ state: 'ok' });
  });

  test('unsigned letters are noted, since the provider may sign them', async () => {
    expect(await only('DKIM', { dkim: null })).toMatchObject({ state: 'noted' });
  });
});

test.each([
  [[], 'problem', 'does not say which servers'],
  [['v=spf10 -all', 'spf1'], 'problem', 'does not say which servers'],
  [['v=spf1 mx -all', 'v=spf1 a -all'], 'problem', '2 SPF records'],
  [['v=spf1 mx +all'], 'problem', 'lets anyone'],
  [['v=spf1 all'], 'problem', 'lets anyone'],
  [
    [`v=spf1 ${Array.from({ length: 11 }, (_, at) => `include:${at}.example`).join(' ')} -all`],
    'problem',
    '11 look-ups',
  ],
  [['v=spf1 mx ?all'], 'noted', 'forbids no other'],
  [['v=spf1 include:a.example'], 'noted', 'forbids no other'],
  [['v=spf1 redirect=_spf.example'], 'ok', 'names its servers'],
  [['V=SPF1 mx ~ALL'], 'ok', 'names its servers'],
])('SPF %j is %s', async (records, state, says) => {
  names.records['gazette.example'] = records;
  expect(await only('SPF')).toMatchObject({ state, says: expect.stringContaining(says) });
});

test.each([
  [[], 'problem', 'only claim to be from it'],
  [['v=DMARC1; p=none'], 'noted', 'only watches'],
  [['v=DMARC1; p=reject'], 'ok', 'p=reject'],
  [['v=DMARC1;'], 'problem', 'no policy'],
  [['v=DMARC1; p=none', 'v=DMARC1; p=reject'], 'problem', '2 DMARC records'],
])('DMARC %j is %s', async (records, state, says) => {
  names.records['_dmarc.gazette.example'] = records;
  expect(await only('DMARC')).toMatchObject({ state, says: expect.stringContaining(says) });
});

test('a part of a domain is covered by the policy of the whole', async () => {
  const from = { name: null, address: 'letters@news.gazette.example' };
  names.records['mx:news.gazette.example'] = ['mx.gazette.example'];
  expect(await only('DMARC', { from })).toMatchObject({ state: 'ok' });
});

test('a domain that takes no mail is told, also where it says so itself', async () => {
  for (const servers of [[], ['.']]) {
    names.records['mx:gazette.example'] = servers;
    expect(await only('MX')).toMatchObject({
      state: 'problem',
      says: expect.stringContaining('takes no mail'),
    });
  }
});

test('a domain that is not there at all is one line, and our own key another', async () => {
  names.records = {};
  const found = await lookAtSender(configured(signed('no key')).mail, systemNames([names.at]));
  expect(found.map(({ check, state }) => [check, state])).toEqual([
    ['DKIM', 'problem'],
    ['mail domain', 'problem'],
  ]);
  expect(found[1]?.says).toContain('know no gazette.example');
});

test('one record that cannot be had does not hide the others', async () => {
  names.failing.add('gazette.example');
  const found = await look();
  expect(found.filter(({ says }) => says.includes('gave no answer')).map(({ check }) => check)).toEqual([
    'MX',
    'SPF',
  ]);
  expect(found.find(({ check }) => check === 'DKIM')).toMatchObject({ state: 'ok' });
});

test('that no name server answers is said plainly, and our own key is looked at all the same', async () => {
  const found = await lookAtMail(configured(signed('no key')), {
    standIn: false,
    names: systemNames(['127.0.0.1:9']),
  });
  expect(found.find(({ check }) => check === 'mail domain')).toMatchObject({
    state: 'noted',
    says: expect.stringContaining('no name server answers'),
  });
  expect(found.find(({ check }) => check === 'DKIM')).toMatchObject({ state: 'problem' });
});

test('a provider whose server is used and who is not asked for bounces is named, with what to set', () => {
  expect(lookAtEvents(configured({ events: none }))).toMatchObject({
    state: 'noted',
    todo: expect.stringContaining('MAIL_EVENTS_*'),
  });
  for (const [host, path, variable] of [
    ['smtp.postmarkapp.com', 'postmark', 'MAIL_EVENTS_POSTMARK_LOGINS'],
    ['email-smtp.eu-west-1.amazonaws.com', 'ses', 'MAIL_EVENTS_SES_TOPICS'],
  ]) {
    const found = lookAtEvents(configured({ smtpUrl: `smtp://favor:secret@${host}:587` }));
    expect(found.todo).toBe(
      `point its webhooks at https://support.example.org/webhooks/mail/${path} and set ${variable}`,
    );
  }
  const theirs = configured({ smtpUrl: 'smtp://favor:secret@smtp.eu.mailgun.org:587' });
  expect(lookAtEvents(theirs)).toMatchObject({ state: 'ok' });
});

function pair(modulusLength: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const der = (key: KeyObject, type: 'spki' | 'pkcs1') =>
    key.export({ type, format: 'der' }).toString('base64');
  return {
    pem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    published: der(publicKey, 'spki'),
    bare: der(publicKey, 'pkcs1'),
  };
}
