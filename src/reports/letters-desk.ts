// The letters' desk: everything that its page shows, read from one snapshot.
import type { Database } from '../outside/database.ts';
import { type Answer, answerReport } from './answer.ts';
import { type Pause, readPauses, readTold, type Told } from './letter-problems.ts';
import type { Question } from './question.ts';

export interface LettersDesk {
  letters: Answer;
  problems: Answer;
  suppressions: Answer;
  pauses: readonly Pause[];
  told: readonly Told[];
}

export function readLettersDesk(database: Database, question: Question): Promise<LettersDesk> {
  return database.transaction(
    async (tx) => ({
      letters: await answerReport(tx, 'letters', question),
      problems: await answerReport(tx, 'letter-problems', question),
      suppressions: await answerReport(tx, 'suppressions', question),
      pauses: await readPauses(tx),
      told: await readTold(tx),
    }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}
