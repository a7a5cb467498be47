// Second gift: a reader began a gift while an older one ran; what became of the older one, and the way to keep both.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, howMuch, onDay, type Writing, whyGift } from './writing.ts';

export function secondGift(writing: Writing<'second-gift'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.secondGift;
  const older = howMuch(writing, facts);
  const begunOn = onDay(writing, facts.newer.begunAt);
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(sentence(words.begun(begunOn, howMuch(writing, facts.newer), older))),
      paragraph(facts.over ? words.over(older) : words.endsOn(older, onDay(writing, facts.endsAt))),
      ...(facts.sentBackMinor === null
        ? []
        : [
            paragraph(
              words.sentBack(amount(writing, { amountMinor: facts.sentBackMinor, currency: facts.currency })),
            ),
          ]),
      ...(facts.over
        ? []
        : [
            paragraph(words.choose),
            button(
              words.button,
              links.secondGift(facts.secondGiftId, new Date(facts.endsAt)),
              letters.linkInWords,
            ),
          ]),
      signature(letters.signature(publication.name)),
      ...whyGift(writing),
    ],
  };
}

/** A sentence that begins with a day begins with a capital all the same. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
