// By what a program shows whose gifts it acts on: a letter's link, or nothing where its reader is signed in.
import type {} from 'zod-openapi';
import { line } from '../web/input.ts';

export const linkPart = line(200).optional().meta({
  description:
    'The last part of the link in the letter; without it the cookie of a reader who is signed in counts.',
});
