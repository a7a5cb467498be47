// Blocks: what letters are made of. Each is rendered to HTML and to plain text from the same words.

export type Block =
  /** One per letter. */
  | { is: 'heading'; text: string }
  | { is: 'greeting'; text: string }
  | { is: 'paragraph'; text: string }
  /** The one thing to do, with its address written out beneath. */
  | { is: 'button'; label: string; url: string; beneath: string }
  /** The sums stand last and stronger. */
  | { is: 'receipt'; title: string; rows: readonly Row[]; sums: readonly Row[] }
  /** Typed by hand into a page: its digits stand in groups. */
  | { is: 'code'; text: string; code: string }
  /** Quieter ways, one under the other. */
  | { is: 'links'; links: readonly Link[] }
  | { is: 'signature'; text: string }
  /** Beneath the signature: why this letter came, and how to stop. */
  | { is: 'fine'; text: string }
  | { is: 'fine-link'; link: Link };

export interface Link {
  label: string;
  url: string;
}

type Row = readonly [name: string, value: string];

/** A letter before it is framed: what its kind has to say. */
export interface Letter {
  subject: string;
  /** The subject for whom it may be dangerous that somebody else reads it. */
  discreetSubject: string;
  blocks: readonly Block[];
}

export const heading = (text: string): Block => ({ is: 'heading', text });
export const salutation = (text: string): Block => ({ is: 'greeting', text });
export const paragraph = (text: string): Block => ({ is: 'paragraph', text });
export const button = (label: string, url: string, beneath: string): Block => ({
  is: 'button',
  label,
  url,
  beneath,
});
export const receipt = (title: string, rows: readonly Row[], sums: readonly Row[] = []): Block => ({
  is: 'receipt',
  title,
  rows,
  sums,
});
export const code = (text: string, digits: string): Block => ({ is: 'code', text, code: digits });
export const links = (...those: Link[]): Block => ({ is: 'links', links: those });
export const signature = (text: string): Block => ({ is: 'signature', text });
export const fine = (text: string): Block => ({ is: 'fine', text });
export const fineLink = (label: string, url: string): Block => ({ is: 'fine-link', link: { label, url } });
