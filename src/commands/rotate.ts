// `favor rotate`: after a new key was put first in APP_KEYS, everything is sealed anew with it.
import { rewrapLookUpKey } from '../outside/keys.ts';
import { withServices } from './environment.ts';
import { resealEverything } from './reseal.ts';
import { stop, table, type Verb } from './verb.ts';

export const rotate: Verb = {
  help: `favor rotate

Seals everything anew with the first of APP_KEYS: addresses, names, what is kept of events and answers,
and the key by which addresses are looked up. Works in batches beside the running service; interrupted,
it goes on where it was when called again.

  1. Make a key: openssl rand -base64 32. Put it at the END of APP_KEYS and restart every instance.
  2. Put it FIRST in APP_KEYS and restart every instance.
  3. favor rotate
  4. Keep the old key in APP_KEYS for as long as links in letters shall work: those to a regular gift
     are good for 30 days, those of a reminder until its day. Then take it out and restart.

  --json   answer {"look_up_key_rewrapped", "sealed_anew": [{"what", "resealed", "closed"}]}`,
  options: {},
  async run(call) {
    if (call.words.length > 0) return stop('rotate takes no words after it.', 'usage');
    return withServices(call, async (services) => {
      const rewrapped = await rewrapLookUpKey(services.database, services.config.appKeys);
      const results = await resealEverything(services, call.progress);
      const closed = results.reduce((sum, each) => sum + each.closed, 0);
      return {
        text: [
          table(
            ['', 'sealed anew', 'no key opens'],
            results.map(({ what, resealed, closed: shut }) => [what, String(resealed), String(shut)]),
          ),
          rewrapped
            ? 'The look-up key is wrapped under the newest key.'
            : 'The look-up key was under the newest key already.',
          closed === 0
            ? 'Nothing here needs an older key any more; links in letters do, until they have run out.'
            : `${closed} rows are sealed with a key that is not in APP_KEYS. Add that key and call this again.`,
        ].join('\n'),
        json: { look_up_key_rewrapped: rewrapped, sealed_anew: results },
        failed: closed > 0,
      };
    });
  },
};
