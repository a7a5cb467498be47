// What a discreet publication's Stripe account shows readers: the doctor says where it names the publication.
import { expect, test } from 'vitest';
import { lookAtStatements } from '../../src/commands/doctor/stripe.ts';

test('nothing that names the publication is well', () => {
  const finding = lookAtStatements(['NB SERVICES', null, undefined, 'NB Services'], 'The River Gazette');
  expect(finding.state).toBe('ok');
});

test.each([
  ['RIVER GAZETTE', 'NBS', 'NB Services'],
  ['NB SERVICES', 'GAZETTE', 'NB Services'],
  ['NB SERVICES', 'NBS', 'The river'],
])('%s, %s, %s is a problem, with what to do', (...shown) => {
  const finding = lookAtStatements(shown, 'The River Gazette');
  expect(finding).toMatchObject({ state: 'problem', todo: expect.stringContaining('statement descriptor') });
  expect(finding.says).toContain(shown.find((text) => /river|gazette/i.test(text)));
});
