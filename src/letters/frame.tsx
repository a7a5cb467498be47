// The frame of every letter: one column on paper, light and dark, nothing loaded from anywhere; and the same blocks as plain text.
import type { ComponentChildren, CSSProperties, JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Block, Link } from './blocks.ts';

export interface Framing {
  locale: string;
  subject: string;
  /** What a mail program shows beside the subject before the letter is opened. */
  preview: string;
  /** The publication's name at the head; null where it must not be the first thing seen. */
  masthead: string | null;
}

/** The HTML part. Styles stand on each element, since some mail programs drop the style element; that holds only the dark colours and the phone's widths. */
export function letterHtml(framing: Framing, blocks: readonly Block[]): string {
  const { locale, masthead, preview, subject } = framing;
  const [above, beneath] = split(blocks);
  const page = (
    <html lang={locale} dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        {/* Keeps mail programs from making links of dates, figures and addresses. */}
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no" />
        <title>{subject}</title>
        <style dangerouslySetInnerHTML={{ __html: styles }} />
      </head>
      <body class="paper" style={css.body}>
        {/* Blank characters keep mail programs from going on with what comes next. */}
        <div class="preview" style={css.preview}>
          {preview}
          {'\u00a0\u200c'.repeat(Math.max(0, previewLength - preview.length))}
        </div>
        <table
          role="presentation"
          class="paper"
          style={css.page}
          width="100%"
          cellPadding="0"
          cellSpacing="0"
        >
          <tbody>
            <tr>
              <td class="around" style={css.around} align="center">
                <table role="presentation" style={css.column} width="100%" cellPadding="0" cellSpacing="0">
                  <tbody>
                    <tr>
                      <td class="sheet ink" style={css.sheet} align="left">
                        {masthead !== null && (
                          <p class="masthead ink rule" style={css.masthead}>
                            {masthead}
                          </p>
                        )}
                        {above.map((block) => (
                          <BlockHtml block={block} />
                        ))}
                      </td>
                    </tr>
                    {beneath.length > 0 && (
                      <tr>
                        <td class="beneath soft" style={css.beneath} align="left">
                          {beneath.map((block) => (
                            <BlockHtml block={block} />
                          ))}
                        </td>
                      </tr>
                    )}
                  </tbody>
                </table>
              </td>
            </tr>
          </tbody>
        </table>
      </body>
    </html>
  );
  return `<!doctype html>${renderToString(page)}`;
}

/** About as many characters as mail programs show of a letter before it is opened. */
const previewLength = 140;

/** The plain part: the same words in the same order, each address after the words it belongs to. */
export function letterText({ masthead, preview }: Framing, blocks: readonly Block[]): string {
  const [above, beneath] = split(blocks);
  const parts = [masthead ?? preview, ...above.map(blockText)];
  if (beneath.length > 0) parts.push('—', ...beneath.map(blockText));
  return `${parts.join('\n\n')}\n`;
}

function BlockHtml({ block }: { block: Block }): JSX.Element {
  switch (block.is) {
    case 'heading':
      return (
        <h1 class="title ink" style={css.heading}>
          {block.text}
        </h1>
      );
    case 'greeting':
    case 'paragraph':
      return <P style={css.paragraph}>{block.text}</P>;
    case 'code':
      return (
        <>
          <P style={css.beforeCode}>{block.text}</P>
          <P style={css.code}>{inGroups(block.code)}</P>
        </>
      );
    case 'button':
      return (
        <>
          <table role="presentation" style={css.buttonTable} cellPadding="0" cellSpacing="0">
            <tbody>
              <tr>
                <td class="button" style={css.buttonCell}>
                  <a class="button-words" style={css.button} href={block.url}>
                    {block.label}
                  </a>
                </td>
              </tr>
            </tbody>
          </table>
          <P tone="soft" style={css.written}>
            {block.beneath}
            <br />
            <a class="soft" style={css.address} href={block.url}>
              {block.url}
            </a>
          </P>
        </>
      );
    case 'receipt':
      return (
        <table class="receipt ink" style={css.receipt} width="100%" cellPadding="0" cellSpacing="0">
          <caption style={css.caption}>{block.title}</caption>
          <tbody>
            {block.rows.map(([name, value]) => (
              <tr>
                <th class="soft rule" style={css.rowName} scope="row" align="left">
                  {name}
                </th>
                <td class="value rule" style={css.rowValue} align="right">
                  {value}
                </td>
              </tr>
            ))}
            {block.sums.map(([name, value]) => (
              <tr>
                <th class="ink rule" style={css.sumName} scope="row" align="left">
                  {name}
                </th>
                <td class="value rule" style={css.sumValue} align="right">
                  {value}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      );
    case 'links':
      return (
        <>
          {block.links.map((link) => (
            <p style={css.link}>
              <A url={link.url}>{link.label}</A>
            </p>
          ))}
        </>
      );
    case 'signature':
      return <P style={css.signature}>{block.text}</P>;
    case 'fine':
      return (
        <P tone="soft" style={css.fine}>
          {block.text}
        </P>
      );
    case 'fine-link':
      return (
        <P tone="soft" style={css.fine}>
          <A url={block.link.url}>{block.link.label}</A>
        </P>
      );
  }
}

function P(props: { tone?: 'ink' | 'soft'; style: CSSProperties; children: ComponentChildren }) {
  return (
    <p class={props.tone ?? 'ink'} style={props.style}>
      {props.children}
    </p>
  );
}

function A(props: { url: string; children: ComponentChildren }) {
  return (
    <a class="accent" style={css.a} href={props.url}>
      {props.children}
    </a>
  );
}

function blockText(block: Block): string {
  switch (block.is) {
    case 'heading':
    case 'greeting':
    case 'paragraph':
    case 'signature':
    case 'fine':
      return block.text;
    case 'code':
      return `${block.text}\n${inGroups(block.code)}`;
    case 'button':
      return linkText(block);
    case 'fine-link':
      return linkText(block.link);
    case 'links':
      return block.links.map(linkText).join('\n\n');
    case 'receipt': {
      const rows = [...block.rows, ...block.sums];
      const widest = Math.max(...rows.map(([name]) => name.length));
      return [block.title, ...rows.map(([name, value]) => `${`${name}:`.padEnd(widest + 2)} ${value}`)].join(
        '\n',
      );
    }
  }
}

function linkText({ label, url }: Link): string {
  return `${label}:\n${url}`;
}

/** "123 456": read out and typed more easily. */
function inGroups(digits: string): string {
  return digits.replace(/(\d{3})(?=\d)/g, '$1\u00a0');
}

/** What stands on the sheet, and the fine print beneath it. */
function split(blocks: readonly Block[]): [above: Block[], beneath: Block[]] {
  const isFine = (block: Block) => block.is === 'fine' || block.is === 'fine-link';
  return [blocks.filter((block) => !isFine(block)), blocks.filter(isFine)];
}

const light = {
  paper: '#faf7f1',
  sheet: '#fffdf9',
  ink: '#221e18',
  soft: '#5d5548',
  rule: '#dfd7c9',
  accent: '#1d4a72',
  onAccent: '#ffffff',
};

const dark = {
  paper: '#191613',
  sheet: '#221e1a',
  ink: '#ece5d8',
  soft: '#b3a998',
  rule: '#3b352d',
  accent: '#a3c6e8',
  onAccent: '#13212f',
};

const styles = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 520px) {
  .around { padding: 0 !important; }
  .sheet { padding: 24px 24px 32px !important; border-width: 0 0 1px !important; border-radius: 0 !important; }
  .beneath { padding: 20px 24px 40px !important; }
  .title { font-size: 26px !important; line-height: 32px !important; }
  .value { white-space: normal !important; }
}
@media (max-width: 360px) {
  .sheet { padding: 20px 20px 28px !important; }
  .beneath { padding: 16px 20px 32px !important; }
  .title { font-size: 24px !important; line-height: 30px !important; }
}
@media (prefers-color-scheme: dark) {
  .paper { background-color: ${dark.paper} !important; }
  .sheet { background-color: ${dark.sheet} !important; border-color: ${dark.rule} !important; }
  .ink { color: ${dark.ink} !important; }
  .soft { color: ${dark.soft} !important; }
  .rule { border-color: ${dark.rule} !important; }
  .accent { color: ${dark.accent} !important; }
  .button { background-color: ${dark.accent} !important; }
  .button-words { color: ${dark.onAccent} !important; }
}
`;

const serif = '"Iowan Old Style", Charter, Georgia, "Times New Roman", serif';
const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

const css = {
  preview: {
    display: 'none',
    maxHeight: 0,
    maxWidth: 0,
    overflow: 'hidden',
    opacity: 0,
    fontSize: '1px',
    lineHeight: '1px',
  },
  body: { margin: 0, padding: 0, backgroundColor: light.paper },
  page: { borderCollapse: 'collapse', backgroundColor: light.paper },
  around: { padding: '32px 16px 48px' },
  column: { width: '100%', maxWidth: '560px', margin: '0 auto' },
  sheet: {
    padding: '32px 40px 40px',
    border: `1px solid ${light.rule}`,
    borderRadius: '6px',
    backgroundColor: light.sheet,
    color: light.ink,
  },
  masthead: {
    margin: '0 0 32px',
    padding: '0 0 16px',
    borderBottom: `1px solid ${light.rule}`,
    color: light.ink,
    font: `600 17px/24px ${serif}`,
  },
  heading: {
    margin: '0 0 24px',
    color: light.ink,
    font: `600 28px/34px ${serif}`,
    letterSpacing: '-0.01em',
  },
  paragraph: { margin: '0 0 18px', color: light.ink, font: `400 18px/29px ${serif}` },
  beforeCode: { margin: '0 0 8px', color: light.ink, font: `400 18px/29px ${serif}` },
  code: {
    margin: '0 0 24px',
    color: light.ink,
    font: `600 30px/38px ${sans}`,
    fontVariantNumeric: 'tabular-nums',
    letterSpacing: '0.06em',
  },
  buttonTable: { margin: '30px 0 14px', borderCollapse: 'separate' },
  buttonCell: { borderRadius: '6px', backgroundColor: light.accent },
  button: {
    display: 'inline-block',
    padding: '14px 28px',
    color: light.onAccent,
    font: `600 17px/24px ${sans}`,
    textDecoration: 'none',
  },
  written: { margin: '0 0 28px', color: light.soft, font: `400 13px/20px ${sans}`, wordBreak: 'break-word' },
  address: { color: light.soft, textDecoration: 'none', wordBreak: 'break-all' },
  receipt: {
    margin: '28px 0 28px',
    borderCollapse: 'collapse',
    color: light.ink,
    font: `400 15px/22px ${sans}`,
    fontVariantNumeric: 'tabular-nums',
  },
  caption: { padding: '0 0 8px', textAlign: 'left', fontWeight: 600 },
  rowName: {
    padding: '10px 16px 10px 0',
    borderTop: `1px solid ${light.rule}`,
    color: light.soft,
    fontWeight: 400,
    textAlign: 'left',
    verticalAlign: 'top',
  },
  rowValue: {
    padding: '10px 0',
    borderTop: `1px solid ${light.rule}`,
    textAlign: 'right',
    verticalAlign: 'top',
    whiteSpace: 'nowrap',
  },
  sumName: {
    padding: '10px 16px 10px 0',
    borderTop: `1px solid ${light.rule}`,
    fontWeight: 600,
    textAlign: 'left',
    verticalAlign: 'top',
  },
  sumValue: {
    padding: '10px 0',
    borderTop: `1px solid ${light.rule}`,
    fontWeight: 600,
    textAlign: 'right',
    verticalAlign: 'top',
    whiteSpace: 'nowrap',
  },
  link: { margin: '0 0 12px', font: `400 16px/24px ${sans}` },
  a: { color: light.accent, textDecoration: 'underline', textUnderlineOffset: '3px' },
  signature: { margin: '28px 0 0', color: light.ink, font: `italic 400 18px/29px ${serif}` },
  beneath: { padding: '24px 41px 0', color: light.soft },
  fine: { margin: '0 0 8px', color: light.soft, font: `400 14px/21px ${sans}` },
} as const satisfies Record<string, CSSProperties>;
