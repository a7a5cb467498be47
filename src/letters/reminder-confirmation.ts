// Reminder confirmation: asks whether we may write once, to an address that nobody has proven yet; neutral, without a word of asking for money.
import { button, fine, fineLink, heading, type Letter, paragraph, signature } from './blocks.ts';
import { greeting, type Writing } from './writing.ts';

export function reminderConfirmation(writing: Writing<'reminder-confirmation'>): Letter {
  const { facts, links, words, writtenOn } = writing;
  const own = words.letters.confirmReminder;
  return {
    subject: own.subject,
    discreetSubject: own.subjectDiscreet,
    blocks: [
      heading(own.heading),
      // Whoever typed the address may not be its owner: no name.
      greeting({ ...writing, name: null }),
      paragraph(own.text(words.common.onDay(facts.sendOn, writtenOn))),
      button(own.button, links.reminder(), words.letters.linkInWords),
      signature(words.letters.signature(writing.publication.name)),
      fine(own.ignore),
      fineLink(words.reminders.confirm.notMe, links.block()),
    ],
  };
}
