// Second gift: a gift was begun while an older one of the same reader ran; what becomes of the two, and the way to choose otherwise.
import { type Block, button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, howMuch, onDay, type Writing, whyGift } from './writing.ts';

export function secondGift(writing: Writing<'second-gift'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.secondGift;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      ...(facts.keeps === 'older' ? olderGoesOn(writing) : newerGoesOn(writing)),
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
            paragraph(facts.keeps === 'older' ? words.chooseOtherwise : words.choose),
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

function newerGoesOn(writing: Writing<'second-gift'>): Block[] {
  const { facts } = writing;
  const words = writing.words.letters.secondGift;
  const older = howMuch(writing, facts);
  const begunOn = onDay(writing, facts.newer.begunAt);
  return [
    paragraph(sentence(words.begun(begunOn, howMuch(writing, facts.newer), older))),
    paragraph(facts.over ? words.over(older) : words.endsOn(older, onDay(writing, facts.endsAt))),
  ];
}

/** Paid in another way: it may have been anybody, and what was running before is not touched but for its rest. */
function olderGoesOn(writing: Writing<'second-gift'>): Block[] {
  const { facts } = writing;
  const words = writing.words.letters.secondGift;
  const [older, newer] = [howMuch(writing, facts), howMuch(writing, facts.newer)];
  const endsOn = onDay(writing, facts.endsAt);
  return [
    paragraph(sentence(words.begunOtherwise(onDay(writing, facts.newer.begunAt), newer, older))),
    paragraph(facts.rests ? words.rests(older, endsOn) : words.goesOn(older)),
    paragraph(words.newerEndsOn(newer, endsOn)),
  ];
}

/** A sentence that begins with a day begins with a capital all the same. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
