// English, whole: one file per area.
import type { Locale } from '../values/locale.ts';
import { account } from './english/account.ts';
import { ask } from './english/ask.ts';
import { common } from './english/common.ts';
import { donate } from './english/donate.ts';
import { goals } from './english/goals.ts';
import { letters } from './english/letters.ts';
import { refusals } from './english/refusals.ts';
import { reminders } from './english/reminders.ts';
import { reportLetters } from './english/report-letters.ts';
import { reports } from './english/reports.ts';
import { staff } from './english/staff.ts';

export const english = {
  locale: 'en' as Locale,
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
