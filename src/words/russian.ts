// Russian, whole: one file per area, each with every key of the English one.
import type { english } from './english.ts';
import { account } from './russian/account.ts';
import { ask } from './russian/ask.ts';
import { common } from './russian/common.ts';
import { donate } from './russian/donate.ts';
import { goals } from './russian/goals.ts';
import { letters } from './russian/letters.ts';
import { refusals } from './russian/refusals.ts';
import { reminders } from './russian/reminders.ts';
import { reportLetters } from './russian/report-letters.ts';
import { reports } from './russian/reports.ts';
import { staff } from './russian/staff.ts';

export const russian: typeof english = {
  locale: 'ru',
  common,
  ask,
  donate,
  reminders,
  account,
  letters,
  staff,
  reports,
  reportLetters,
  goals,
  refusals,
};
