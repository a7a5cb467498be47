// The reminder: the one letter a reader asked for, on the day they chose; easy to act on, easy to end.
import { button, fine, fineLink, heading, type Letter, links, paragraph, signature } from './blocks.ts';
import { greeting, type Writing } from './writing.ts';

export function reminder(writing: Writing<'reminder'>): Letter {
  const { discreet, facts, publication } = writing;
  const { letters } = writing.words;
  const words = letters.reminder;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(
        facts.again
          ? words.textAgain(discreet ? null : publication.name)
          : words.text(writing.words.common.date(facts.askedOn), discreet ? null : publication.name),
      ),
      paragraph(words.whatItDoes),
      button(words.give, writing.links.give(), letters.linkInWords),
      paragraph(words.noPressure),
      ...(facts.mayRepeat
        ? [
            links(
              { label: words.snooze, url: `${writing.links.reminder()}#again` },
              { label: words.otherDay, url: `${writing.links.reminder()}#again-other` },
            ),
          ]
        : []),
      signature(letters.signature(publication.name)),
      fine(facts.again ? letters.whyReminderAgain : letters.whyReminder),
      fineLink(words.block, writing.links.block()),
    ],
  };
}
