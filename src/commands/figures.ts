// `favor figures`: compares the sums that reports are put together from with everything counted anew, or rebuilds them.
import { compareSums, rebuildSums } from '../reports/prepared-fold.ts';
import { withServices } from './environment.ts';
import { stop, type Verb } from './verb.ts';

export const figures: Verb = {
  help: `favor figures check|rebuild

Reports over long ranges are put together from sums kept by day and month. The service brings these up to date by itself.

  check     count everything anew and compare; ends with 1 when a kept sum differed (the new ones stay)
  rebuild   count everything anew
  --json    answer {"kept", "differing"} or {"rebuilt": true}

Either takes minutes where a million people give; reports are exact all the while.`,
  options: {},
  async run(call) {
    const [what, ...more] = call.words;
    if ((what !== 'check' && what !== 'rebuild') || more.length > 0)
      return stop('Say: figures check, or: figures rebuild', 'usage');
    return withServices(call, async (services) => {
      if (what === 'rebuild') {
        if (!(await rebuildSums(services))) return stop(busy);
        return { text: 'Everything has been counted anew.', json: { rebuilt: true } };
      }
      const found = await compareSums(services);
      if (found === null) return stop(busy);
      const { kept, differing } = found;
      return {
        text:
          differing === 0
            ? `All ${kept} kept sums are what counting everything gives.`
            : `${differing} of ${kept} kept sums differed; they have been replaced by new ones.`,
        json: found,
        failed: differing > 0,
      };
    });
  },
};

const busy = 'The service is bringing the sums up to date this moment: try again.';
