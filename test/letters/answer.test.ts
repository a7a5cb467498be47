// What a mail server's answer means, table by table.
import { expect, test } from 'vitest';
import { accepted, outcomeOf, readAnswer } from '../../src/letters/answer.ts';

const answered = (response: string, command = 'RCPT TO', code = 'EENVELOPE') => ({
  code,
  command,
  response,
  responseCode: Number.parseInt(response, 10),
});

test.each([
  ['421 4.3.2 closing', 'later'],
  ['450 4.2.0 busy', 'later'],
  ['451 4.7.1 greylisted', 'later'],
  ['452 4.3.1 out of storage', 'later'],
  ['503 5.5.1 bad sequence', 'later'],
  ['452 4.2.2 over quota', 'mailbox-full'],
  ['552 5.2.2 over quota', 'mailbox-full'],
  ['552 mailbox is full', 'mailbox-full'],
  ['552 5.3.4 message too big', 'refused'],
  ['550 5.1.1 no such user', 'no-such-address'],
  ['550-5.1.1 The account does not exist.\n550 5.1.1 Try another.', 'no-such-address'],
  ['550 5.1.2 no such domain', 'no-such-address'],
  ['556 5.1.10 null MX', 'no-such-address'],
  ['550 no such user here', 'refused'],
  ['553 5.1.7 bad sender', 'policy'],
  ['550 5.1.8 bad sender domain', 'policy'],
  ['550 5.7.1 blocked', 'policy'],
  ['550 5.7.26 unauthenticated', 'policy'],
  ['554 5.6.0 bad content', 'refused'],
])('%s', (response, meaning) => {
  expect(readAnswer(answered(response)).meaning).toBe(meaning);
});

test.each([
  ['refused at MAIL FROM is about us', answered('550 sender rejected', 'MAIL FROM'), 'policy'],
  ['530', answered('530 5.7.0 authentication required', 'MAIL FROM'), 'sign-in'],
  ['535', answered('535 5.7.8 bad credentials', 'AUTH PLAIN', 'EAUTH'), 'sign-in'],
  ['538', answered('538 5.7.11 encryption required', 'AUTH PLAIN', 'EAUTH'), 'sign-in'],
  ['no connection', { code: 'ESOCKET', command: 'CONN' }, 'unreachable'],
  ['no TLS: never in the open', { code: 'ETLS', command: 'STARTTLS' }, 'unreachable'],
  ['turned away at the door', answered('554 5.7.1 no service', 'CONN', 'EPROTOCOL'), 'policy'],
  ['silence before the final dot', { code: 'ETIMEDOUT', command: 'CONN', dotted: false }, 'unreachable'],
  ['silence after the final dot', { code: 'ETIMEDOUT', command: 'CONN', dotted: true }, 'unknown'],
  [
    'an answer after the final dot',
    { ...answered('451 4.3.0 later', 'DATA', 'EMESSAGE'), dotted: true },
    'later',
  ],
  ['an address that cannot be named', { code: 'EENVELOPE', command: 'API' }, 'refused'],
])('%s', (_name, error, meaning) => {
  expect(readAnswer(error).meaning).toBe(meaning);
});

test('what the server wrote stays out of the problem', () => {
  const { problem } = readAnswer(answered('550 5.1.1 <anna@example.org> unknown'));
  expect(problem).toBe('no-such-address 550 5.1.1');
});

const letter = {
  id: '01930000-0000-7000-8000-000000000000',
  class: 'money',
  attempts: 1,
  inDoubt: false,
  expiresAt: new Date('2027-02-27T09:00:00Z'),
} as const;
const now = new Date('2027-02-24T09:00:00Z');
const unknown = readAnswer({ code: 'ESOCKET', dotted: true });

test('in doubt: once more for money and reminders, not at all for access and confirmations', () => {
  expect(outcomeOf(letter, unknown, now)).toEqual({
    state: 'deferred',
    problem: 'unknown ESOCKET',
    inDoubt: true,
    accepted: false,
    dueAt: new Date('2027-02-24T09:00:30Z'),
  });
  expect(outcomeOf({ ...letter, class: 'reminder' }, unknown, now).state).toBe('deferred');
  expect(outcomeOf({ ...letter, class: 'access' }, unknown, now).state).toBe('ambiguous');
  expect(outcomeOf({ ...letter, class: 'confirm' }, unknown, now).state).toBe('ambiguous');
});

test('once in doubt, a letter stays so until it is ambiguous', () => {
  const doubtful = { ...letter, inDoubt: true };
  expect(accepted(doubtful)).toMatchObject({ state: 'ambiguous', inDoubt: true });
  expect(accepted(letter)).toMatchObject({ state: 'sent', problem: null, inDoubt: false });
  expect(outcomeOf(doubtful, unknown, now).state).toBe('ambiguous');
  const deferred = outcomeOf(doubtful, readAnswer(answered('451 4.3.0 later')), now);
  expect(deferred).toMatchObject({ state: 'deferred', problem: 'later 451 4.3.0', inDoubt: true });
});

test('no try is set beyond the deadline', () => {
  const last = { ...letter, attempts: 5, expiresAt: new Date('2027-02-24T09:20:00Z') };
  expect(outcomeOf(last, readAnswer(answered('451 4.3.0 later')), now).dueAt).toEqual(last.expiresAt);
});
