// Gift ending: the reader ended a monthly or yearly gift; it runs out on a day to come, or has ended at once.
import { localDate } from '../values/calendar.ts';
import { button, fineLink, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, onDay, type Writing, whyGift, whyMoney } from './writing.ts';

export function giftEnding(writing: Writing<'gift-ending'>): Letter {
  const { facts, links, publication, writtenOn } = writing;
  const { letters } = writing.words;
  const words = letters.cancelled;
  const toCome = localDate(new Date(facts.endsAt), publication.timeZone) > writtenOn;
  return {
    subject: toCome ? words.subjectEnding : words.subject,
    discreetSubject: toCome ? words.subjectEndingDiscreet : words.subjectDiscreet,
    blocks: [
      heading(toCome ? words.headingEnding : words.heading),
      greeting(writing),
      ...(toCome
        ? [
            paragraph(words.atPeriodEnd(amount(writing, facts), onDay(writing, facts.endsAt))),
            paragraph(words.thanks),
            paragraph(words.changedMind),
            button(letters.manageGift, links.manage(), letters.linkInWords),
          ]
        : [
            paragraph(words.ended(amount(writing, facts))),
            paragraph(words.thanks),
            paragraph(words.welcomeBack),
          ]),
      signature(letters.signature(publication.name)),
      fineLink(words.remindLater, links.remindAgain()),
      ...(toCome ? whyGift(writing, 'button') : whyMoney(writing)),
    ],
  };
}
