// Sign-in: the link and the code by which a reader comes to their own pages; asked for a moment ago, and good for ten minutes.
import { button, code, fine, heading, type Letter, paragraph, signature } from './blocks.ts';
import { greeting, type Writing } from './writing.ts';

export function signIn(writing: Writing<'sign-in'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.signIn;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text),
      button(words.button, links.signIn(facts.signInId), letters.linkInWords),
      code(words.otherBrowser, links.signInCode(facts.signInId)),
      paragraph(words.goodFor),
      signature(letters.signature(publication.name)),
      fine(words.ignore),
    ],
  };
}
